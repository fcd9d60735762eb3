#include <memory>
#include <string>

#include "cli/cursor.h"
#include "cli/outbox.h"
#include "cli/track.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr const char* kOutboxFooter =
    R"(Verbs have help of their own, with examples: chancery help outbox list)";

constexpr const char* kOutboxListFooter = R"(Examples:
  chancery outbox list --exchange DIR --as AM
  chancery outbox list --exchange DIR --as AM --stage queued,logged,refused --json

A line each, oldest first: number, time of publication, what it came to (queued, sent, aside,
logged, refused, expired, withdrawn), precedence, kind, id, subject, and why where there is a
reason. Of the kinds that the application may publish.)";

constexpr const char* kOutboxCancelFooter = R"(Examples:
  chancery outbox cancel 01890a5d-ac96-774b-bcce-b302099a8057 --exchange DIR --as AM
  chancery outbox cancel 4be19d02a7c1 --client client.toml --json

Withdraws a notice that was not sent yet. Once it was, nobody can take it back (already-sent):
publish another one that names it in "cancels".)";

constexpr const char* kOutboxRetryFooter = R"(Examples:
  chancery outbox retry 01890a5d-ac96-774b-bcce-b302099a8057 --exchange DIR --as AM

Has a notice sent again that was refused, once what was in its way is put right, or that waits aside
for the clocks to agree. What is under way or logged stays as it is.)";

constexpr const char* kCursorFooter =
    R"(Verbs have help of their own, with examples: chancery help cursor reset)";

constexpr const char* kCursorListFooter = R"(Examples:
  chancery cursor list --exchange DIR --as BY
  chancery cursor list --client client.toml --json

The cursors of this application: up to which arrival number it is done with, in each lane.)";

constexpr const char* kCursorResetFooter = R"(Examples:
  chancery cursor reset archive --to start --exchange DIR --as BY   (reads everything again)
  chancery cursor reset archive --to end --exchange DIR --as BY     (passes by what is there)
  chancery cursor reset archive --to 1200 --client client.toml)";

constexpr const char* kCursorDeferredFooter = R"(Examples:
  chancery cursor deferred archive --exchange DIR --as BY
  chancery cursor deferred archive --quarantined --client client.toml --json

The notices that a program gave back along this cursor, by arrival: how often, and when each is due,
or since when it is quarantined, and why. What is quarantined is kept, and comes no more until it is
redriven.)";

constexpr const char* kCursorNackFooter = R"(Examples:
  chancery cursor nack archive 4be19d02a7c1 --delay 10m --exchange DIR --as BY
  chancery cursor nack archive 4be19d02a7c1 --quarantine --reason "no case" --client client.toml

Gives notices back that were read along this cursor: they let it pass, and come again along it when
they are due.)";

constexpr const char* kCursorRedriveFooter = R"(Examples:
  chancery cursor redrive archive 4be19d02a7c1 --exchange DIR --as BY
  chancery cursor redrive archive --all --client client.toml

Has notices come again along this cursor now, whether they wait or are quarantined; --all is all
that are quarantined.)";

constexpr const char* kTrackFooter = R"(Examples:
  chancery track 4be19d02a7c1 --exchange DIR --as AM
  chancery track 01890a5d-ac96-774b-bcce-b302099a8057 --exchange DIR --as AM --watch --json

A line for each thing that happened: queued, logged, witnessed, delivered to each recipient, read or
actioned there, or refused, expired, withdrawn. What is delivered the recipient's node states, and
what is read or actioned its people say, in signed notices of their own.
--watch stays until it is delivered to all and witnessed.
Exit 0: logged; with --watch, delivered to all recipients and witnessed too. 1: refused. 2: not
known in time.)";

void add_outbox_list(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("list", "List what the member published");
  verb.footer(kOutboxListFooter);
  const auto options = std::make_shared<OutboxListOptions>();
  verb.add_option("--stage", options->stages,
                  "Only at these stages: queued, logged, refused; default: queued,refused")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("STAGES");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_outbox_list);
}

