#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "cli/display.h"
#include "cli/exchange_init.h"
#include "cli/exchange_run.h"
#include "cli/open.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

constexpr const char* kInitFooter = R"(Examples:
  chancery exchange init --profile config/exchanges/csto /tmp/csto
  chancery exchange init --profile my-profile.toml --port 17411 trial --json

The folder must not be there yet. It will hold the keys of all parties, which is right for a trial
and for nothing else. Keep its path short: sockets in it may have 107 bytes of path.)";

constexpr const char* kRunFooter = R"(Examples:
  chancery exchange run /tmp/csto
  chancery exchange run /tmp/csto --log-level debug --ready-file /tmp/ready
  chancery exchange run /tmp/csto --json | jq -r 'select(.process == "AM").line'

Exit 0: stopped as asked, by Ctrl-C or SIGTERM. 1: a process could not start or ended by itself.
Lines carry the name of the process; colours only on a terminal, never with NO_COLOR set.)";

constexpr const char* kOpenFooter = R"(Examples:
  chancery show NOTICE --exchange DIR --as KZ --json | jq -r .envelope > notice.hex
  chancery open notice.hex --key DIR/kz/keys/sealing.pem --exchange DIR
  chancery open notice.hex --key DIR/hub/keys/transport.pem --genesis HEX --json

Every stanza is tried with the key, also those that are for other keys. Needs no node and no
network, and judges no signature: 'chancery audit verify' does that.
Exit 0: it opens, the text is shown. 1: this key does not open it.)";

Result<int> run_init(const ExchangeInitOptions& options, const Shared& shared) {
  CHANCERY_TRY(const ExchangePlan plan, init_exchange(options));
  std::cout << describe_exchange(plan, options.folder, shared.json);
  return os::kExitDone;
}

Result<int> run_run(const ExchangeRunOptions& given, const Shared& shared) {
  ExchangeRunOptions options = given;
  options.json = shared.json;
  CHANCERY_TRY(const bool as_asked, run_exchange(options, stdout));
  return as_asked ? os::kExitDone : os::kExitFalse;
}

void add_init(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("init", "Make a trial exchange from a profile");
  verb.footer(kInitFooter);
  const auto options = std::make_shared<ExchangeInitOptions>();
  verb.add_option("--profile", options->profile, "A profile, or the folder with its profile.toml")
      ->required()
      ->type_name("DIR|FILE");
  auto* const port = verb.add_option("--port", options->port, "The hub listens here on 127.0.0.1")
                         ->type_name("N")
                         ->check(CLI::Range(1, 65535));
  verb.add_option("--listen", options->listen, "The hub listens here: tcp://ADDRESS:PORT")
      ->type_name("ENDPOINT")
      ->excludes(port);
  verb.add_option("folder", options->folder, "The folder to make")->required()->type_name("DIR");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_init);
}

void add_run(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("run", "Run a trial exchange's hub and nodes");
  verb.footer(kRunFooter);
  const auto options = std::make_shared<ExchangeRunOptions>();
  verb.add_option("folder", options->folder, "What 'exchange init' made")
      ->required()
      ->type_name("DIR");
  verb.add_option("--bin", options->programs,
                  "Where chancery-broker and chancery-node are; default: beside this program")
      ->type_name("DIR");
  verb.add_option("--log-level", options->log_level, "What to log: debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  verb.add_option("--ready-file", options->ready_file,
                  "Write NAME PID of each process to this file once all are ready")
      ->type_name("FILE");
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_run);
}

}  // namespace

void add_exchange(CLI::App& app, Shared& shared) {
  CLI::App& group = *app.add_subcommand("exchange", "Make and run a trial exchange");
  group.require_subcommand(1);
  add_init(group, shared);
  add_run(group, shared);
}

void add_open(CLI::App& app, Shared& shared) {
  CLI::App& verb = *app.add_subcommand("open", "Try a key on a sealed envelope, offline");
  verb.footer(kOpenFooter);
  const auto options = std::make_shared<OpenOptions>();
  verb.add_option("envelope", options->envelope, "An envelope: its bytes, or in hexadecimal")
      ->required()
      ->type_name("FILE");
  verb.add_option("--key", options->key, "The private key (PEM)")->required()->type_name("FILE");
  auto* const genesis =
      verb.add_option("--genesis", options->genesis, "The exchange, 64 hexadecimal digits")
          ->type_name("HEX");
  verb.add_option("--exchange", shared.exchange, "Or the folder of a trial exchange")
      ->type_name("DIR")
      ->excludes(genesis);
  add_json_flag(verb, shared);
  run_with(verb, shared, options, run_open);
}

}  // namespace chancery::cli
