#include <cstdint>
#include <memory>

#include "cli/audit.h"
#include "cli/audit_compare.h"
#include "cli/audit_export.h"
#include "cli/audit_pair.h"
#include "cli/audit_report.h"
#include "cli/backup.h"
#include "cli/consult.h"
#include "cli/doctor.h"
#include "cli/find.h"
#include "cli/hub.h"
#include "cli/minimize.h"
#include "cli/overdue.h"
#include "cli/prove.h"
#include "cli/recover.h"
#include "cli/status.h"
#include "cli/thread.h"
#include "cli/verbs.h"
#include "cli/verify.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr const char* kStatusFooter = R"(Examples:
  chancery status --exchange DIR hub
  chancery status --exchange DIR AM --json
  chancery status --node /etc/chancery/node/node.toml --check

Exit 0: it answers. 1: it answers and raises an alarm; with --check also where its disk is low, a
stored record is damaged, a node has no link to its hub or a notice that arrived is void or opens to
no key, for monitoring. 2: nothing answers.)";

constexpr const char* kDoctorFooter = R"(Examples:
  chancery doctor --exchange DIR AM
  chancery doctor --node /etc/chancery/node/node.toml --bundle for-support.json
  chancery doctor --node /etc/chancery/node/node.toml --check --log-age-max 2h

Looks at what a start looks at (keys, their permissions, places, the store) and at what the running
daemon says of link, directory, log, clock, disk, records, inbox and queues. Changes nothing. Run it
as the daemon's user. With --check it speaks the plugin protocol of Nagios: exit 0 OK, 1 WARNING,
2 CRITICAL, 3 UNKNOWN. The file of --bundle has neither secrets nor notices: read it before you pass
it on.
Exit 0: all is well. 1: something is not.)";

constexpr const char* kMembersFooter = R"(Examples:
  chancery hub members --exchange DIR
  chancery hub members --hub /etc/chancery/hub/hub.toml --json

A line for each node: whose it is, whether it is there, and up to which entry of the log it has
stored what it was sent.
Exit 0: it answers. 1: refused. 2: nothing answers.)";

constexpr const char* kDrainFooter = R"(Examples:
  chancery hub drain --hub /etc/chancery/hub/hub.toml

What nodes have sent is sequenced and answered, the log is durable to its last checkpoint, and the
hub ends with exit code 0, as at SIGTERM. Nodes keep what they have and look for it again.
Exit 0: done. 1: refused. 2: nothing answers.)";

constexpr const char* kOverdueFooter = R"(Examples:
  chancery overdue AM --exchange DIR
  chancery overdue --what acknowledged --member KZ --node /etc/chancery/node/node.toml
  chancery overdue --check --json --context am

What a member's node waits for longer than [overdue] of its file has it, what is due longest first:
notices of its own that are not logged, that a recipient does not state to have, that people of a
recipient for action have not acknowledged or answered; notices of others that its own people have
not; a head of the log that no quorum cosigned. Only notices of status actual are among them.
Exit 0: listed. 1: with --check, something is overdue; or refused. 2: could not tell.)";

constexpr const char* kMinimizeFooter = R"(Examples:
  chancery minimize AM --exchange DIR
  chancery minimize AM --exchange DIR --set priority --authority DIR/authorities/AM.pem
  chancery minimize --node /etc/chancery/node/node.toml --set off --authority authority.pem

While it is set, notices below that precedence wait at the nodes of their origins, and none is
logged. What is urgent is never held back, nor are acknowledgements and consultations. The roster
names whose authority may set it alone; else as many sign as change the roster. A node hands it in
at the hub, or the hub's operator does, with --hub.
Exit 0: shown, or set and logged. 1: refused. 2: could not tell, as where the link ended.)";

constexpr const char* kRecoverHubFooter = R"(Examples:
  chancery recover hub --exchange DIR
  chancery recover hub --hub /etc/chancery/hub/hub.toml --authority KEYS --head 1204:ROOT
  chancery recover hub --exchange DIR --authority DIR/authorities --accept-rollback --below-quorum

For a hub whose store is older than its log, where no newer store is left. The hub is stopped.
Without --accept-rollback it says what would be given up and changes nothing. With it the
authorities sign the roster of now with the place where the log goes on, and it is logged. Nodes
that followed more go back to there, keep what they had as evidence, and hand in again what they
had sent. --head is what a quorum cosigned, as chancery status of each node shows it;
--below-quorum goes below it, or goes on without knowing.
Exit 0: done. 1: refused, or only told.)";

