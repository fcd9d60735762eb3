// `chancery bench catchup`: how fast a node that was away has all that came meanwhile.

#pragma once

#include <cstdint>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

struct CatchupOptions {
  CommonOptions common{};
  std::uint64_t count = 50'000;  // Notices that it missed.
};

[[nodiscard]] Result<int> run_catchup(const CatchupOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
