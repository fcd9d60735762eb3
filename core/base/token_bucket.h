// A rate with a burst: so many tokens a second, as many as the burst saved up at most.
//
// Exact: whole tokens, counted in millionths, no floating point. Full at first. What asks for more
// than the burst waits for a full bucket, or it would wait for ever. Time is an argument, by a
// clock that never jumps; one that runs backwards fills nothing. Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace chancery {

// Both at least 1, and at most 2^40.
struct Rate {
  std::uint64_t per_second = 1;
  std::uint64_t burst = 1;

  bool operator==(const Rate&) const = default;
};

inline constexpr std::uint64_t kRateMax = 1ULL << 40U;

class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit TokenBucket(const Rate& rate);

  // How long until so many can be taken; nothing where they can be now.
  [[nodiscard]] std::optional<std::chrono::milliseconds> wait(std::uint64_t count, Time now);
  // After wait() said nothing.
  void take(std::uint64_t count);

 private:
  void fill(Time now);
  [[nodiscard]] std::uint64_t millionths(std::uint64_t count) const;

  Rate rate_;
  std::uint64_t level_;  // In millionths of a token.
  std::optional<Time> filled_at_;
};

}  // namespace chancery