constexpr const char* kVerifyFooter = R"(Examples:
  chancery audit verify --exchange DIR hub
  chancery audit verify --exchange DIR AM --json
  chancery audit verify --store hub.db --genesis HEX
  chancery audit verify --export DIR --genesis HEX --since-last

Checks from the first entry on: leaves, roots, signed checkpoints, the directory, and the
signatures and rights of every envelope that the store holds. A running daemon is asked for its
records, a stopped one's store is read, never written; the word live for NAME asks for a running
one. Of an export (--export, or a NAME with a slash in it) each byte of each file is checked.
Without --genesis (or --vkey) the word of the store or the export is taken for which exchange it
is. The head audited last is kept in $XDG_STATE_HOME/chancery/audited.
Exit 0: verified. 1: falsified, the entry or file at fault is named. 2: could not tell.)";

constexpr const char* kExportFooter = R"(Examples:
  chancery audit export DIR --exchange DIR hub
  chancery audit export DIR --node /etc/chancery/node/node.toml
  chancery audit export DIR --store hub.db --genesis HEX

The log up to its newest checkpoint at quorum, in the layout of c2sp.org/tlog-tiles, with what it is
verified by: log.vkey, policy.txt, directory. Where DIR has an export, what is new is added. No
notice is in it: leaves are hashes. The directory is: who the members are, and their keys.
Exit 0: done. 1: refused, as where DIR has another log; nothing is changed. 2: could not tell.)";

constexpr const char* kCompareFooter = R"(Examples:
  chancery audit compare of-am of-by
  chancery audit compare of-am of-by -o proof.txt
  chancery audit verify --contradiction proof.txt --genesis HEX

Each has a head that the log signed. One log: the larger tree begins with the smaller one. Two: the
log showed its members different histories, and the file of -o, with both heads and what shows that
they contradict each other, proves it to whoever knows the genesis or the log's key.
Exit 0: one extends the other. 1: they contradict each other. 2: could not tell.)";

constexpr const char* kPairFooter = R"(Examples:
  chancery audit pair AM BY --exchange DIR
  chancery audit pair AM BY --store am.db --store by.db --genesis HEX --to 1204 --json
  chancery audit pair AM BY --node /etc/chancery/node/node.toml --list

What each of two members sent the other, that it arrived, and that nothing else did: from the
records of their nodes, or of one of them, and from what both stated of them, signed and logged.
Statements count from the first notice on, so what is amiss before --from is named as well. All
that `audit verify` checks is checked. A running node is asked, a stopped one's store is read.
Exit 0: verified. 1: falsified, and each notice that is missing, or is there and should not be, is
named. 2: could not tell, as where nothing is stated yet up to --to.)";

constexpr const char* kReportFooter = R"(Examples:
  chancery audit report AM -o report.html --exchange DIR
  chancery audit report -o report.html --node /etc/chancery/node/node.toml
  chancery audit report -o report.html --store hub.db --json

One HTML file with plots and tables: how many notices of which member and kind, how long until
recipients had them and people acknowledged them, when witnesses cosigned, what does not agree. It
loads and runs nothing, and has no text of a notice; who sent how much to whom is in it. All records
are verified first, as `audit verify` does. With --json the numbers are printed as well.
Exit 0: written, and verified. 1: written, and falsified. 2: could not tell.)";

constexpr const char* kProveFooter = R"(Examples:
  chancery audit prove 3f2a91c07b5e -o notice.evidence --exchange DIR AM
  chancery audit prove 3f2a91c07b5e -o notice.evidence --node /etc/chancery/node/node.toml
  chancery audit prove 3f2a91c07b5e -o notice.evidence --store am.db --hide-text --json

Writes one file that shows an outsider who signed the notice, that it was logged, which members
cosigned that, and which recipients have it, read it or acted on it, as far as this node can show
it. It has the text in it, unless --hide-text, and the exchange's directory: members, keys, rights
and names of people. A running node is asked, a stopped one's store is read, never written.
Exit 0: written. 1: refused. 2: could not tell.)";

constexpr const char* kEvidenceFooter = R"(Examples:
  chancery verify notice.evidence --genesis HEX
  chancery verify notice.evidence --genesis HEX --pin 1204:HEX --json

Asks no daemon and no network. The genesis names the exchange: take it from where you trust it, and
not from whoever gave you the file. With --pin, a size and root of the log that you have from
elsewhere, the file is to be of the same log.
Exit 0: verified. 1: falsified, and why. 2: could not tell: the file cannot be read, or is of
another size than the pin.)";

