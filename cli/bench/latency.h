// `chancery bench latency`: how long a notice takes at fixed rates: an open loop (open_loop.h).

#pragma once

#include <cstdint>
#include <vector>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

struct LatencyOptions {
  CommonOptions common{};
  std::vector<std::uint32_t> rates = {200, 2000, 5000, 10'000};  // Notices a second.
  std::uint32_t seconds = 5;                                     // At each.
};

[[nodiscard]] Result<int> run_latency(const LatencyOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