void add_outbox_notice(CLI::App& group, Shared& shared, const std::string& name,
                       const std::string& help, const char* footer,
                       Result<int> (*run)(const OutboxNoticeOptions&, const Shared&)) {
  CLI::App& verb = *group.add_subcommand(name, help);
  verb.footer(footer);
  const auto options = std::make_shared<OutboxNoticeOptions>();
  verb.add_option("notice", options->name, "Its id, or the first 8 digits or more of the notice")
      ->required()
      ->type_name("NOTICE");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run);
}

void add_cursor_list(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("list", "List the application's cursors");
  verb.footer(kCursorListFooter);
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, std::make_shared<CursorListOptions>(), run_cursor_list);
}

void add_cursor_reset(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("reset", "Put a cursor elsewhere, also backwards");
  verb.footer(kCursorResetFooter);
  const auto options = std::make_shared<CursorResetOptions>();
  verb.add_option("name", options->name, "The cursor")->required()->type_name("NAME");
  verb.add_option("--to", options->to,
                  "start, end, or the arrival number up to which it is done with")
      ->required()
      ->type_name("WHERE");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_cursor_reset);
}

void add_cursor_deferred(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("deferred", "List what was given back along a cursor");
  verb.footer(kCursorDeferredFooter);
  const auto options = std::make_shared<CursorDeferredOptions>();
  verb.add_option("name", options->name, "The cursor")->required()->type_name("NAME");
  verb.add_flag("--quarantined", options->quarantined, "Only what comes no more by itself");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_cursor_deferred);
}

void add_cursor_nack(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("nack", "Give notices back, to come again later");
  verb.footer(kCursorNackFooter);
  const auto options = std::make_shared<CursorNackOptions>();
  verb.add_option("name", options->name, "The cursor")->required()->type_name("NAME");
  verb.add_option("notice", options->notices, "Notices, each as for 'chancery show'")
      ->required()
      ->type_name("NOTICE");
  verb.add_option("--delay", options->delay, "Until they come again: 30s, 10m, 2h; 7d at most")
      ->type_name("DURATION")
      ->capture_default_str();
  verb.add_option("--attempts-max", options->attempts_max,
                  "Given back this often, they are quarantined; 0 is never")
      ->type_name("N");
  verb.add_flag("--quarantine", options->quarantine, "Quarantine them at once");
  verb.add_option("--reason", options->reason, "Why, for people")->type_name("TEXT");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_cursor_nack);
}

void add_cursor_redrive(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("redrive", "Have given back notices come again now");
  verb.footer(kCursorRedriveFooter);
  const auto options = std::make_shared<CursorRedriveOptions>();
  verb.add_option("name", options->name, "The cursor")->required()->type_name("NAME");
  verb.add_option("notice", options->notices, "Notices, each as for 'chancery show'")
      ->type_name("NOTICE");
  verb.add_flag("--all", options->all, "All that are quarantined");
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_cursor_redrive);
}

}  // namespace

void add_outbox(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("outbox", "Look through what was published, and decide");
  group.footer(kOutboxFooter);
  group.require_subcommand(1);
  add_outbox_list(group, shared);
  add_outbox_notice(group, shared, "cancel", "Withdraw a notice that was not sent yet",
                    kOutboxCancelFooter, run_outbox_cancel);
  add_outbox_notice(group, shared, "retry", "Send a notice again that was refused",
                    kOutboxRetryFooter, run_outbox_retry);
}

void add_cursor(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("cursor", "Where readers stand, and what they gave back");
  group.footer(kCursorFooter);
  group.require_subcommand(1);
  add_cursor_list(group, shared);
  add_cursor_reset(group, shared);
  add_cursor_deferred(group, shared);
  add_cursor_nack(group, shared);
  add_cursor_redrive(group, shared);
}

void add_track(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("track", "Show how far a notice has come");
  verb.footer(kTrackFooter);
  const auto options = std::make_shared<TrackOptions>();
  verb.add_option("notice", options->name,
                  "First digits of the notice, its id, or its index in the log")
      ->required()
      ->type_name("NOTICE");
  verb.add_flag("--watch", options->watch, "Stay, and show what happens");
  verb.add_option("--timeout", options->timeout, "How long to watch: 30s, 2m, 1h")
      ->type_name("DURATION")
      ->capture_default_str();
  add_client_flags(verb, shared);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_track);
}

}  // namespace chancery::cli