constexpr const char* kBackupFooter = R"(Examples:
  chancery backup --exchange DIR hub --to /backup/hub-2026-01-31.db
  chancery backup --node /etc/chancery/node/node.toml --to /backup/am.db --json

The daemon copies its store while it goes on. The file has its name once it is whole and durable,
and is as it was at one moment; what is there is never overwritten.
Exit 0: done. 1: refused. 2: could not tell.)";

constexpr const char* kRestoreFooter = R"(Examples:
  chancery restore --verify hub.db --genesis HEX
  chancery restore --verify hub.db --to /var/lib/chancery-broker/hub.db

Verifies a copy of a store as `audit verify` does, offline. With --to it is then put where the
daemon, which must be stopped, finds it; where something is there, nothing is done.
Exit 0: verified, and in place. 1: falsified or refused. 2: could not tell.)";

constexpr const char* kConsultOpenFooter = R"(Examples:
  chancery consult open --participants BY,KZ --question "The communique of 3 June?"
    --proposal "..." --rule silence --deadline 48h --notice-period 24h --exchange DIR --as AM

Under the rule silence whoever says nothing agrees, if their own node had the text for the notice
period; under consensus everybody has to say so; under majority as many as --majority names.
The outcome: chancery consult status. Exit codes as of 'chancery publish'.)";

constexpr const char* kConsultRespondFooter = R"(Examples:
  chancery consult respond 3f2a91c07b5e --agree --exchange DIR --as BY
  chancery consult respond 3f2a91c07b5e --object --statement "Not in July" --exchange DIR --as BY

The first response counts, unless a later one supersedes it (--supersedes), and both only where they
are logged before the cut. Exit codes as of 'chancery publish'.)";

constexpr const char* kConsultProveFooter = R"(Examples:
  chancery consult prove 3f2a91c07b5e -o outcome.evidence --exchange DIR AM
  chancery consult prove 3f2a91c07b5e -o outcome.evidence --store am.db --json

The file has the opening, what was said of it, what each party's node said after the deadline, and
the cosigned heads that they name: with it, `chancery verify` and the genesis hash, anybody computes
the outcome, silence included. The texts are in it. What is left out of it makes no agreement.
Exit 0: written. 1: refused, body-erased where a text is there no more. 2: could not tell.)";

constexpr const char* kConsultStatusFooter = R"(Examples:
  chancery consult status 3f2a91c07b5e --exchange DIR AM
  chancery consult status 3f2a91c07b5e --node /etc/chancery/node/node.toml --json

After the deadline, once a quorum of witnesses has cosigned the log, each party's node says by
itself what its last word was, or that it was silent. Who has not is unheard, and does not agree.
Exit 0: told. 2: could not tell.)";

constexpr const char* kThreadFooter = R"(Examples:
  chancery thread 3f2a91c07b5e --exchange DIR AM
  chancery thread 3f2a91c07b5e --node /etc/chancery/node/node.toml --json

All that its node holds of the thread of a notice: each below what it is in reply to, or refers to
otherwise. Before it, what that comes to: how much was requested, offered, accepted and delivered;
which versions a document has, and who stood where on which; the outcome of a consultation.
Exit 0: told. 2: could not tell.)";

constexpr std::uint32_t kOverdueListedMax = 500;
constexpr std::uint32_t kFoundMax = 1'000'000;

constexpr const char* kContactsFooter = R"(Examples:
  chancery register contacts --exchange DIR AM
  chancery register contacts --since 2026-01-01T00:00:00Z --csv --limit 100000 --exchange DIR AM
  chancery register contacts --from KZ,KG --text "trade border*" --exchange DIR AM)";

constexpr const char* kThreatsFooter = R"(Examples:
  chancery register threats --exchange DIR AM
  chancery register threats --category cyber --since 30d --exchange DIR AM
  chancery register threats --status exercise --csv --exchange DIR AM)";

constexpr const char* kTrainingFooter = R"(Examples:
  chancery register training --exchange DIR AM
  chancery register training --all --json --store /var/backups/node.db)";

constexpr const char* kSearchFooter = R"(Examples:
  chancery search "border migration" --exchange DIR AM
  chancery search '"mail gateway" isol*' --kind threat.alert --since 7d --exchange DIR AM
  chancery search "dam inspect*" --status actual,exercise --exchange DIR AM --json

