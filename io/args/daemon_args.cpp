#include "io/args/daemon_args.h"

#include "io/args/cli11.h"
#include "io/args/daemon_app.h"

namespace chancery::args {
namespace {

constexpr int kExitUsage = 64;  // EX_USAGE of sysexits.h

constexpr const char* kFooter =
    "The daemon runs in the foreground and logs to stderr. SIGTERM or SIGINT end it in order.\n"
    "Exit codes: 0 done, 1 refused (the log says why), 2 could not tell, 64 wrong command line.";

}  // namespace

void describe_daemon(CLI::App& app, DaemonArgs& args, const Program& program) {
  app.footer(kFooter);
  app.set_version_flag("--version", program.name + " " + program.version);
  app.add_option("--config", args.config_path, "The configuration file (TOML)")
      ->required()
      ->type_name("FILE");
  app.add_flag("--check", args.check_only,
               "Say what would stop a start, and end; nothing is made or changed");
  app.add_flag("--trust-clock", args.trust_clock,
               "Start though the store has seen a later time: the clock was ahead then");
  app.add_option("--log-level", args.log_level, "What to log: debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  app.add_flag("--log-json", args.log_json, "Log one JSON object per line instead of text");
}

std::expected<DaemonArgs, int> parse_daemon_args(int argc, const char* const* argv,
                                                 const Program& program) {
  DaemonArgs args;
  CLI::App app(program.about, program.name);
  describe_daemon(app, args, program);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(app.exit(error) == 0 ? 0 : kExitUsage);
  }
  return args;
}

}  // namespace chancery::args
