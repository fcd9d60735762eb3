#include "core/base/rfc3339.h"

namespace chancery {
namespace {

using std::chrono::milliseconds;
using Days = std::chrono::sys_days;

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

}  // namespace

std::optional<UnixTime> time_from_rfc3339(std::string_view text) {
  Scanner scanner(text);
  const auto date = scan_date(scanner);
  if (!date) {
    return std::nullopt;
  }
  if (scanner.at_end()) {
    return UnixTime(*date);
  }
  if (!scanner.take('T') && !scanner.take(' ')) {
    return std::nullopt;
  }
  const auto clock = scan_clock(scanner);
  const auto offset = clock ? scan_offset(scanner) : std::nullopt;
  if (!offset || !scanner.at_end()) {
    return std::nullopt;
  }
  const UnixTime time = UnixTime(*date) + *clock - *offset;
  return time < UnixTime() ? std::nullopt : std::optional(time);
}

}  // namespace chancery