All words are to be in it, in the subject or in the texts of the content; words between quotes side
by side, and * after a word finds what begins so. Endings do not count, by the rules for English of
words in Latin letters and those for Russian of words in Russian ones: what other languages do with
their words is not known here. A line shows: time of acceptance, origin, precedence, kind, notice,
subject.)";

// Where it is the hub that is meant.
void add_hub_flags(CLI::App& verb, Shared& shared, DaemonOptions* options) {
  options->name = "hub";
  options->flags = "--exchange DIR, --hub FILE, or --context NAME";
  add_context_flag(verb, shared);
  verb.add_option("--exchange", shared.exchange, "The folder of a trial exchange")
      ->type_name("DIR");
  verb.add_option("--hub", options->hub, "Or the hub's configuration")->type_name("FILE");
  add_json_flag(verb, shared);
}

enum class Stores : std::uint8_t { kNo, kYes, kAndExports };

void add_daemon_flags(CLI::App& verb, Shared& shared, DaemonOptions* options, Stores stores) {
  verb.add_option("name", options->name, "hub, or a member's code (with --exchange)")
      ->type_name("NAME");
  add_context_flag(verb, shared);
  verb.add_option("--exchange", shared.exchange, "The folder of a trial exchange")
      ->type_name("DIR");
  auto* const hub =
      verb.add_option("--hub", options->hub, "Or the hub's configuration")->type_name("FILE");
  auto* const node =
      verb.add_option("--node", options->node, "Or a node's configuration")->type_name("FILE");
  hub->excludes(node);
  if (stores != Stores::kNo) {
    options->flags =
        "--exchange DIR and its name, --hub FILE, --node FILE, --store FILE, or --context NAME";
    auto* const store =
        verb.add_option("--store", options->store, "Or the store of a stopped daemon, or a copy")
            ->type_name("FILE");
    store->excludes(hub)->excludes(node);
    auto* const genesis =
        verb.add_option("--genesis", options->genesis, "The exchange it must be of, 64 digits")
            ->type_name("HEX");
    if (stores == Stores::kYes) {
      genesis->needs(store);
    }
  }
  add_json_flag(verb, shared);
}

// What `register` and `search` narrow by alike.
void add_find_flags(CLI::App& verb, Shared& shared, const std::shared_ptr<FindOptions>& options) {
  verb.add_option("--from", options->from, "From these members only")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("CODES");
  verb.add_option("--status", options->statuses,
                  "Of these only: actual (default), exercise, test, draft")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("STATUSES");
  verb.add_option("--since", options->since, "Accepted since a time (RFC 3339), or so long: 2h, 7d")
      ->type_name("TIME");
  verb.add_option("--until", options->until, "Accepted before a time, or so long ago")
      ->type_name("TIME");
  verb.add_flag("--all", options->replaced, "Also what its origin superseded or cancelled, marked");
  verb.add_option("--limit", options->limit, "The newest N at most")
      ->check(CLI::Range(1U, kFoundMax))
      ->capture_default_str()
      ->type_name("N");
  add_daemon_flags(verb, shared, &options->daemon, Stores::kYes);
}

void add_audit_pair(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("pair", "Verify what two members sent each other");
  verb.footer(kPairFooter);
  const auto options = std::make_shared<PairOptions>();
  verb.add_option("one", options->first, "A member's code")->required()->type_name("CODE");
  verb.add_option("other", options->second, "The other's")->required()->type_name("CODE");
  verb.add_option("--from", options->from, "From this entry of the log on; 0")->type_name("SIZE");
  verb.add_option("--to", options->to,
                  "Of so many entries; else as far as both have stated what they have")
      ->type_name("SIZE");
  add_context_flag(verb, shared);
  verb.add_option("--exchange", shared.exchange, "The folder of a trial exchange")
      ->type_name("DIR");
  verb.add_option("--node", options->nodes, "Or the configuration of a node; of both, twice")
      ->type_name("FILE");
  auto* const store = verb.add_option("--store", options->stores,
                                      "Or the store of a stopped node, or a copy; of both, twice")
                          ->type_name("FILE");
  verb.add_option("--genesis", options->genesis, "The exchange it must be of, 64 digits")
      ->type_name("HEX")
      ->needs(store);
  verb.add_flag("--list", options->list, "Each notice, and whose records have it");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_audit_pair);
}

void add_check_flag(CLI::App& verb, StatusOptions& options) {
  verb.add_flag("--check", options.check, "Exit 1 also for a low disk, a damaged record, no link");
}

