// A line of a daemon's log, with an event's name, a field's name and values that peers chose.
//
// Holds: it is one line of printable UTF-8; as JSON it is an object that says what was logged, as
// far as it was not cut; a value of any size costs a bounded line.

#include <algorithm>
#include <array>

#include "core/base/encoding.h"
#include "io/log/log.h"
#include "io/text/json.h"
#include "tests/fuzz/input.h"

namespace logging = chancery::log;

namespace {

// An escaped value: at most six bytes for one, and what the cut adds.
constexpr std::size_t kLineBytesMax = 4 * (6 * logging::kValueSizeMax + 40) + 200;

void check_line(std::string_view line) {
  CHANCERY_CHECK(chancery::is_utf8(line) && line.size() <= kLineBytesMax);
  CHANCERY_CHECK(std::ranges::all_of(
      chancery::as_bytes(line), [](std::uint8_t byte) { return byte >= 0x20 && byte != 0x7f; }));
  // C1 controls, line ends of Unicode, and what turns the direction of writing.
  for (const std::string_view hidden :
       {"\xc2\x80", "\xc2\x9b", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae",
        "\xe2\x81\xa6", "\xe2\x80\x8b", "\xef\xbb\xbf"}) {
    CHANCERY_CHECK(line.find(hidden) == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  const auto level = static_cast<logging::Level>(input.choice(4));
  const std::uint64_t number = input.number();
  const std::string event(input.chunk());
  const std::string name(input.chunk());
  const std::string value(input.rest());
  const std::array<logging::Field, 3> fields = {logging::Field("n", number),
                                                logging::Field(name, value),
                                                logging::Field("good", number % 2 == 0)};
  check_line(logging::format_text(level, event, fields));
  const std::string json = logging::format_json(level, "chancery-hub", event, fields);
  check_line(json);
  const auto parsed = chancery::text::parse_json("{" + json + "}", 1);
  const bool repeats =
      name == "n" || name == "good" || name == "level" || name == "program" || name == "event";
  CHANCERY_CHECK(parsed.has_value() || repeats);
  if (parsed.has_value() && chancery::is_utf8(value) && value.size() <= logging::kValueSizeMax &&
      chancery::is_utf8(name) && name.size() <= logging::kValueSizeMax) {
    CHANCERY_CHECK(parsed->value(name, "") == value &&
                   parsed->value("n", std::uint64_t{1}) == number);
  }
  return 0;
}
