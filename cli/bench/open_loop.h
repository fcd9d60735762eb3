// Notices at a fixed rate, whether or not the exchange keeps up.
//
// An open loop: each notice has a time at which it is due, and what it took counts from there,
// whether or not somebody was free to publish it then. So a stall shows in all that were due
// meanwhile, and not in the one that met it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

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

// Which notice is at which place of such a row: origins take turns. Pure; any thread.
class Turns {
 public:
  // `first` is of each origin: the number of its first notice of the row.
  Turns(std::vector<std::uint64_t> first, std::uint64_t count)
      : first_(std::move(first)), count_(count) {}

  [[nodiscard]] std::size_t origin_count() const { return first_.size(); }
  // Of the first so many places, how many are of this origin. Its own have places from 0 on.
  [[nodiscard]] std::uint64_t count_of(std::size_t origin, std::uint64_t places) const;
  [[nodiscard]] std::uint64_t place_of(std::size_t origin, std::uint64_t own_place) const {
    return (own_place * first_.size()) + origin;
  }
  [[nodiscard]] std::uint64_t number_of(std::size_t origin, std::uint64_t own_place) const {
    return first_[origin] + own_place;
  }
  // Nothing where it is none of the row.
  [[nodiscard]] std::optional<std::uint64_t> find(const Name& name) const;

 private:
  std::vector<std::uint64_t> first_;
  std::uint64_t count_;
};
// The next notices of all origins, for a row of so many.
[[nodiscard]] Turns take_turns(Run& run, std::uint64_t count);

inline constexpr std::size_t kOpenLoopCallers = 32;  // Of all origins; each has one at least.
inline constexpr std::size_t kDueTogetherMax = 64;   // Of what is due, in one call.
inline constexpr std::size_t kOpenLoopWindow = kOpenLoopCallers * kDueTogetherMax;
inline constexpr std::chrono::milliseconds kStartsIn{20};  // Until the first is due.

struct OpenLoop {
  Schedule schedule;
  Turns turns;
  // Each, once it is logged; called by several threads, one at a time.
  std::function<void(std::uint64_t place, std::uint64_t micros)> logged;
  // Every 100 ms, by the thread that waits; its error ends the loop.
  std::function<Result<void>(std::uint64_t taken)> meanwhile;
};

// Returns when the last one was logged: the time of that.
[[nodiscard]] Result<Clock::time_point> run_open_loop(Run& run, const OpenLoop& loop);

}  // namespace chancery::cli::bench