void add_prove_flags(CLI::App& verb, Shared& shared, ProveOptions& options, const char* name,
                     const char* what) {
  verb.add_option(name, options.notice, what)->required()->type_name("NOTICE");
  add_daemon_flags(verb, shared, &options.daemon, Stores::kYes);
  verb.add_option("-o,--output", options.output, "The file; nothing may be there")
      ->required()
      ->type_name("FILE");
}

void add_unshown_flag(CLI::App& verb, std::uint64_t& known) {
  verb.add_option("--unshown-known", known,
                  "So many void and unopenable deliveries were looked into: no warning for them")
      ->type_name("N");
}

}  // namespace

void add_status(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("status", "Show how a hub or a node is");
  verb.footer(kStatusFooter);
  const auto options = std::make_shared<StatusOptions>();
  add_daemon_flags(verb, shared, &options->daemon, Stores::kNo);
  add_check_flag(verb, *options);
  add_unshown_flag(verb, options->unshown_known);
  run_with(verb, shared, options, run_status);
}

void add_consult(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("consult", "Put a text to members, and answer one");
  group.require_subcommand(1);
  const auto patience = [](CLI::App& verb, std::string& timeout) {
    verb.add_option("--timeout", timeout, "How long to wait until it is logged")
        ->capture_default_str()
        ->type_name("DURATION");
  };
  const auto names = [](CLI::App& verb, std::string& opening) {
    verb.add_option("opening", opening, "The consultation, by its opening")
        ->required()
        ->type_name("NOTICE|INDEX|ID");
  };

  CLI::App& open = *group.add_subcommand("open", "Put a text to members");
  open.footer(kConsultOpenFooter);
  const auto opened = std::make_shared<ConsultOpenOptions>();
  add_list(open, "--participants", opened->participants, "Who is asked: codes as BY,KZ", "CODES",
           true);
  add_list(open, "--info", opened->info, "Who reads the opening along, and is not asked", "CODES");
  open.add_option("--question", opened->question, "What is asked, in a line")
      ->required()
      ->type_name("TEXT");
  open.add_option("--proposal", opened->proposal, "The text that is agreed, or is not")
      ->required()
      ->type_name("TEXT");
  open.add_option("--rule", opened->rule, "When it is agreed")
      ->required()
      ->check(CLI::IsMember({"silence", "consensus", "majority"}));
  open.add_option("--majority", opened->majority, "How many have to agree, with that rule")
      ->type_name("N");
  open.add_option("--deadline", opened->deadline, "A time (RFC 3339), or from now: 12h, 7d")
      ->required()
      ->type_name("TIME");
  open.add_option("--notice-period", opened->notice_period,
                  "How long before the deadline a node must have the text to be silent")
      ->capture_default_str()
      ->type_name("DURATION");
  open.add_flag("--reservations", opened->reservations, "Agreeing with a reservation is allowed");
  open.add_option("--subject", opened->subject, "One line; default: the question")
      ->type_name("TEXT");
  open.add_option("--language", opened->language, "BCP 47, as ru")->type_name("TAG");
  open.add_option("--status", opened->status, "actual (default), exercise, test or draft")
      ->type_name("STATUS");
  open.add_option("--precedence", opened->precedence,
                  "deferred, routine (default), priority, immediate, flash or override")
      ->type_name("PRECEDENCE");
  add_list(open, "--supersedes", opened->supersedes,
           "Consultations of yours that this one takes the place of, all 64 digits", "NOTICES");
  patience(open, opened->timeout);
  add_client_flags(open, shared);
  add_json_flag(open, shared);
  run_with(open, shared, opened, run_consult_open);

  CLI::App& respond = *group.add_subcommand("respond", "Say what your member thinks of it");
  respond.footer(kConsultRespondFooter);
  const auto said = std::make_shared<ConsultRespondOptions>();
  names(respond, said->opening);
  respond.add_flag("--agree", said->agree, "Agree");
  respond.add_option("--reserve", said->reservation, "Agree with this reservation")
      ->type_name("TEXT");
  respond.add_flag("--abstain", said->abstain, "Abstain");
  respond.add_flag("--object", said->object, "Object");
  respond.add_option("--statement", said->statement, "Why, for all parties")->type_name("TEXT");
  respond.add_option("--supersedes", said->supersedes, "An earlier response of yours")
      ->type_name("NOTICE|INDEX|ID");
  patience(respond, said->timeout);
  add_client_flags(respond, shared);
  add_json_flag(respond, shared);
  run_with(respond, shared, said, run_consult_respond);

  CLI::App& extend = *group.add_subcommand("extend", "Put the deadline of yours later");
  const auto extended = std::make_shared<ConsultExtendOptions>();
  names(extend, extended->opening);
  extend.add_option("--deadline", extended->deadline, "A time (RFC 3339), or from now: 12h, 7d")
      ->required()
      ->type_name("TIME");
  extend.add_option("--reason", extended->reason, "Why, for all parties")->type_name("TEXT");
  patience(extend, extended->timeout);
  add_client_flags(extend, shared);
  add_json_flag(extend, shared);
  run_with(extend, shared, extended, run_consult_extend);

  CLI::App& withdraw = *group.add_subcommand("withdraw", "End one of yours without an outcome");
  const auto withdrawn = std::make_shared<ConsultWithdrawOptions>();
  names(withdraw, withdrawn->opening);
  withdraw.add_option("--reason", withdrawn->reason, "Why, for all parties")->type_name("TEXT");
  patience(withdraw, withdrawn->timeout);
  add_client_flags(withdraw, shared);
  add_json_flag(withdraw, shared);
  run_with(withdraw, shared, withdrawn, run_consult_withdraw);

  CLI::App& status = *group.add_subcommand("status", "Tell where a consultation stands");
  status.footer(kConsultStatusFooter);
  const auto asked = std::make_shared<ConsultStatusOptions>();
  status.add_option("opening", asked->opening, "The opening, by 8 digits of its N or more")
      ->required()
      ->type_name("NOTICE");
  add_daemon_flags(status, shared, &asked->daemon, Stores::kYes);
  run_with(status, shared, asked, run_consult_status);

  CLI::App& prove = *group.add_subcommand("prove", "Write a file that proves what it came to");
  prove.footer(kConsultProveFooter);
  const auto proven = std::make_shared<ProveOptions>();
  proven->thread = true;
  proven->wait = "10s";
  add_prove_flags(prove, shared, *proven, "opening", "The opening, by 8 digits of its N or more");
  prove.add_option("--wait", proven->wait, "How long to wait for a quorum to cosign all of it")
      ->capture_default_str()
      ->type_name("DURATION");
  run_with(prove, shared, proven, run_prove);

  CLI::App& list = *group.add_subcommand("list", "List the consultations that were opened last");
  const auto listed = std::make_shared<ConsultListOptions>();
  add_daemon_flags(list, shared, &listed->daemon, Stores::kYes);
  run_with(list, shared, listed, run_consult_list);
}

