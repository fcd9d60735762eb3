// `chancery bench publish`: as much as goes, with so many notices under way.

#pragma once

#include <chrono>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

struct PublishOptions {
  CommonOptions common{};
  std::size_t window = 1024;  // Of each origin: published, and not logged yet.
  std::uint32_t seconds = 10;
};

[[nodiscard]] Result<int> run_publish(const PublishOptions& options, const Shared& shared);

// So many threads publish so many at a time each, so that a window is under way.
struct Callers {
  std::size_t count = 1;
  std::size_t batch = 1;
};
[[nodiscard]] Callers callers_for(std::size_t window);

}  // namespace chancery::cli::bench
