#include "core/exchange/scrub_pace.h"

#include <gtest/gtest.h>

namespace chancery::exchange {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr ScrubPace::Time kScrubStart{hours(1)};

TEST(ScrubPaceTest, ASmallStoreIsLookedAtAtItsOwnPace) {
  ScrubPace pace;
  EXPECT_EQ(pace.due(kScrubStart, 10), 0U);
  EXPECT_EQ(pace.due(kScrubStart + milliseconds(4), 10), 0U);
  EXPECT_EQ(pace.due(kScrubStart + milliseconds(100), 10), 20U) << "200 a second";
  EXPECT_EQ(pace.due(kScrubStart + milliseconds(100), 10), 0U);
  EXPECT_EQ(pace.due(kScrubStart + hours(1), 10), kScrubCountMax) << "a pause is not made up for";
}

TEST(ScrubPaceTest, AStoreOfAnySizeIsDoneWithinADay) {
  constexpr std::uint64_t kSize = 86'400'000;
  ScrubPace pace;
  EXPECT_EQ(pace.due(kScrubStart, kSize), 0U);
  EXPECT_EQ(pace.due(kScrubStart + milliseconds(20), kSize), 20U) << "1,001 a second";
}

TEST(ScrubPaceTest, WhereWorkWaitsItIsNoMoreThanADayNeeds) {
  ScrubPace pace;
  EXPECT_EQ(pace.due(kScrubStart, 10, /*idle=*/false), 0U);
  EXPECT_EQ(pace.due(kScrubStart + milliseconds(999), 10, /*idle=*/false), 0U);
  EXPECT_EQ(pace.due(kScrubStart + seconds(2), 10, /*idle=*/false), 2U);
}

TEST(ScrubPaceTest, APassIsFollowedByRestUntilADayHasPassed) {
  ScrubPace pace;
  EXPECT_EQ(pace.due(kScrubStart, 10), 0U);
  EXPECT_EQ(pace.due(kScrubStart + seconds(1), 10), kScrubCountMax);
  pace.whole();
  EXPECT_EQ(pace.pass_count(), 1U);
  EXPECT_EQ(pace.due(kScrubStart + hours(24) - milliseconds(1), 10), 0U);
  EXPECT_EQ(pace.due(kScrubStart + hours(24), 10), 0U) << "it begins";
  EXPECT_EQ(pace.due(kScrubStart + hours(24) + milliseconds(50), 10), 10U);
}

}  // namespace
}  // namespace chancery::exchange