void add_thread(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("thread", "Show the thread of a notice, and how it stands");
  verb.footer(kThreadFooter);
  const auto options = std::make_shared<ThreadOptions>();
  verb.add_option("notice", options->notice, "Any notice of it, by 8 digits of its N or more")
      ->required()
      ->type_name("NOTICE");
  add_daemon_flags(verb, shared, &options->daemon, Stores::kYes);
  run_with(verb, shared, options, run_thread);
}

void add_register(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("register", "Show what was notified of a kind, as a table");
  group.require_subcommand(1);
  const auto add = [&](const char* name, const char* about, const char* footer) {
    CLI::App& verb = *group.add_subcommand(name, about);
    verb.footer(footer);
    const auto options = std::make_shared<FindOptions>();
    options->kinds = {std::string(kind_of_register(name))};
    if (options->kinds.front() == "threat.alert") {
      verb.add_option("--category", options->category, "Of this category, as cyber")
          ->type_name("NAME");
    }
    verb.add_option("--text", options->words, "With these words, as 'chancery search' has them")
        ->type_name("WORDS");
    verb.add_flag("--csv", options->csv, "As CSV (RFC 4180), with all fields");
    add_find_flags(verb, shared, options);
    run_with(verb, shared, options, run_register);
  };
  add("contacts", "Contacts with other organisations and third states", kContactsFooter);
  add("threats", "Threat alerts", kThreatsFooter);
  add("training", "Training on offer", kTrainingFooter);
}

void add_search(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("search", "Find notices by their words");
  verb.footer(kSearchFooter);
  const auto options = std::make_shared<FindOptions>();
  verb.add_option("words", options->words, "What to look for, one argument")
      ->required()
      ->type_name("WORDS");
  verb.add_option("--kind", options->kinds, "Of these kinds only; consultation.* is a group")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("KINDS");
  add_find_flags(verb, shared, options);
  run_with(verb, shared, options, run_search);
}

