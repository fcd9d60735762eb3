#include "io/text/times.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "core/base/encoding.h"
#include "core/base/rfc3339.h"

namespace chancery::text {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds size;
};

constexpr std::array<Unit, 6> kUnits = {{{"ms", milliseconds(1)},
                                         {"s", std::chrono::seconds(1)},
                                         {"", std::chrono::seconds(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"h", std::chrono::hours(1)},
                                         {"d", std::chrono::hours(24)}}};

bool looks_like_duration(std::string_view text) {
  return text.find('-') == std::string_view::npos;
}

// "2026-03-01T08:30:00". snprintf() and no streams: a date is shown the same under every locale.
std::string shown(Time time, char between) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 40> out{};
  const int size = std::snprintf(
      out.data(), out.size(), "%04d-%02u-%02u%c%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), between,
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

// ".000123"
std::string fraction_in_us(Time time) {
  const auto us = time - std::chrono::floor<std::chrono::seconds>(time);
  std::string digits = std::to_string(1'000'000 + us.count());
  digits.front() = '.';
  return digits;
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = from_decimal(text.substr(0, digits));
  for (const Unit& unit : kUnits) {
    if (!count.has_value() || unit.name != text.substr(digits)) {
      continue;
    }
    const auto most = static_cast<std::uint64_t>(milliseconds(kDurationMax) / unit.size);
    if (*count <= most) {
      return unit.size * static_cast<std::int64_t>(*count);
    }
    return fail(ErrorCode::kUsage, "'" + std::string(text) + "' is longer than ten years");
  }
  return fail(ErrorCode::kUsage,
              "'" + std::string(text) + "' is not a duration, as 500ms, 90s, 15m, 2h or 7d");
}

Result<Time> parse_time(std::string_view text) {
  if (const auto time = time_from_rfc3339(text)) {
    return *time;
  }
  return fail(ErrorCode::kUsage,
              "'" + std::string(text) + "' is not a time, as 2026-03-01 or 2026-03-01T08:30:00Z");
}

Result<Time> parse_past(std::string_view text, Time now) {
  if (!looks_like_duration(text)) {
    return parse_time(text);
  }
  CHANCERY_TRY(const milliseconds ago, parse_duration(text));
  return now - ago;
}

Result<Time> parse_future(std::string_view text, Time now) {
  if (!looks_like_duration(text)) {
    return parse_time(text);
  }
  CHANCERY_TRY(const milliseconds ahead, parse_duration(text));
  return now + ahead;
}

std::string time_for_programs(Time time) {
  return shown(time, 'T') + fraction_in_us(time).substr(0, 4) + "Z";
}

std::string time_in_us(Time time) {
  return shown(time, 'T') + fraction_in_us(time) + "Z";
}

std::string time_for_people(Time time) {
  return shown(time, ' ') + "Z";
}

}  // namespace chancery::text
