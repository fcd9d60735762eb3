// What one node may still be sent in one lane: the credit window of a session.
//
// A node says how far it has stored (its cursor, a log index) and how much beyond that it is ready
// to take, in items and bytes. What is on the way counts until the cursor passes it. So a stalled
// node stops costing anything at its window, and nobody else notices. Of patient deliveries there
// are no more on the way than the link drains in a while, either (core/exchange/link_pace.h).

#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

#include "core/exchange/link_pace.h"

namespace chancery::broker {

struct WindowLimits {
  std::uint64_t items_max = 4096;
  std::uint64_t bytes_max = 16U << 20U;
};

class DeliveryWindow {
 public:
  using Time = exchange::LinkPace::Time;
  static constexpr std::uint64_t kNoPace = std::numeric_limits<std::uint64_t>::max();

  DeliveryWindow() : DeliveryWindow({}, 0) {}
  DeliveryWindow(WindowLimits limits, std::uint64_t cursor)
      : limits_(limits), cursor_(cursor), next_(cursor) {}

  // The node's cursor and credits, as it states them. A cursor never goes back within a session;
  // one beyond what was sent counts as what was sent. What it passed, where it passed something.
  std::optional<exchange::Drained> credit(std::uint64_t cursor, std::uint64_t items,
                                          std::uint64_t bytes) {
    items_ = std::min(items, limits_.items_max);
    bytes_ = std::min(bytes, limits_.bytes_max);
    cursor_ = std::max(cursor_, std::min(cursor, next_));
    std::optional<exchange::Drained> drained;
    const std::uint64_t bytes_before = bytes_out_;
    while (!on_the_way_.empty() && on_the_way_.front().index < cursor_) {
      bytes_out_ -= on_the_way_.front().bytes;
      drained = {.bytes = bytes_before - bytes_out_,
                 .on_the_way = bytes_before,
                 .sent_at = on_the_way_.front().sent_at};
      on_the_way_.pop_front();
    }
    return drained;
  }

  // The node asks again from here: what was on the way from there on was lost, and is sent again.
  // What it has before counts until its cursor passes it: to ask for more says nothing of what is
  // stored.
  void rewind(std::uint64_t index) {
    while (!on_the_way_.empty() && on_the_way_.back().index >= index) {
      bytes_out_ -= on_the_way_.back().bytes;
      on_the_way_.pop_back();
    }
    next_ = index;
  }

  void sent(std::uint64_t index, std::uint64_t bytes, Time now) {
    on_the_way_.push_back({index, bytes, now});
    bytes_out_ += bytes;
    next_ = index + 1;
  }

  [[nodiscard]] std::uint64_t next() const { return next_; }  // Where to read on.
  [[nodiscard]] std::uint64_t cursor() const { return cursor_; }
  [[nodiscard]] std::uint64_t items_left() const {
    return items_ > on_the_way_.size() ? items_ - on_the_way_.size() : 0;
  }
  [[nodiscard]] std::uint64_t items_out() const { return on_the_way_.size(); }
  [[nodiscard]] std::uint64_t bytes_out() const { return bytes_out_; }
  [[nodiscard]] std::uint64_t bytes_left(std::uint64_t pace) const {
    const std::uint64_t most = std::min(bytes_, pace);
    return most > bytes_out_ ? most - bytes_out_ : 0;
  }
  // One envelope may go over the byte window when nothing is on the way, or a large one would wait
  // for ever.
  [[nodiscard]] bool admits(std::uint64_t bytes, std::uint64_t pace = kNoPace) const {
    return items_left() > 0 && bytes_ > 0 && (on_the_way_.empty() || bytes <= bytes_left(pace));
  }

 private:
  struct OnTheWay {
    std::uint64_t index;
    std::uint64_t bytes;
    Time sent_at;
  };

  WindowLimits limits_;
  std::uint64_t cursor_;
  std::uint64_t next_;
  std::uint64_t items_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::deque<OnTheWay> on_the_way_;
};

}  // namespace chancery::broker
