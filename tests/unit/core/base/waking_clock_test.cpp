#include "core/base/waking_clock.h"

#include <gtest/gtest.h>

namespace chancery {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WakingClock::Time kWakingStart{hours(7)};

TEST(WakingClockTest, GoesWithTheTurns) {
  WakingClock clock;
  const WakingClock::Time begin = clock.turn(kWakingStart);
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(clock.turn(kWakingStart + i * seconds(1)) - begin, i * seconds(1));
  }
}

TEST(WakingClockTest, StandsWhileTheLoopStandsStill) {
  WakingClock clock;
  const WakingClock::Time begin = clock.turn(kWakingStart);
  EXPECT_EQ(clock.turn(kWakingStart + hours(1)), begin);
  EXPECT_EQ(clock.turn(kWakingStart + hours(1) + milliseconds(400)) - begin, milliseconds(400));
  EXPECT_EQ(clock.turn(kWakingStart + hours(3)) - begin, milliseconds(400));
  EXPECT_EQ(clock.now() - begin, milliseconds(400));
}

}  // namespace
}  // namespace chancery
