// `chancery bench startup`: how long hub and node take from the start of the process to `ready`,
// after they ended in order and after they were killed.

#pragma once

#include <cstdint>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

struct StartupOptions {
  CommonOptions common{};
  std::uint64_t count = 10'000;  // Notices in the log.
  std::uint32_t rounds = 3;
};

[[nodiscard]] Result<int> run_startup(const StartupOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
