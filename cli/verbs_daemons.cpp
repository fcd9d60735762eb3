#include <cstdint>
#include <memory>

#include "cli/audit.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/hub.h"
#include "cli/status.h"
#include "cli/verbs.h"
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

constexpr const char* kVerifyFooter = R"(Examples:
  chancery audit verify --exchange DIR hub
  chancery audit verify --exchange DIR AM --json
  chancery audit verify --store hub.db --genesis HEX

Checks from the first entry on: leaves, roots, signed checkpoints, the directory, and the
signatures and rights of every envelope that the store holds. A running daemon is asked for its
records, a stopped one's store is read, never written. Without --genesis the store's own word for
the exchange is taken.
Exit 0: verified. 1: falsified, the entry at fault is named. 2: could not tell.)";

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

void add_daemon_flags(CLI::App& verb, Shared& shared, DaemonOptions* options, bool stores) {
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
  if (stores) {
    options->flags =
        "--exchange DIR and its name, --hub FILE, --node FILE, --store FILE, or --context NAME";
    auto* const store =
        verb.add_option("--store", options->store, "Or the store of a stopped daemon, or a copy")
            ->type_name("FILE");
    store->excludes(hub)->excludes(node);
    verb.add_option("--genesis", options->genesis, "The exchange it must be of, 64 digits")
        ->type_name("HEX")
        ->needs(store);
  }
  add_json_flag(verb, shared);
}

std::shared_ptr<DaemonOptions> add_daemon_flags(CLI::App& verb, Shared& shared, bool stores) {
  const auto options = std::make_shared<DaemonOptions>();
  add_daemon_flags(verb, shared, options.get(), stores);
  return options;
}

void add_check_flag(CLI::App& verb, StatusOptions& options) {
  verb.add_flag("--check", options.check, "Exit 1 also for a low disk, a damaged record, no link");
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
  add_daemon_flags(verb, shared, &options->daemon, /*stores=*/false);
  add_check_flag(verb, *options);
  add_unshown_flag(verb, options->unshown_known);
  run_with(verb, shared, options, run_status);
}

void add_doctor(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("doctor", "Find what is wrong with a hub or a node");
  verb.footer(kDoctorFooter);
  const auto options = std::make_shared<DoctorOptions>();
  add_daemon_flags(verb, shared, &options->daemon, /*stores=*/false);
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
  CLI::App& group = *app.add_subcommand("audit", "Verify logs");
  group.require_subcommand(1);
  CLI::App& verb = *group.add_subcommand("verify", "Verify the log of a hub or a node");
  verb.footer(kVerifyFooter);
  run_with(verb, shared, add_daemon_flags(verb, shared, /*stores=*/true), run_audit_verify);
}

void add_backup(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("backup", "Copy the store of a running hub or node");
  verb.footer(kBackupFooter);
  const auto options = std::make_shared<BackupOptions>();
  add_daemon_flags(verb, shared, &options->daemon, /*stores=*/false);
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

}  // namespace chancery::cli
