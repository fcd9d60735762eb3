#include "io/os/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace chancery::os {
namespace {

TEST(ClockTest, CountsFromTheUnixEpochInTheUnitOfItsName) {
  const auto before = static_cast<std::uint64_t>(std::time(nullptr));
  const std::uint64_t ms = unix_ms();
  const std::uint64_t us = unix_us();
  const auto after = static_cast<std::uint64_t>(std::time(nullptr));
  // time() may read a coarser clock, a tick behind.
  EXPECT_GE(ms / 1'000, before);
  EXPECT_LE(ms / 1'000, after + 1);
  EXPECT_GE(us / 1'000'000, before);
  EXPECT_LE(us / 1'000'000, after + 1);
}

TEST(ClockTest, SteadyTimeNeverRunsBackwards) {
  auto last = steady_now();
  for (int i = 0; i < 10'000; ++i) {
    const auto now = steady_now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace chancery::os
