// How many patient bytes one end of a link may have on their way, by what the link drained.
//
// What is on its way cannot be overtaken: it lies in the queues of libzmq, of the kernel and of the
// network. So no more of it is sent than the link drains in about a second, and an urgent notice
// waits for no more than that. Each acknowledgement says how long its bytes took. In time: as many
// more may go, which doubles them with each round, and where four times as many would have been in
// time, makes them four times as many. Late by more than the quickest of this connection, which is
// the way itself: no more than would have been in time. Between the two the way may be long or
// slow: a quarter more shows which. The first bytes go at the least, and so does what nobody
// confirmed for long: the link of a minute ago says nothing of this one. Time is passed in. Why so:
// docs/decisions/0023-no-more-on-the-way-than-the-link-drains.md.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace chancery::exchange {

struct PaceLimits {
  std::uint64_t bytes_min = 64U << 10U;
  std::uint64_t bytes_max = 16U << 20U;
  std::chrono::milliseconds in_time{1000};
  std::chrono::milliseconds in_time_urgent{40};   // While something urgent passes.
  std::chrono::milliseconds confirmed_for{5000};  // Then half of it is left, and so on.
};

// Bytes of which the other end has just said that it has them.
struct Drained {
  std::uint64_t bytes = 0;
  std::uint64_t on_the_way = 0;                   // As many were on the way before, these included.
  std::chrono::steady_clock::time_point sent_at;  // The newest of them.
};

class LinkPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  LinkPace() : LinkPace({}, Time{}) {}
  LinkPace(const PaceLimits& limits, Time now)
      : limits_(limits), bytes_(limits.bytes_min), confirmed_at_(now), narrowed_at_(now) {}

  // Before anything is sent: what was not confirmed for long is not believed any more. While
  // something urgent passes, less is on the way.
  void at(Time now, bool is_urgent) {
    if (std::exchange(is_urgent_, is_urgent) != is_urgent && is_urgent) {
      bytes_ = std::max(bytes_ * static_cast<std::uint64_t>(limits_.in_time_urgent.count()) /
                            static_cast<std::uint64_t>(limits_.in_time.count()),
                        limits_.bytes_min);
      narrowed_at_ = now;
    }
    while (now - confirmed_at_ >= limits_.confirmed_for) {
      confirmed_at_ = bytes_ > limits_.bytes_min ? confirmed_at_ + limits_.confirmed_for : now;
      bytes_ = std::max(bytes_ / 2, limits_.bytes_min);
    }
  }

  void drained(const Drained& drained, Time now) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - drained.sent_at);
    quickest_ = std::min(quickest_, took);
    if (took > in_time() + quickest_) {
      narrow(took, drained.sent_at, now);
    } else if (drained.on_the_way >= bytes_ / 2) {  // Less would not show that there is room.
      const std::uint64_t more = took > in_time()       ? drained.bytes / 4
                                 : 4 * took > in_time() ? drained.bytes
                                                        : 3 * drained.bytes;
      bytes_ = std::min(bytes_ + more, limits_.bytes_max);
      confirmed_at_ = now;
    }
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] std::chrono::milliseconds in_time() const {
    return is_urgent_ ? limits_.in_time_urgent : limits_.in_time;
  }

  // Once for what was on the way together: the others of it are as late for the same reason.
  void narrow(std::chrono::milliseconds took, Time sent_at, Time now) {
    if (sent_at < narrowed_at_) {
      return;
    }
    const auto time = static_cast<std::uint64_t>((in_time() + quickest_).count());
    bytes_ = std::max(bytes_ * time / static_cast<std::uint64_t>(took.count()), limits_.bytes_min);
    narrowed_at_ = now;
    confirmed_at_ = now;
  }

  PaceLimits limits_;
  std::uint64_t bytes_;
  Time confirmed_at_;
  Time narrowed_at_;
  bool is_urgent_ = false;
  std::chrono::milliseconds quickest_ = std::chrono::milliseconds::max();  // Of all so far.
};

}  // namespace chancery::exchange
