#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/acknowledge.h"
#include "cli/draft.h"
#include "cli/errors.h"
#include "cli/inbox.h"
#include "cli/kinds.h"
#include "cli/publish.h"
#include "cli/show.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr std::uint32_t kLastMax = 500;  // What a node gives at once: the newest are one page.

constexpr const char* kPublishFooter = R"(Examples:
  chancery publish --exchange DIR --as AM --kind threat.alert --precedence flash --to members \
      --subject "Malware in customs systems" --language en \
      --content '{"category": "THREAT_CATEGORY_CYBER", "summary": "Isolate mail gateways."}'
  chancery publish --exchange DIR --as AM --file notice.json
  chancery publish --client client.toml --file notice.json --status exercise --to AM,BY --json
  chancery publish --client client.toml --kind assistance.offer --in-reply-to 4be19d02a7c1 \
      --content '{"items": [{"item": "Truck", "quantity": 4, "unit": "pcs"}]}'
  chancery publish --client client.toml --kind threat.alert --to members --cancels NOTICE \
      --subject "False alarm" \
      --content '{"category": "THREAT_CATEGORY_CYBER", "summary": "The mail gateways are clean."}'

What a notice says depends on its kind: 'chancery kinds threat.alert' shows the fields, and
'chancery draft threat.alert' writes a file to fill in.
A file has the same names as the flags: {"kind", "status", "precedence", "classification",
"handling": [], "tlp", "to": [], "info": [], "expires", "subject", "language", "content": {},
"thread", "in_reply_to", "supersedes": [], "cancels": [], "translation_of", "reply_by"}.
A notice is named by its N, by 8 digits or more of what that begins with, by its index or its id.

Exit 0: it got as far as --wait asks. 1: refused, the reason is shown. 2: not known in time;
nothing is lost, and publishing again with the same --id makes no second notice.)";

constexpr const char* kDraftFooter = R"(Examples:
  chancery draft threat.alert > notice.json
  chancery draft assistance.request --language ru > notice.json
  chancery publish --file notice.json --exchange DIR --as TJ

It has every field of its kind, and says what they take and which are required in "about", which
publishing passes over. --json gives it on one line.)";

constexpr const char* kInboxFooter = R"(Examples:
  chancery inbox --exchange DIR --as BY --last 10
  chancery inbox --exchange DIR --as BY --from AM --kind 'consultation.*' --since 2d
  chancery inbox --exchange DIR --as BY --precedence immediate --status actual --follow
  chancery inbox --exchange DIR --as BY --since 7d --threads
  chancery inbox --client client.toml --cursor archive --json   (each notice once, over many runs)

A line shows: arrival number, time of acceptance, origin, precedence, kind, notice, subject.
(not witnessed) stands before it until a quorum of witnesses has cosigned the log with it,
(not logged) where the log went on before it. 'chancery show NOTICE' shows all of it.
--follow ends with Ctrl-C.)";

constexpr const char* kShowFooter = R"(Examples:
  chancery show 4be19d02a7c1 --exchange DIR --as BY     (the first digits of the notice, 8 or more)
  chancery show 17 --exchange DIR --as BY               (digits only: the index in the log)
  chancery show 17 --language ru --exchange DIR --as BY
  chancery show 01890a5d-ac96-774b-bcce-b302099a8057 --client client.toml --json)";

constexpr const char* kAcknowledgeFooter = R"(Examples:
  chancery acknowledge 4be19d02a7c1 --read --exchange DIR --as BY
  chancery acknowledge 17 --actioned --remark "Gateways are isolated." --client client.toml --json

Tells the origin that people here read its notice, or acted on it: a notice of its own, signed and
logged, with the status, precedence and label of the other. 'chancery track' shows it to the origin.
Exit codes as of 'chancery publish'.)";

constexpr const char* kKindsFooter = R"(Examples:
  chancery kinds
  chancery kinds assistance.request --json)";

constexpr const char* kLookupFooter = R"(Examples:
  chancery errors lookup queue-full
  chancery errors lookup 23 --json

All of them: chancery errors list, and docs/reference/errors.md.)";

void add_language(CLI::App& verb, std::string& language, const std::string& help) {
  verb.add_option("--language", language, help)
      ->check(CLI::IsMember({"en", "ru"}))
      ->capture_default_str()
      ->type_name("TAG");
}

}  // namespace

