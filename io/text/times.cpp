#include "io/text/times.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "core/base/encoding.h"

namespace chancery::text {
namespace {

using std::chrono::milliseconds;
using Days = std::chrono::sys_days;

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

// Takes what it reads off the front of the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }
  bool take(char wanted) {
    if (text_.empty() || text_.front() != wanted) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits.
  std::optional<int> number(std::size_t digits) {
    if (text_.size() < digits) {
      return std::nullopt;
    }
    int value = 0;
    for (const char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') {
        return std::nullopt;
      }
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  // Milliseconds of ".123456"; further digits are read over.
  std::optional<int> fraction() {
    int value = 0;
    int weight = 100;
    std::size_t count = 0;
    while (const auto digit = number(1)) {
      value += *digit * weight;
      weight /= 10;
      ++count;
    }
    return count == 0 || count > 9 ? std::nullopt : std::optional(value);
  }

 private:
  std::string_view text_;
};

std::optional<Days> scan_date(Scanner& scanner) {
  const auto year = scanner.number(4);
  const bool first_dash = scanner.take('-');
  const auto month = scanner.number(2);
  const bool second_dash = scanner.take('-');
  const auto day = scanner.number(2);
  if (!year || !first_dash || !month || !second_dash || !day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970) {
    return std::nullopt;
  }
  return Days(date);
}

std::optional<milliseconds> scan_clock(Scanner& scanner) {
  const auto hour = scanner.number(2);
  const bool colon = scanner.take(':');
  const auto minute = scanner.number(2);
  if (!hour || !colon || !minute || *hour > 23 || *minute > 59) {
    return std::nullopt;
  }
  milliseconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (scanner.take(':')) {
    const auto second = scanner.number(2);
    if (!second || *second > 59) {
      return std::nullopt;
    }
    time += std::chrono::seconds(*second);
    if (scanner.take('.')) {
      const auto fraction = scanner.fraction();
      if (!fraction) {
        return std::nullopt;
      }
      time += milliseconds(*fraction);
    }
  }
  return time;
}

std::optional<milliseconds> scan_offset(Scanner& scanner) {
  if (scanner.take('Z') || scanner.take('z')) {
    return milliseconds(0);
  }
  const int sign = scanner.take('+') ? 1 : scanner.take('-') ? -1 : 0;
  const auto hour = scanner.number(2);
  const bool colon = scanner.take(':');
  const auto minute = scanner.number(2);
  if (sign == 0 || !hour || !colon || !minute || *hour > 23 || *minute > 59) {
    return std::nullopt;
  }
  return sign * (std::chrono::hours(*hour) + std::chrono::minutes(*minute));
}

std::optional<Time> scan_time(std::string_view text) {
  Scanner scanner(text);
  const auto date = scan_date(scanner);
  if (!date) {
    return std::nullopt;
  }
  if (scanner.at_end()) {
    return Time(*date);
  }
  if (!scanner.take('T') && !scanner.take(' ')) {
    return std::nullopt;
  }
  const auto clock = scan_clock(scanner);
  const auto offset = clock ? scan_offset(scanner) : std::nullopt;
  if (!offset || !scanner.at_end()) {
    return std::nullopt;
  }
  const Time time = Time(*date) + *clock - *offset;
  return time < Time() ? std::nullopt : std::optional(time);
}

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
  if (const auto time = scan_time(text)) {
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
