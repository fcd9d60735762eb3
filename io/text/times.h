// Times and durations as people write and read them: RFC 3339 in UTC, "90s", "2h".
//
// The clock is an argument. No state, any thread.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace chancery::text {

using Time = std::chrono::sys_time<std::chrono::microseconds>;

inline constexpr std::chrono::hours kDurationMax{24 * 3660};  // Ten years.

// "500ms", "90s" or "90", "15m", "2h", "7d". kUsage.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// RFC 3339, as "2026-03-01T08:30:00Z" or with an offset; the time or its seconds may be left out.
// kUsage.
[[nodiscard]] Result<Time> parse_time(std::string_view text);

// A time, or a duration: that long before `now`, or after it.
[[nodiscard]] Result<Time> parse_past(std::string_view text, Time now);
[[nodiscard]] Result<Time> parse_future(std::string_view text, Time now);

// "2026-03-01T08:30:00.000Z": RFC 3339, for programs.
[[nodiscard]] std::string time_for_programs(Time time);
// "2026-03-01T08:30:00.000000Z", where a millisecond is not enough.
[[nodiscard]] std::string time_in_us(Time time);
// "2026-03-01 08:30:00Z"
[[nodiscard]] std::string time_for_people(Time time);

}  // namespace chancery::text
