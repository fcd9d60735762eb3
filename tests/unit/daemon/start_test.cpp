#include "daemon/start.h"

#include <gtest/gtest.h>

#include "tests/support/outcome.h"

namespace chancery::daemon {
namespace {

constexpr std::uint64_t kStored = 1'700'000'000'000;
constexpr std::uint64_t kTolerance = 600'000;

TEST(ClockTest, AClockMayBeTenMinutesBehindTheStoreAndNotMore) {
  EXPECT_EQ(test::outcome(require_clock(kStored, kStored + 1)), "good");
  EXPECT_EQ(test::outcome(require_clock(kStored, kStored)), "good");
  EXPECT_EQ(test::outcome(require_clock(kStored, kStored - kTolerance)), "good");
  EXPECT_EQ(test::outcome(require_clock(kStored, kStored - kTolerance - 1)), "clock-behind");
  EXPECT_EQ(test::outcome(require_clock(kStored, 0)), "clock-behind");
}

TEST(ClockTest, AnEmptyStoreSaysNothingOfTheClock) {
  EXPECT_EQ(test::outcome(require_clock(0, 0)), "good");
}

TEST(ClockTest, TheDetailSaysByHowMuchAndWhatElseToDo) {
  const Result<void> behind = require_clock(kStored, kStored - 7'200'000);
  ASSERT_FALSE(behind.has_value());
  EXPECT_NE(behind.error().detail.find("7200 s behind"), std::string::npos);
  EXPECT_NE(behind.error().detail.find("--trust-clock"), std::string::npos);
}

}  // namespace
}  // namespace chancery::daemon