void add_overdue(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("overdue", "List what should have come by now");
  verb.footer(kOverdueFooter);
  const auto options = std::make_shared<OverdueOptions>();
  verb.add_option("--what", options->sorts,
                  "Of these only: logged, delivered, acknowledged, cosigned")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("SORTS");
  verb.add_option("--member", options->member, "Where this member is waited for")
      ->type_name("CODE");
  verb.add_option("--limit", options->limit, "N at most, what is due longest first")
      ->check(CLI::Range(1U, kOverdueListedMax))
      ->capture_default_str()
      ->type_name("N");
  verb.add_flag("--check", options->check, "Exit 1 where something is overdue");
  add_daemon_flags(verb, shared, &options->daemon, Stores::kNo);
  run_with(verb, shared, options, run_overdue);
}

void add_minimize(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("minimize", "Keep the lines free, or show whether they are");
  verb.footer(kMinimizeFooter);
  const auto options = std::make_shared<MinimizeOptions>();
  verb.add_option("--set", options->value,
                  "The lowest precedence that goes: routine, priority, immediate; or off")
      ->type_name("LOWEST");
  verb.add_option("--authority", options->authorities,
                  "With --set: the private key of a member's authority; may be repeated")
      ->type_name("FILE");
  add_daemon_flags(verb, shared, &options->daemon, Stores::kNo);
  run_with(verb, shared, options, run_minimize);
}

void add_doctor(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("doctor", "Find what is wrong with a hub or a node");
  verb.footer(kDoctorFooter);
  const auto options = std::make_shared<DoctorOptions>();
  add_daemon_flags(verb, shared, &options->daemon, Stores::kNo);
  verb.add_flag("--check", options->check, "As a monitoring plugin: one line, and its exit codes");
  verb.add_option("--log-age-max", options->log_age_max,
                  "A warning where the newest entry is older, as 2h")
      ->type_name("DURATION");
  add_unshown_flag(verb, options->unshown_known);
  verb.add_option("--bundle", options->bundle, "Also write all of it into a file, as JSON")
      ->type_name("FILE");
  run_with(verb, shared, options, run_doctor);
}

void add_hub(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("hub", "Show whom a hub serves, and end it");
  group.require_subcommand(1);
  CLI::App& status = *group.add_subcommand("status", "Show how the hub is, as `status` does");
  status.footer(kStatusFooter);
  const auto asked = std::make_shared<StatusOptions>();
  add_hub_flags(status, shared, &asked->daemon);
  add_check_flag(status, *asked);
  run_with(status, shared, asked, run_status);
  CLI::App& members = *group.add_subcommand("members", "Show the members, and where they are");
  members.footer(kMembersFooter);
  const auto shown = std::make_shared<DaemonOptions>();
  add_hub_flags(members, shared, shown.get());
  run_with(members, shared, shown, run_hub_members);
  CLI::App& drain = *group.add_subcommand("drain", "End the hub, once all is answered");
  drain.footer(kDrainFooter);
  const auto ended = std::make_shared<DaemonOptions>();
  add_hub_flags(drain, shared, ended.get());
  run_with(drain, shared, ended, run_hub_drain);
}

