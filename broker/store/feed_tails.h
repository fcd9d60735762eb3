// The newest of each lane of the members' feeds, in memory: who follows the log asks for what was
// committed just now, and needs no read of the file for it.
//
// A lane is known from when it was read to its end; where it is not, or not from so far back, it is
// read from the file. Same thread.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/exchange/lane.h"

namespace chancery::broker {

// Of a lane, from some index on.
struct LanePart {
  std::uint64_t previous = 0;  // The index before it, plus one; 0 is none.
  std::vector<std::uint64_t> indices{};
};

class FeedTails {
 public:
  using Reader = std::pair<std::string, exchange::Lane>;  // A member's code.

  static constexpr std::size_t kCountMax = 512;    // Of a lane, 8 bytes each.
  static constexpr std::size_t kLanesMax = 4'096;  // Where there are more, all are read anew.

  // What the lane has from `from` on, `count_max` at most; nothing where that is not known.
  [[nodiscard]] std::optional<LanePart> find(const Reader& reader, std::uint64_t from,
                                             std::size_t count_max) const {
    const auto known = tails_.find(reader);
    if (known == tails_.end() || from < known->second.from) {
      return std::nullopt;
    }
    const Tail& tail = known->second;
    const auto begin = std::ranges::lower_bound(tail.indices, from);
    const auto count = std::min(count_max, static_cast<std::size_t>(tail.indices.end() - begin));
    return LanePart{
        .previous = begin == tail.indices.begin() ? tail.previous : *std::prev(begin) + 1,
        .indices = {begin, begin + static_cast<std::ptrdiff_t>(count)}};
  }

  // All that the lane has from `from` on, as it was read.
  void keep(const Reader& reader, std::uint64_t from, const LanePart& whole) {
    if (tails_.size() >= kLanesMax && !tails_.contains(reader)) {
      tails_.clear();
    }
    Tail& tail = tails_[reader];
    tail = {.from = from, .previous = whole.previous, .indices = {}};
    add(tail, whole.indices);
  }

  // What was committed to the lane, behind all that it had.
  void append(const Reader& reader, const std::vector<std::uint64_t>& indices) {
    if (const auto known = tails_.find(reader); known != tails_.end()) {
      add(known->second, indices);
    }
  }

  // What is stored of feeds became another.
  void clear() { tails_.clear(); }

 private:
  struct Tail {
    std::uint64_t from = 0;      // All of the lane from here on …
    std::uint64_t previous = 0;  // … and the index before that, plus one.
    std::deque<std::uint64_t> indices;
  };

  static void add(Tail& tail, const std::vector<std::uint64_t>& indices) {
    tail.indices.insert(tail.indices.end(), indices.begin(), indices.end());
    while (tail.indices.size() > kCountMax) {
      tail.previous = tail.from = tail.indices.front() + 1;
      tail.indices.pop_front();
    }
  }

  std::map<Reader, Tail> tails_;
};

}  // namespace chancery::broker
