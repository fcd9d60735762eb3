// chancery-broker: the hub of one exchange.

#include "broker/config.h"
#include "broker/server.h"
#include "core/base/version.h"
#include "io/args/daemon_args.h"
#include "io/log/log.h"
#include "io/os/exit_codes.h"
#include "io/os/process.h"
#include "io/os/signals.h"

namespace {

using chancery::Error;

constexpr std::string_view kAbout =
    "The hub of one exchange: admits, numbers, logs, stores and forwards the notices of its "
    "members. It can neither read nor forge them, and its members see it if it drops, reorders or "
    "shows two histories.";

int stop_with(const Error& error) {
  chancery::log::error("stopped", {{"error", chancery::error_info(error.code).name},
                                   {"detail", error.detail},
                                   {"remedy", chancery::error_info(error.code).remedy}});
  return chancery::os::kExitFalse;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace chancery;
  const auto args = args::parse_daemon_args(
      argc, argv,
      {.name = "chancery-broker", .about = std::string(kAbout), .version = std::string(kVersion)});
  if (!args.has_value()) {
    return args.error();
  }
  log::init("chancery-broker", log::level_from(args->log_level).value_or(log::Level::kInfo),
            args->log_json);
  if (const auto hardened = os::harden_process(); !hardened.has_value()) {
    return stop_with(hardened.error());
  }
  auto signals = os::SignalFd::open();
  if (!signals.has_value()) {
    return stop_with(signals.error());
  }
  const auto config = broker::read_config(args->config_path);
  if (!config.has_value()) {
    return stop_with(config.error());
  }
  if (args->check_only) {
    log::info("config-good", {{"file", args->config_path}});
    return os::kExitDone;
  }
  auto server = broker::Server::start(*config);
  if (!server.has_value()) {
    return stop_with(server.error());
  }
  if (const auto ran = (*server)->run(*signals); !ran.has_value()) {
    return stop_with(ran.error());
  }
  log::info("stopped");
  return os::kExitDone;
}
