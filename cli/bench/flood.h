// `chancery bench flood`: how long a FLASH takes behind a backlog of ROUTINE, beside what it takes
// when nothing else waits.

#pragma once

#include <cstdint>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

// What an outbox holds of one application.
inline constexpr std::uint64_t kBacklogOfOriginMax = 60'000;

struct FloodOptions {
  // Two origins: the outbox of one does not hold so many of one application.
  CommonOptions common{.setup = {.origin_count = 2}};
  std::uint64_t backlog = 100'000;  // ROUTINE that waits at the origins.
  std::uint32_t flashes = 50;       // Idle; and as many behind the backlog as find it there.
  std::uint32_t between = 20;       // Milliseconds from when one is logged to the next.
};

[[nodiscard]] Result<int> run_flood(const FloodOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
