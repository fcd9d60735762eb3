// The main() of a daemon: arguments, log, hardening, signals, configuration, start, run, exit code.
//
//   int main(int argc, char** argv) {
//     return daemon::run<broker::Server>(argc, argv, kProgram, broker::read_config);
//   }
//
// Server has `static Result<void> check(const Config&, const StartOptions&)`, which makes and
// changes nothing, `static Result<std::unique_ptr<Server>> start(const Config&, const
// StartOptions&)` and `Result<void> run(const Life<Config>&)`. Whatever ends the process is logged
// once, with its remedy.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "core/base/result.h"
#include "daemon/life.h"
#include "daemon/start.h"
#include "io/args/daemon_args.h"
#include "io/log/log.h"
#include "io/os/exit_codes.h"
#include "io/os/process.h"
#include "io/os/signals.h"

namespace chancery::daemon {

// Logs what ended the process; gives the exit code. What is wrong with a store may come from deep
// within it: the line names the file.
[[nodiscard]] inline int stop_with(const Error& error, const std::string& store = {}) {
  const bool of_store = error.code == ErrorCode::kStoreDamaged || error.code == ErrorCode::kIo ||
                        error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDiskFull;
  const std::string where = of_store && !store.empty() && !error.detail.contains(store)
                                ? " (store " + store + ")"
                                : std::string();
  log::error("stopped", {{"error", error_info(error.code).name},
                         {"detail", error.detail + where},
                         {"remedy", error_info(error.code).remedy}});
  return os::kExitFalse;
}

template <class Server, class Config>
[[nodiscard]] int run(int argc, char** argv, const args::Program& program,
                      Result<Config> (*read_config)(const std::string& path)) {
  const auto args = args::parse_daemon_args(argc, argv, program);
  if (!args.has_value()) {
    return args.error();
  }
  log::init(program.name, log::level_from(args->log_level).value_or(log::Level::kInfo),
            args->log_json);
  if (const Result<void> hardened = os::harden_process(); !hardened.has_value()) {
    return stop_with(hardened.error());
  }
  if (const Result<void> enough = ensure_descriptors(); !enough.has_value()) {
    return stop_with(enough.error());
  }
  Result<os::SignalFd> signals = os::SignalFd::open();
  if (!signals.has_value()) {
    return stop_with(signals.error());
  }
  // NOLINTNEXTLINE(misc-const-correctness): Life's reference to it depends on a template parameter.
  os::Notify notify = os::Notify::from_environment();
  const Result<Config> config = read_config(args->config_path);
  if (!config.has_value()) {
    return stop_with(config.error());
  }
  const StartOptions options{.trust_clock = args->trust_clock};
  if (args->check_only) {
    if (const Result<void> good = Server::check(*config, options); !good.has_value()) {
      return stop_with(good.error(), config->store);
    }
    log::info("config-good", {{"file", args->config_path}});
    return os::kExitDone;
  }
  Result<std::unique_ptr<Server>> server = Server::start(*config, options);
  if (!server.has_value()) {
    return stop_with(server.error(), config->store);
  }
  std::error_code unknown;  // Then it is shown as it was given.
  const std::string config_path = std::filesystem::absolute(args->config_path, unknown).string();
  const Life<Config> life{
      .signals = *signals,
      .notify = notify,
      .read_config = [&] { return read_config(args->config_path); },
      .config_path = unknown ? args->config_path : config_path,
  };
  if (const Result<void> ran = (*server)->run(life); !ran.has_value()) {
    return stop_with(ran.error(), config->store);
  }
  log::info("stopped");
  return os::kExitDone;
}

}  // namespace chancery::daemon
