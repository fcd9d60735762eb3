// `chancery bench fanout`: what a delivery costs the hub where a notice goes to few, and to many.
//
// One origin with its node; all others are served by a sink that verifies everything and stores
// nothing (sink.h). An exchange of its own for each number of members.

#pragma once

#include <cstdint>
#include <vector>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

struct FanoutOptions {
  CommonOptions common{.setup = {.verify_sink = true}};
  std::vector<std::size_t> members = {5, 50, 500};  // That receive all of it.
  std::uint64_t deliveries = 20'000;                // For each, about.
};

[[nodiscard]] Result<int> run_fanout(const FanoutOptions& options, const Shared& shared);

// So many notices, so that to so many members there are about as many deliveries; some in any case.
[[nodiscard]] std::uint64_t notices_for(std::uint64_t deliveries, std::size_t members);
// The sizes, each with its cost divided by that of the smallest. Pure.
[[nodiscard]] text::Json combine_sizes(const std::vector<text::Json>& figures);

}  // namespace chancery::cli::bench
