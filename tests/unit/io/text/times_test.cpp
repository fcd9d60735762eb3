#include "io/text/times.h"

#include <gtest/gtest.h>

namespace chancery::text {
namespace {

using std::chrono::milliseconds;

std::string again(std::string_view text) {
  const auto time = parse_time(text);
  return time.has_value() ? time_for_programs(*time) : time.error().detail;
}

TEST(TimesTest, ReadsRfc3339) {
  EXPECT_EQ(again("2026-03-01T08:30:00Z"), "2026-03-01T08:30:00.000Z");
  EXPECT_EQ(again("2026-03-01T08:30:00.1234Z"), "2026-03-01T08:30:00.123Z");
  EXPECT_EQ(again("2026-03-01T08:30:00+03:00"), "2026-03-01T05:30:00.000Z");
  EXPECT_EQ(again("2026-03-01T23:30-01:00"), "2026-03-02T00:30:00.000Z");
  EXPECT_EQ(again("2026-03-01"), "2026-03-01T00:00:00.000Z");
  EXPECT_EQ(again("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(time_for_people(parse_time("2026-03-01T08:30:09Z").value()), "2026-03-01 08:30:09Z");
}

TEST(TimesTest, RefusesWhatIsNoTime) {
  for (const char* wrong :
       {"", "2026", "2026-3-1", "2026-13-01", "2025-02-29", "2026-03-01T", "2026-03-01T08:30:00",
        "2026-03-01T24:00:00Z", "2026-03-01T08:60:00Z", "2026-03-01T08:30:00Zx",
        "2026-03-01T08:30:00.Z", "2026-03-01T08:30:00.1234567890Z", "2026-03-01T08:30:00+3",
        "1969-12-31", "1970-01-01T00:00:00+01:00", "-026-01-01"}) {
    const auto time = parse_time(wrong);
    ASSERT_FALSE(time.has_value()) << wrong;
    EXPECT_EQ(time.error().code, ErrorCode::kUsage);
  }
}

TEST(TimesTest, ReadsDurations) {
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
  EXPECT_EQ(parse_duration("90").value(), milliseconds(90'000));
  EXPECT_EQ(parse_duration("90s").value(), milliseconds(90'000));
  EXPECT_EQ(parse_duration("15m").value(), std::chrono::minutes(15));
  EXPECT_EQ(parse_duration("2h").value(), std::chrono::hours(2));
  for (const char* wrong : {"", "s", "-1s", "1.5h", "1w", "01s", "1 s", "99999999999999999999"}) {
    EXPECT_FALSE(parse_duration(wrong).has_value()) << wrong;
  }
}

// The limit of kDurationMax, 3,660 days: at it and one over.
TEST(TimesTest, ADurationOfTenYearsIsTakenAndNoneLonger) {
  EXPECT_TRUE(parse_duration("3660d").has_value());
  EXPECT_FALSE(parse_duration("3661d").has_value());
  EXPECT_FALSE(parse_duration("18446744073709551615d").has_value());
}

TEST(TimesTest, ADurationIsBeforeNowOrAfterIt) {
  const Time now = parse_time("2026-03-01T00:00:00Z").value();
  EXPECT_EQ(time_for_people(parse_past("1h", now).value()), "2026-02-28 23:00:00Z");
  EXPECT_EQ(time_for_people(parse_future("1h", now).value()), "2026-03-01 01:00:00Z");
  EXPECT_EQ(time_for_people(parse_future("2026-04-01", now).value()), "2026-04-01 00:00:00Z");
}

}  // namespace
}  // namespace chancery::text
