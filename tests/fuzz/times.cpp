// Times and durations, as a user or a notice file writes them.
//
// Holds: what is read is between 1970 and ten years after `now` or the end of year 9999; as
// programs write it, it reads as the same millisecond; the past form goes back as far as the other
// goes on.

#include "io/text/times.h"

#include "tests/fuzz/input.h"

namespace times = chancery::text;
using chancery::text::Time;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = chancery::as_view(chancery::Bytes(data, size));
  const Time now{std::chrono::seconds(1'700'000'000)};
  const auto duration = times::parse_duration(text);
  if (duration.has_value()) {
    CHANCERY_CHECK(duration->count() >= 0 && *duration <= times::kDurationMax);
  }
  const auto time = times::parse_time(text);
  if (time.has_value()) {
    const Time end{std::chrono::sys_days(std::chrono::year(10'001) / 1 / 1)};
    CHANCERY_CHECK(*time >= Time() && *time < end);
    const std::string written = times::time_for_programs(*time);
    const auto again = times::parse_time(written);
    CHANCERY_CHECK(written.size() > 24 || (again.has_value() && *again == *time));
    CHANCERY_CHECK(times::time_for_people(*time).ends_with('Z'));
  }
  const auto past = times::parse_past(text, now);
  const auto future = times::parse_future(text, now);
  CHANCERY_CHECK(past.has_value() == future.has_value());
  if (past.has_value() && duration.has_value() && !time.has_value()) {
    CHANCERY_CHECK(*future - now == *duration && now - *past == *duration);
  }
  return 0;
}
