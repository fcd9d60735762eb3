#include "cli/bench/open_loop.h"

#include <gtest/gtest.h>

#include <chrono>

namespace chancery::cli::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Clock::time_point kStart{std::chrono::seconds(1000)};

TEST(ScheduleTest, NoticesAreDueEvenlyFromTheStartOn) {
  const Schedule schedule(kStart, 200, 1000);
  EXPECT_EQ(schedule.due(0), kStart);
  EXPECT_EQ(schedule.due(1), kStart + milliseconds(5));
  EXPECT_EQ(schedule.due(999), kStart + milliseconds(4995));
}

TEST(ScheduleTest, NothingIsDueBeforeTheStartAndNoMoreThanThereAre) {
  const Schedule schedule(kStart, 200, 3);
  EXPECT_EQ(schedule.due_count(kStart - nanoseconds(1)), 0U);
  EXPECT_EQ(schedule.due_count(kStart), 1U);
  EXPECT_EQ(schedule.due_count(kStart + std::chrono::hours(1)), 3U);
}

TEST(ScheduleTest, WhatIsDueIsCountedAsItIsTimed) {
  for (const std::uint32_t rate : {1U, 3U, 7U, 200U, 10'000U, 999'983U}) {
    const Schedule schedule(kStart, rate, 1'000'000'000);
    for (const std::uint64_t place : {0UL, 1UL, 2UL, 6UL, 12'345UL, 7'654'321UL}) {
      // A nanosecond is what times are rounded by.
      EXPECT_EQ(schedule.due_count(schedule.due(place) + nanoseconds(1)), place + 1) << rate;
      EXPECT_LE(schedule.due_count(schedule.due(place) - nanoseconds(1)), place) << rate;
    }
  }
}

TEST(TurnsTest, OriginsComeOneAfterTheOther) {
  const Turns turns({10, 500, 0}, 7);
  EXPECT_EQ(turns.count_of(0, 7), 3U);
  EXPECT_EQ(turns.count_of(1, 7), 2U);
  EXPECT_EQ(turns.count_of(2, 7), 2U);
  EXPECT_EQ(turns.count_of(0, 0), 0U);
  EXPECT_EQ(turns.count_of(2, 2), 0U);
  EXPECT_EQ(turns.count_of(2, 3), 1U);
  for (std::uint64_t place = 0; place < 7; ++place) {
    const Name name{.origin = place % 3, .number = turns.number_of(place % 3, place / 3)};
    EXPECT_EQ(turns.find(name), place);
    EXPECT_EQ(turns.place_of(place % 3, place / 3), place);
  }
}

TEST(TurnsTest, WhatIsBeforeOrBehindTheRowIsNoneOfIt) {
  const Turns turns({10, 500}, 3);
  EXPECT_EQ(turns.find({.origin = 0, .number = 9}), std::nullopt);
  EXPECT_EQ(turns.find({.origin = 0, .number = 12}), std::nullopt);
  EXPECT_EQ(turns.find({.origin = 1, .number = 499}), std::nullopt);
  EXPECT_EQ(turns.find({.origin = 1, .number = 501}), std::nullopt);
  EXPECT_EQ(turns.find({.origin = 2, .number = 10}), std::nullopt);
  EXPECT_EQ(turns.find({.origin = 1, .number = 500}), 1U);
}

}  // namespace
}  // namespace chancery::cli::bench
