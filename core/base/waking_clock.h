// Time as one loop lives it: while the loop stood still, no time passed.
//
// For how long a peer has been silent is judged by it: what the peer said while this process was
// stopped, or waited for its disk, is still to be read. Pure; any clock that does not go back.

#pragma once

#include <chrono>
#include <utility>

namespace chancery {

class WakingClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // More than this between two turns is standing still.
  explicit WakingClock(std::chrono::milliseconds turn_max = std::chrono::seconds(1))
      : turn_max_(turn_max) {}

  // Once a turn: the time of the turn that begins now.
  Time turn(Time now) {
    const Time::duration since = now - std::exchange(turned_at_, now);
    stood_still_ += since > turn_max_ ? since : Time::duration{};
    return this->now();
  }
  [[nodiscard]] Time now() const { return turned_at_ - stood_still_; }

 private:
  std::chrono::milliseconds turn_max_;
  Time turned_at_{};
  Time::duration stood_still_{};
};

}  // namespace chancery
