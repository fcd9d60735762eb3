// How many stored records a daemon hashes again in a moment.
//
// A pass begins with the daemon and goes through all records, so fast that the whole store is done
// within a day and, where nothing else is to do, kScrubPerSecond at least; then it rests until a
// day has passed since it began. Pure: the time comes in.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace chancery::exchange {

inline constexpr std::uint64_t kScrubPerSecond = 200;
inline constexpr std::chrono::hours kScrubEvery{24};
inline constexpr std::size_t kScrubCountMax = 64;         // In one turn …
inline constexpr std::size_t kScrubBytesMax = 4U << 20U;  // … and of envelopes.

class ScrubPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Records that are due now, at most kScrubCountMax; `size` is how many there are. Where work
  // waits, no more than a day needs.
  [[nodiscard]] std::uint64_t due(Time now, std::uint64_t size, bool idle = true) {
    if (!begun_at_.has_value()) {
      begun_at_ = now;
      last_at_ = now;
    }
    if (resting_ && now - *begun_at_ < kScrubEvery) {
      return 0;
    }
    if (resting_) {
      resting_ = false;
      begun_at_ = now;
      last_at_ = now;
    }
    const std::uint64_t per_second =
        std::max(idle ? kScrubPerSecond : 0, size / std::chrono::seconds(kScrubEvery).count() + 1);
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_at_);
    const std::uint64_t count = static_cast<std::uint64_t>(passed.count()) * per_second / 1000;
    if (count > 0) {
      last_at_ = now;
    }
    return std::min<std::uint64_t>(count, kScrubCountMax);
  }
  void whole() {
    resting_ = true;
    ++pass_count_;
  }
  [[nodiscard]] std::uint64_t pass_count() const { return pass_count_; }

 private:
  std::optional<Time> begun_at_;
  Time last_at_{};
  bool resting_ = false;
  std::uint64_t pass_count_ = 0;
};

}  // namespace chancery::exchange
