// Notices at a fixed rate, whether or not the exchange keeps up.
//
// An open loop: each notice has a time at which it is due, and what it took counts from there,
// whether or not somebody was free to publish it then. So a stall shows in all that were due
// meanwhile, and not in the one that met it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "cli/bench/load.h"
#include "cli/bench/scenario.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

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

inline constexpr std::size_t kOpenLoopCallers = 32;
inline constexpr std::size_t kDueTogetherMax = 64;  // Of what is due, in one call.
inline constexpr std::size_t kOpenLoopWindow = kOpenLoopCallers * kDueTogetherMax;
inline constexpr std::chrono::milliseconds kStartsIn{20};  // Until the first is due.

struct OpenLoop {
  Schedule schedule;
  std::uint64_t first = 0;  // Number of the first of them, at the first origin.
  // Each, once it is logged; called by several threads, one at a time.
  std::function<void(std::uint64_t place, std::uint64_t micros)> logged;
  // Every 100 ms, by the thread that waits; its error ends the loop.
  std::function<Result<void>(std::uint64_t taken)> meanwhile;
};

// Returns when the last one was logged: the time of that.
[[nodiscard]] Result<Clock::time_point> run_open_loop(Run& run, const OpenLoop& loop);

}  // namespace chancery::cli::bench
