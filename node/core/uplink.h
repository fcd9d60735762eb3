// What a node has on its way up to the hub, and how much that may be.
//
// What was submitted cannot be overtaken on its way. So no more patient bytes are signed and
// unanswered than the hub answered of late within a second, and an urgent notice waits for no more
// than that: core/exchange/link_pace.h, from the other end. Pure.

#pragma once

#include <cstdint>
#include <deque>

#include "core/exchange/link_pace.h"

namespace chancery::node {

class Uplink {
 public:
  using Time = exchange::LinkPace::Time;

  explicit Uplink(const exchange::PaceLimits& limits = {}) : pace_(limits, Time{}) {}

  // So many bytes are submitted and unanswered now, and whether something urgent passes. What is
  // more than before was submitted just now, and what is less was answered: the oldest, as far as
  // can be told.
  void on_the_way(std::uint64_t bytes, Time now, bool is_urgent) {
    pace_.at(now, is_urgent);
    if (bytes > bytes_) {
      sent_.push_back({bytes - bytes_, now});
    } else if (bytes < bytes_) {
      exchange::Drained drained{.bytes = bytes_ - bytes, .on_the_way = bytes_, .sent_at = {}};
      for (std::uint64_t left = drained.bytes; left > 0;) {
        Sent& oldest = sent_.front();
        drained.sent_at = oldest.at;
        const std::uint64_t part = left < oldest.bytes ? left : oldest.bytes;
        left -= part;
        oldest.bytes -= part;
        if (oldest.bytes == 0) {
          sent_.pop_front();
        }
      }
      pace_.drained(drained, now);
    }
    bytes_ = bytes;
  }
  // Nothing of it counts any more: it will be submitted again.
  void anew() {
    sent_.clear();
    bytes_ = 0;
  }

  [[nodiscard]] std::uint64_t pace() const { return pace_.bytes(); }

 private:
  struct Sent {
    std::uint64_t bytes;
    Time at;
  };

  exchange::LinkPace pace_;
  std::deque<Sent> sent_;  // Oldest first; bytes_ together.
  std::uint64_t bytes_ = 0;
};

}  // namespace chancery::node
