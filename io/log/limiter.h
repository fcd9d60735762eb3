// Lines that a peer can cause at will: a flood of them must not fill a disk, nor hide the others.
//
// Of each sort (who and why) ten may come at once, then one in ten seconds; of all sorts together a
// hundred, then one a second. A line says how many of its sort were left out before it, and so does
// one more when the sort has fallen silent. Sorts that are remembered are bounded; those beyond
// share one. Time is an argument. One thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "core/base/token_bucket.h"
#include "io/log/log.h"

namespace chancery::log {

class Limiter {
 public:
  using Time = TokenBucket::Time;
  static constexpr std::size_t kSortsMax = 256;

  void line(Time now, Level level, std::string_view event, std::string_view sort,
            std::initializer_list<Field> fields);
  // Now and again: tells of what was left out, where nothing more has come for ten seconds.
  void sweep(Time now);

  [[nodiscard]] std::size_t sort_count() const { return sorts_.size(); }
  [[nodiscard]] std::uint64_t suppressed_count() const { return suppressed_count_; }

 private:
  struct Sort {
    TokenBucket bucket;
    Level level = Level::kWarn;
    std::string event;
    std::uint64_t left_out = 0;
    Time last{};
  };

  std::map<std::string, Sort, std::less<>> sorts_;
  TokenBucket all_{{.per_second = 1, .burst = 100}};
  std::uint64_t suppressed_count_ = 0;
};

}  // namespace chancery::log
