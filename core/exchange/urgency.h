// Whether urgent notices have passed of late.
//
// An urgent notice overtakes in every queue, and waits for what is under way before it: a batch
// that is being logged, what is on its way to a node, a turn of its work. Large groups of patient
// notices share commits and signatures, and cost it seconds where there is a backlog. So while
// urgent ones pass, and a while after, patient ones go in small groups. Time is passed in. Why so:
// docs/decisions/0043-small-groups-while-something-urgent-passes.md.

#pragma once

#include <chrono>

namespace chancery::exchange {

inline constexpr std::chrono::seconds kUrgencyLasts{30};

class Urgency {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void passed(Time now) { ends_at_ = now + kUrgencyLasts; }
  [[nodiscard]] bool is_on(Time now) const { return now < ends_at_; }

 private:
  Time ends_at_{};
};

}  // namespace chancery::exchange
