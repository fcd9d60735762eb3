// Simulated time: what happens next, and when. Two things at one time happen in the order in which
// they were planned. Microseconds since the simulation began.

#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace chancery::sim {

using Micros = std::uint64_t;
inline constexpr Micros kMillisecond = 1'000;
inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kDay = 86'400 * kSecond;

class Scheduler {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] Micros now() const { return now_; }
  void after(Micros delay, Action action) {
    planned_.push({now_ + delay, next_number_++, std::move(action)});
  }
  // Everything up to and with that time.
  void run_until(Micros end) {
    while (!planned_.empty() && planned_.top().at <= end) {
      // The queue gives no way to move out of it, but what is popped next is nobody's.
      const Action action = std::move(const_cast<Planned&>(planned_.top()).action);
      now_ = planned_.top().at;
      planned_.pop();
      action();
    }
    now_ = end;
  }

 private:
  struct Planned {
    Micros at;
    std::uint64_t number;
    Action action;
    bool operator<(const Planned& other) const {
      return std::pair(at, number) > std::pair(other.at, other.number);  // The earliest on top.
    }
  };

  Micros now_ = 0;
  std::uint64_t next_number_ = 0;
  std::priority_queue<Planned> planned_;
};

}  // namespace chancery::sim
