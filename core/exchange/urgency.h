// Whether urgent notices have passed of late.
//
// An urgent notice overtakes in every queue, and waits for what is under way before it: a batch
// that is being logged, what is on its way to a node, a turn of its work. Large groups of patient
// notices share commits and signatures, and cost it seconds where there is a backlog. So while
// urgent ones pass, and a while after, patient ones go in small groups. Time is passed in. Why so:
// docs/decisions/0043-small-groups-while-something-urgent-passes.md.

#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace chancery::exchange {

inline constexpr std::chrono::seconds kUrgencyLasts{30};

// For so long after an urgent notice the hub leaves alone what is patient, so that neither it nor
// the nodes are at work on it while the next one passes; for no longer than this in a row, and then
// for half of the time at most: whoever calls everything urgent must not stop what others send.
inline constexpr std::chrono::milliseconds kPatientHeld{100};
inline constexpr std::chrono::seconds kHeldMax{10};

class Urgency {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Once a turn.
  void at(Time now) {
    const auto took = std::clamp<Time::duration>(now - at_, {}, kHeldMax);
    left_ = holds_patient(at_) ? left_ - std::min(left_, took)
                               : std::min<Time::duration>(left_ + took, kHeldMax);
    at_ = now;
  }
  void passed(Time now) { passed_at_ = now; }
  // It was logged, too, so it is one.
  void hold(Time now) { held_from_ = now; }

  [[nodiscard]] bool is_on(Time now) const {
    return passed_at_.has_value() && now < *passed_at_ + kUrgencyLasts;
  }
  [[nodiscard]] bool holds_patient(Time now) const {
    return left_ > Time::duration{} && held_from_.has_value() && now < *held_from_ + kPatientHeld;
  }

 private:
  Time at_{};
  Time::duration left_ = kHeldMax;  // How much longer it may hold.
  std::optional<Time> passed_at_;
  std::optional<Time> held_from_;
};

}  // namespace chancery::exchange
