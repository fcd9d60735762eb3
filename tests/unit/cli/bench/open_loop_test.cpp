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

}  // namespace
}  // namespace chancery::cli::bench
