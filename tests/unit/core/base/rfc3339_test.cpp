#include "core/base/rfc3339.h"

#include <gtest/gtest.h>

namespace chancery {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

UnixTime at(std::int64_t unix_s, int ms = 0) {
  return UnixTime(std::chrono::seconds(unix_s)) + milliseconds(ms);
}

TEST(Rfc3339Test, ATimeIsOneInUtc) {
  EXPECT_EQ(time_from_rfc3339("1970-01-01"), at(0));
  EXPECT_EQ(time_from_rfc3339("1970-01-02T00:00:01.25Z"), at(86401, 250));
  EXPECT_EQ(time_from_rfc3339("2026-03-01T03:00:00+03:00"), time_from_rfc3339("2026-03-01"));
  EXPECT_EQ(time_from_rfc3339("2026-02-28T23:00:00-01:00"), time_from_rfc3339("2026-03-01"));
  EXPECT_EQ(time_from_rfc3339("9999-12-31T23:59:59Z"), at(253'402'300'799));
}

TEST(Rfc3339Test, DaysAreThoseOfTheCalendar) {
  EXPECT_TRUE(time_from_rfc3339("2024-02-29"));
  for (const char* const none :
       {"2025-02-29", "2026-04-31", "2026-00-01", "2026-01-00", "2100-02-29", "1969-12-31",
        "2026-1-1", "", "26-01-01", "2026-01-01 "}) {
    EXPECT_FALSE(time_from_rfc3339(none)) << none;
  }
}

}  // namespace
}  // namespace chancery
