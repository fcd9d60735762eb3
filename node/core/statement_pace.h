// When a node states to a peer what it counted of the log (protocol chapter 13). Pure.
//
// Three seconds after something was exchanged, and no sooner after the statement before, so that
// one covers what came close together; a tenth of a second where something urgent was. One thread.

#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/base/waking_clock.h"
#include "core/exchange/lane.h"

namespace chancery::node {

class StatementPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kEvery{3'000};
  static constexpr std::chrono::milliseconds kEveryUrgent{100};

  // Something was exchanged with the peer, in this lane.
  void exchanged(exchange::Lane lane, Time now) {
    const bool is_urgent = lane == exchange::Lane::kUrgent;
    const Time at = std::max(now + (is_urgent ? kEveryUrgent : kEvery),
                             stated_at_ + (is_urgent ? kEveryUrgent : kEvery));
    due_at_ = std::min(due_at_.value_or(at), at);
    urgent_ = urgent_ || is_urgent;
  }
  // What is due was stated, or there was nothing to state.
  void stated(Time now) {
    stated_at_ = now;
    due_at_.reset();
    urgent_ = false;
  }
  // It cannot be stated yet, or not all of it.
  void later(Time at) { due_at_ = at; }

  [[nodiscard]] bool is_due(Time now) const { return due_at_.has_value() && now >= *due_at_; }
  [[nodiscard]] exchange::Lane lane() const {
    return urgent_ ? exchange::Lane::kUrgent : exchange::Lane::kPatient;
  }

 private:
  std::optional<Time> due_at_;
  Time stated_at_{};
  bool urgent_ = false;
};

}  // namespace chancery::node
