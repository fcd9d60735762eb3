// `chancery bench latency`: how long a notice takes at fixed rates.
//
// An open loop: each notice has a time at which it is due, and what it took counts from there,
// whether or not somebody was free to publish it then. So a stall shows in all that were due
// meanwhile, and not in the one that met it.

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

// When each of a row of notices is due. Pure; any thread.
class Schedule {
 public:
  Schedule(Clock::time_point start, std::uint32_t rate, std::uint64_t count)
      : start_(start), rate_(rate), count_(count) {}

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Clock::time_point due(std::uint64_t place) const;
  // So many are due at that time, of all.
  [[nodiscard]] std::uint64_t due_count(Clock::time_point now) const;

 private:
  Clock::time_point start_;
  std::uint32_t rate_;
  std::uint64_t count_;
};

}  // namespace chancery::cli::bench
