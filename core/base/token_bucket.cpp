#include "core/base/token_bucket.h"

#include <algorithm>

#include "core/base/result.h"

namespace chancery {
namespace {

constexpr std::uint64_t kMillionths = 1'000'000;

std::uint64_t rounded_up(std::uint64_t number, std::uint64_t by) {
  return (number + by - 1) / by;
}

}  // namespace

TokenBucket::TokenBucket(const Rate& rate) : rate_(rate), level_(rate.burst * kMillionths) {
  CHANCERY_CHECK(rate.per_second >= 1 && rate.per_second <= kRateMax);
  CHANCERY_CHECK(rate.burst >= 1 && rate.burst <= kRateMax);
}

std::uint64_t TokenBucket::millionths(std::uint64_t count) const {
  return std::min(count, rate_.burst) * kMillionths;
}

// A token a second is a millionth a microsecond.
void TokenBucket::fill(Time now) {
  using std::chrono::microseconds;
  if (!filled_at_.has_value() || now < *filled_at_) {
    filled_at_ = now;
    return;
  }
  const auto passed = std::chrono::duration_cast<microseconds>(now - *filled_at_);
  *filled_at_ += passed;  // What is less than a microsecond is kept for the next time.
  const std::uint64_t missing = rate_.burst * kMillionths - level_;
  const auto passed_us = static_cast<std::uint64_t>(passed.count());
  level_ +=
      passed_us >= rounded_up(missing, rate_.per_second) ? missing : passed_us * rate_.per_second;
}

std::optional<std::chrono::milliseconds> TokenBucket::wait(std::uint64_t count, Time now) {
  fill(now);
  const std::uint64_t wanted = millionths(count);
  if (wanted <= level_) {
    return std::nullopt;
  }
  const std::uint64_t wait_us = rounded_up(wanted - level_, rate_.per_second);
  return std::chrono::milliseconds(rounded_up(wait_us, 1000));
}

void TokenBucket::take(std::uint64_t count) {
  CHANCERY_CHECK(millionths(count) <= level_);
  level_ -= millionths(count);
}

}  // namespace chancery
