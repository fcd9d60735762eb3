// What the loop of a daemon hears from outside of it, and tells: signals, the configuration when it
// is read again, the supervisor.

#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "io/log/log.h"
#include "io/os/notify.h"
#include "io/os/signals.h"

namespace chancery::daemon {

template <class Config>
struct Life {
  os::SignalFd& signals;
  os::Notify& notify;
  std::function<Result<Config>()> read_config;
  std::string config_path;  // Absolute: what read_config() reads.
};

// SIGHUP, or a ReloadRequest on the admin socket. `take_over` is given the configuration as it is
// now: it takes over what can be changed while the daemon runs and gives the names of the keys that
// it took over, and of those that differ and need a restart. A file that cannot be used changes
// nothing, and `refused` says why. `reloaded` is logged last. An error is a reason to stop.
struct Reloaded {
  std::vector<std::string> taken{};
  std::vector<std::string> need_restart{};
  std::optional<Error> refused{};
  std::string config{};  // The file that was read.
};

[[nodiscard]] inline Reloaded sort_keys(std::vector<std::string> changed,
                                        const std::vector<std::string_view>& can_be_taken) {
  Reloaded reloaded;
  for (std::string& key : changed) {
    const bool can = std::ranges::find(can_be_taken, key) != can_be_taken.end();
    (can ? reloaded.taken : reloaded.need_restart).push_back(std::move(key));
  }
  return reloaded;
}

template <class Config, class TakeOver>
[[nodiscard]] Result<Reloaded> reload(const Life<Config>& life, const std::string& status,
                                      TakeOver take_over) {
  life.notify.reloading();
  const Result<Config> config = life.read_config();
  Reloaded reloaded;
  if (config.has_value()) {
    CHANCERY_TRY(reloaded, take_over(*config));
    std::string taken;
    for (const std::string& key : reloaded.taken) {
      taken += (taken.empty() ? "" : ", ") + key;
    }
    for (const std::string& key : reloaded.need_restart) {
      log::warn("needs-restart", {{"key", key}, {"in_force", "what was read at the start"}});
    }
    log::info("reloaded", {{"changed", taken.empty() ? "nothing" : taken}});
  } else {
    reloaded.refused = config.error();
    log::error("reload-failed", {{"error", error_info(config.error().code).name},
                                 {"detail", config.error().detail},
                                 {"remedy", error_info(config.error().code).remedy},
                                 {"in_force", "the configuration from before"}});
  }
  life.notify.ready(status);
  reloaded.config = life.config_path;
  return reloaded;
}

}  // namespace chancery::daemon
