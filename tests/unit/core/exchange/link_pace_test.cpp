#include "core/exchange/link_pace.h"

#include <gtest/gtest.h>

namespace chancery::exchange {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr LinkPace::Time kLinkStart{hours(1)};
constexpr PaceLimits kLimits{
    .bytes_min = 100, .bytes_max = 1600, .in_time_urgent = milliseconds(125)};

// All that may be on the way is, and drains in so long.
void round(LinkPace& pace, LinkPace::Time& now, milliseconds took) {
  const LinkPace::Time sent_at = now;
  now += took;
  pace.drained({.bytes = pace.bytes(), .on_the_way = pace.bytes(), .sent_at = sent_at}, now);
}

LinkPace wide(LinkPace::Time& now) {
  LinkPace pace(kLimits, now);
  for (int i = 0; i < 2; ++i) {
    round(pace, now, milliseconds(250));
  }
  EXPECT_EQ(pace.bytes(), 1600U);
  return pace;
}

TEST(LinkPaceTest, BeginsAtTheLeastAndDoublesWithEachRoundUpToTheMost) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace(kLimits, now);
  for (const std::uint64_t bytes : {100U, 200U, 400U, 800U, 1600U, 1600U}) {
    EXPECT_EQ(pace.bytes(), bytes);
    round(pace, now, milliseconds(1000));
  }
}

TEST(LinkPaceTest, FourTimesAsManyWhereThatWouldBeInTime) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace(kLimits, now);
  round(pace, now, milliseconds(250));
  EXPECT_EQ(pace.bytes(), 400U);
  round(pace, now, milliseconds(251));
  EXPECT_EQ(pace.bytes(), 800U);
}

TEST(LinkPaceTest, WhatComesLateLeavesWhatWouldHaveBeenInTime) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace = wide(now);
  round(pace, now, milliseconds(2500));  // The quickest took 250 ms.
  EXPECT_EQ(pace.bytes(), 800U);
  round(pace, now, milliseconds(5000));
  EXPECT_EQ(pace.bytes(), 200U);
  round(pace, now, hours(1));
  EXPECT_EQ(pace.bytes(), 100U) << "never less than the least";
}

TEST(LinkPaceTest, WhileSomethingUrgentPassesAnEighthIsOnTheWay) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace = wide(now);
  pace.at(now, true);
  EXPECT_EQ(pace.bytes(), 200U);
  pace.at(now, true);
  EXPECT_EQ(pace.bytes(), 200U) << "once";
  round(pace, now, milliseconds(375));  // In time is 125 ms, and the quickest took 250 ms.
  EXPECT_EQ(pace.bytes(), 250U);
  round(pace, now, milliseconds(750));
  EXPECT_EQ(pace.bytes(), 125U);
  pace.at(now, false);
  round(pace, now, milliseconds(250));
  EXPECT_EQ(pace.bytes(), 500U) << "and then as before";
}

TEST(LinkPaceTest, WhatWasLateTogetherCountsOnce) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace = wide(now);
  const LinkPace::Time sent_at = now;
  pace.drained({.bytes = 800, .on_the_way = 1600, .sent_at = sent_at}, now + milliseconds(1500));
  EXPECT_EQ(pace.bytes(), 1333U);
  pace.drained({.bytes = 800, .on_the_way = 800, .sent_at = sent_at}, now + milliseconds(3000));
  EXPECT_EQ(pace.bytes(), 1333U) << "it was on the way when the first came late";
}

TEST(LinkPaceTest, ALinkThatIsHardlyUsedShowsNoRoom) {
  const LinkPace::Time now = kLinkStart;
  LinkPace pace(kLimits, now);
  for (int i = 0; i < 100; ++i) {
    pace.drained({.bytes = 49, .on_the_way = 49, .sent_at = now}, now + milliseconds(1));
  }
  EXPECT_EQ(pace.bytes(), 100U);
  pace.drained({.bytes = 50, .on_the_way = 50, .sent_at = now}, now + milliseconds(1));
  EXPECT_EQ(pace.bytes(), 250U);
}

TEST(LinkPaceTest, WhatNobodyConfirmsIsHalvedEachFiveSeconds) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace = wide(now);
  pace.at(now + milliseconds(4999), false);
  EXPECT_EQ(pace.bytes(), 1600U);
  pace.at(now + seconds(5), false);
  EXPECT_EQ(pace.bytes(), 800U);
  pace.at(now + seconds(10), false);
  EXPECT_EQ(pace.bytes(), 400U);
  pace.at(now + hours(24 * 365), false);
  EXPECT_EQ(pace.bytes(), 100U);
}

// A link with a round trip of half a second that carries 2,400 bytes a second: the way, and a
// second.
TEST(LinkPaceTest, FindsThePlaceOfALinkAndStaysThere) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace({.bytes_min = 100, .bytes_max = 1'000'000}, now);
  for (int i = 0; i < 50; ++i) {
    round(pace, now, milliseconds(500 + pace.bytes() * 1000 / 2400));
    if (i > 8) {
      EXPECT_GE(pace.bytes(), 1200U);
      EXPECT_LE(pace.bytes(), 3200U);
    }
  }
}

// By satellite, or through a disk that takes its time: what is late is not for want of room.
TEST(LinkPaceTest, ALongWayIsNoSlowOne) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace(kLimits, now);
  for (int i = 0; i < 20; ++i) {
    round(pace, now, milliseconds(2000));
  }
  EXPECT_EQ(pace.bytes(), kLimits.bytes_max);
}

// The least takes eight seconds: a quarter more is tried, and given up.
TEST(LinkPaceTest, ASlowWayGetsLittleMoreThanTheLeast) {
  LinkPace::Time now = kLinkStart;
  LinkPace pace(kLimits, now);
  for (int i = 0; i < 50; ++i) {
    round(pace, now, milliseconds(pace.bytes() * 80));
    EXPECT_LE(pace.bytes(), 150U);
  }
}

}  // namespace
}  // namespace chancery::exchange
