// Dates and times as RFC 3339 writes them.
//
// Pure, no state, any thread.

#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace chancery {

using UnixTime = std::chrono::sys_time<std::chrono::microseconds>;

// "2026-03-01T08:30:00Z" or with an offset, to the millisecond; the time or its seconds may be left
// out, and without a time it is the beginning of the day in UTC. Of the Gregorian calendar, from
// 1970 on.
[[nodiscard]] std::optional<UnixTime> time_from_rfc3339(std::string_view text);

}  // namespace chancery
