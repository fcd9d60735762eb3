// Times and durations as people write and read them: RFC 3339 in UTC, "90s", "2h".
//
// The clock is an argument. No state, any thread.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "chancery/notice.h"
#include "core/base/result.h"

namespace chancery::cli {

inline constexpr std::chrono::hours kDurationMax{24 * 3660};  // Ten years.

// "500ms", "90s" or "90", "15m", "2h", "7d". kUsage.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// RFC 3339, as "2026-03-01T08:30:00Z" or with an offset; the time or its seconds may be left out.
// kUsage.
[[nodiscard]] Result<client::Time> parse_time(std::string_view text);

// A time, or a duration: that long before `now`, or after it.
[[nodiscard]] Result<client::Time> parse_past(std::string_view text, client::Time now);
[[nodiscard]] Result<client::Time> parse_future(std::string_view text, client::Time now);

[[nodiscard]] client::Time time_now();

// "2026-03-01T08:30:00.000Z": RFC 3339, for programs.
[[nodiscard]] std::string time_for_programs(client::Time time);
// "2026-03-01 08:30:00Z"
[[nodiscard]] std::string time_for_people(client::Time time);

}  // namespace chancery::cli