void add_publish(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("publish", "Publish a notice");
  verb.footer(kPublishFooter);
  const auto options = std::make_shared<PublishOptions>();
  verb.add_option("--file", options->file, "Read the notice from a JSON file; - is stdin")
      ->type_name("FILE");
  verb.add_option("--kind", options->kind, "What sort of notice, as threat.alert")
      ->type_name("KIND");
  verb.add_option("--status", options->status, "actual (default), exercise, test or draft")
      ->type_name("STATUS");
  verb.add_option("--precedence", options->precedence,
                  "deferred, routine (default), priority, immediate, flash or override")
      ->type_name("PRECEDENCE");
  verb.add_option("--classification", options->classification,
                  "One of the exchange's classifications")
      ->type_name("NAME");
  add_list(verb, "--handling", options->handling, "Handling rules, as MEMBERS-ONLY", "NAMES");
  verb.add_option("--tlp", options->tlp, "clear, green, amber, amber-strict or red")
      ->type_name("TLP");
  add_list(verb, "--to", options->to, "For action: all, members, or codes as AM,BY", "CODES");
  add_list(verb, "--info", options->info, "For information: the same", "CODES");
  verb.add_option("--expires", options->expires, "A time (RFC 3339), or from now: 12h, 7d")
      ->type_name("TIME");
  verb.add_option("--subject", options->subject, "One line")->type_name("TEXT");
  verb.add_option("--language", options->language, "BCP 47, as ru")->type_name("TAG");
  verb.add_option("--content", options->content, "The fields of the kind, a JSON object")
      ->type_name("JSON");
  verb.add_option("--in-reply-to", options->in_reply_to,
                  "What it answers; without --to and --info it goes to the same, and its origin")
      ->type_name("NOTICE|INDEX|ID");
  verb.add_option("--thread", options->thread, "The first of the thread that it is of")
      ->type_name("NOTICE|INDEX|ID");
  add_list(verb, "--supersedes", options->supersedes, "Notices of yours whose place it takes",
           "NOTICES");
  add_list(verb, "--cancels", options->cancels, "Notices of yours that it cancels", "NOTICES");
  verb.add_option("--translation-of", options->translation_of, "The authentic text")
      ->type_name("NOTICE|INDEX|ID");
  verb.add_option("--reply-by", options->reply_by, "A time (RFC 3339), or from now: 12h, 7d")
      ->type_name("TIME");
  verb.add_flag("--clear", options->clear, "Do not seal it, where the roster allows that");
  verb.add_option("--id", options->id, "Notice id (UUIDv7): repeats are one notice")
      ->type_name("UUID");
  verb.add_option("--wait", options->wait, "Until it is logged, or only queued at the node")
      ->check(CLI::IsMember({"logged", "queued"}))
      ->capture_default_str();
  verb.add_option("--timeout", options->timeout, "How long to wait: 500ms, 30s, 2m")
      ->type_name("DURATION")
      ->capture_default_str();
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_publish);
}

void add_draft(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("draft", "Write an empty notice of a kind, to fill in");
  verb.footer(kDraftFooter);
  const auto options = std::make_shared<DraftOptions>();
  verb.add_option("kind", options->kind, "What sort of notice, as threat.alert")
      ->required()
      ->type_name("KIND");
  add_language(verb, options->language, "Of the notice and of what is said in it: en or ru");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_draft);
}

void add_inbox(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("inbox", "Show the notices that arrived");
  verb.footer(kInboxFooter);
  const auto options = std::make_shared<InboxOptions>();
  add_list(verb, "--from", options->from, "From these members only", "CODES");
  add_list(verb, "--kind", options->kinds, "Of these kinds only; consultation.* is a group",
           "KINDS");
  add_list(verb, "--status", options->statuses, "Of these only: actual, exercise, test, draft",
           "STATUSES");
  verb.add_option("--precedence", options->precedence, "Of this precedence and above only")
      ->type_name("PRECEDENCE");
  verb.add_option("--since", options->since, "Accepted since a time (RFC 3339), or so long: 2h, 7d")
      ->type_name("TIME");
  verb.add_option("--last", options->last, "Only the newest N that match, 500 at most")
      ->type_name("N")
      ->check(CLI::Range(1U, kLastMax));
  verb.add_option("--cursor", options->cursor,
                  "Go on where this durable cursor stands, and move it past what is shown")
      ->type_name("NAME");
  verb.add_flag("--threads", options->threads,
                "By thread, the newest last; each below what it is in reply to, or refers to");
  verb.add_flag("--follow", options->follow, "Stay, and show what arrives; JSON is one a line");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_inbox);
}

void add_show(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("show", "Show one notice in full");
  verb.footer(kShowFooter);
  const auto options = std::make_shared<ShowOptions>();
  verb.add_option("notice", options->name, "A notice, an index or a notice id")
      ->required()
      ->type_name("NOTICE|INDEX|ID");
  add_language(verb, options->language, "Of the names of fields and values: en or ru");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_show);
}

void add_acknowledge(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("acknowledge", "Tell the origin that its notice was read");
  verb.footer(kAcknowledgeFooter);
  const auto options = std::make_shared<AcknowledgeOptions>();
  verb.add_option("notice", options->name, "A notice, an index or a notice id")
      ->required()
      ->type_name("NOTICE|INDEX|ID");
  CLI::Option* const read = verb.add_flag("--read", options->read, "People here read it");
  verb.add_flag("--actioned", options->actioned, "People here acted on it")->excludes(read);
  verb.add_option("--remark", options->remark, "For the origin")->type_name("TEXT");
  verb.add_option("--timeout", options->timeout, "How long to wait until it is logged")
      ->capture_default_str()
      ->type_name("DURATION");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_acknowledge);
}

void add_kinds(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("kinds", "List the kinds of notice, or the fields of one");
  verb.footer(kKindsFooter);
  const auto options = std::make_shared<KindsOptions>();
  verb.add_option("kind", options->kind, "Show the fields of this kind")->type_name("KIND");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_kinds);
}

void add_errors(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("errors", "Explain errors");
  group.require_subcommand(1);
  CLI::App& list = *group.add_subcommand("list", "List all errors");
  add_json_flag(list, shared);
  set_run(list, shared, [&shared] { return run_errors_list(shared); });
  CLI::App& lookup = *group.add_subcommand("lookup", "What an error means, and what to do");
  lookup.footer(kLookupFooter);
  const auto options = std::make_shared<ErrorsOptions>();
  lookup.add_option("code", options->code, "Its name, or its number on the wire")
      ->required()
      ->type_name("CODE");
  add_json_flag(lookup, shared);
  run_with(lookup, shared, options, run_errors_lookup);
}

void add_version(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("version", "Show the version of this program");
  add_json_flag(verb, shared);
  set_run(verb, shared, [&shared] { return run_version(shared); });
}

}  // namespace chancery::cli
