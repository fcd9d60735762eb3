// What a scenario of `chancery bench` printed with --json, read again from a file: its fields, what
// they are, and that each has the type that it should have.
//
// Files come from anywhere: all that is read here is bounded, checked, and still a stranger's text.
// Fields that this version does not know are left alone, and those that another version did not
// have may be missing.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli::bench {

inline constexpr std::size_t kResultBytesMax = 4U
                                               << 20U;  // A file; a soak of 1,000 windows is 0.7.
inline constexpr std::size_t kResultRowsMax = 1000;     // Of a list in it.
inline constexpr std::size_t kResultTextMax = 1024;     // Bytes.
inline constexpr double kResultNumberMax = 1e15;
inline constexpr std::size_t kResultsMax = 6;  // Of one scenario: a colour each.

enum class Unit : std::uint8_t { kNone, kPerSecond, kMillis, kMicros, kMib, kBytes, kTimes };

// A number of a result, by its name in the JSON. kMillis is in microseconds there.
struct Figure {
  std::string_view name;
  std::string_view label;
  Unit unit = Unit::kNone;
};
// All there are, in the order in which they are shown: of a whole result, and of an item of a list.
[[nodiscard]] std::span<const Figure> result_figures();
[[nodiscard]] std::span<const Figure> ceiling_figures();
[[nodiscard]] std::span<const Figure> ratio_figures();

struct ScenarioKind {
  std::string_view name;
  std::string_view what;  // In a sentence.
  // The list of objects that it has, and the field that tells them apart: a number, or the text of
  // `command`. Then what all of them are in a caption, and what is before and after one's place.
  std::string_view list{};
  std::string_view place{};
  std::string_view each{};
  std::string_view before{};
  std::string_view after{};
};
// In the order in which they are shown.
[[nodiscard]] std::span<const ScenarioKind> scenario_kinds();

struct BenchResult {
  std::string file;
  text::Json json;

  [[nodiscard]] std::string scenario() const { return json.at("scenario").get<std::string>(); }
};

// kMalformed, kLimitExceeded, kNotFound (no such scenario): each names the file and what makes a
// file that is good. Pure.
[[nodiscard]] Result<BenchResult> parse_result(const std::string& file, std::string_view text);
// The same, and what os::read_file() fails with.
[[nodiscard]] Result<BenchResult> read_result(const std::string& file);

// A number of an object that was checked; nothing where it is null or not there.
[[nodiscard]] std::optional<double> number_of(const text::Json& object, std::string_view name);

}  // namespace chancery::cli::bench