void add_audit(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("audit", "Export, verify, compare and report on logs");
  group.require_subcommand(1);
  CLI::App& made = *group.add_subcommand("export", "Write the log of a hub or a node as files");
  made.footer(kExportFooter);
  const auto exported = std::make_shared<ExportOptions>();
  made.add_option("folder", exported->folder, "Where the files are, or are to be")
      ->required()
      ->type_name("DIR");
  add_daemon_flags(made, shared, &exported->daemon, Stores::kYes);
  run_with(made, shared, exported, run_audit_export);
  CLI::App& verb =
      *group.add_subcommand("verify", "Verify a log: a daemon's, a store's, an export");
  verb.footer(kVerifyFooter);
  const auto options = std::make_shared<VerifyOptions>();
  add_daemon_flags(verb, shared, &options->daemon, Stores::kAndExports);
  verb.add_option("--export", options->folder, "Or what `audit export` wrote")->type_name("DIR");
  verb.add_option("--contradiction", options->contradiction, "Or what `audit compare -o` wrote")
      ->type_name("FILE");
  verb.add_option("--vkey", options->vkey, "The key that the export's log must have, or its file")
      ->type_name("KEY");
  verb.add_flag("--log-signed", options->log_signed,
                "An export that no quorum cosigned will do: the log's signature alone");
  verb.add_flag("--since-last", options->since_last,
                "It must extend the head that was audited last, and is the last one then");
  run_with(verb, shared, options, run_audit_verify);
  CLI::App& both = *group.add_subcommand("compare", "Say whether two exports are of one log");
  both.footer(kCompareFooter);
  const auto sides = std::make_shared<CompareOptions>();
  both.add_option("one", sides->one, "An export")->required()->type_name("EXPORT");
  both.add_option("other", sides->other, "Another, of another member say")
      ->required()
      ->type_name("EXPORT");
  both.add_option("-o,--proof", sides->proof, "Write a contradiction as a file that proves it")
      ->type_name("FILE");
  both.add_option("--genesis", sides->genesis, "The exchange that they must be of, 64 digits")
      ->type_name("HEX");
  both.add_option("--vkey", sides->vkey, "The key that their log must have, or its file")
      ->type_name("KEY");
  add_json_flag(both, shared);
  run_with(both, shared, sides, run_audit_compare);
  add_audit_pair(group, shared);
  CLI::App& report = *group.add_subcommand("report", "Write a page about what was exchanged");
  report.footer(kReportFooter);
  const auto reported = std::make_shared<ReportOptions>();
  add_daemon_flags(report, shared, &reported->daemon, Stores::kYes);
  report.add_option("-o,--output", reported->output, "The page; nothing may be there")
      ->required()
      ->type_name("FILE");
  run_with(report, shared, reported, run_audit_report);
  CLI::App& prove = *group.add_subcommand("prove", "Write a file that proves a notice");
  prove.footer(kProveFooter);
  const auto proven = std::make_shared<ProveOptions>();
  add_prove_flags(prove, shared, *proven, "notice", "The notice, by 8 digits of its N or more");
  prove.add_flag("--hide-text", proven->hide_text, "Leave the text out: only its hash is there");
  run_with(prove, shared, proven, run_prove);
}

void add_verify(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("verify", "Verify an evidence file, offline");
  verb.footer(kEvidenceFooter);
  const auto options = std::make_shared<EvidenceOptions>();
  verb.add_option("file", options->file, "The evidence file")->required()->type_name("FILE");
  verb.add_option("--genesis", options->genesis, "The exchange it must be of, 64 digits")
      ->required()
      ->type_name("HEX");
  verb.add_option("--pin", options->pin, "A head of the log that you have from elsewhere")
      ->type_name("SIZE:ROOT");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_verify);
}

void add_backup(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("backup", "Copy the store of a running hub or node");
  verb.footer(kBackupFooter);
  const auto options = std::make_shared<BackupOptions>();
  add_daemon_flags(verb, shared, &options->daemon, Stores::kNo);
  verb.add_option("--to", options->to, "The copy; nothing may be there")
      ->required()
      ->type_name("FILE");
  run_with(verb, shared, options, run_backup);
}

void add_restore(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("restore", "Verify a backup, and put it in place");
  verb.footer(kRestoreFooter);
  const auto options = std::make_shared<RestoreOptions>();
  verb.add_option("--verify", options->backup, "The backup")->required()->type_name("FILE");
  verb.add_option("--genesis", options->genesis, "The exchange it must be of, 64 digits")
      ->type_name("HEX");
  verb.add_option("--to", options->to, "Put it there, where the daemon's store is to be")
      ->type_name("FILE");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_restore);
}

void add_recover(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("recover", "Go on after a loss");
  group.require_subcommand(1);
  CLI::App& verb = *group.add_subcommand("hub", "Have a hub's log go on where its store ends");
  verb.footer(kRecoverHubFooter);
  const auto options = std::make_shared<RecoverHubOptions>();
  add_hub_flags(verb, shared, &options->daemon);
  verb.add_option("--authority", options->authorities,
                  "The private key of a member's authority, or a folder of them; may be repeated")
      ->type_name("FILE|DIR");
  verb.add_option("--head", options->heads, "A head that a quorum cosigned; may be repeated")
      ->type_name("SIZE:ROOT");
  verb.add_flag("--accept-rollback", options->accept_rollback,
                "Give up what the log had beyond, and do it");
  verb.add_flag("--below-quorum", options->below_quorum,
                "Also where a quorum cosigned more, or may have");
  run_with(verb, shared, options, run_recover_hub);
}

}  // namespace chancery::cli
