// Plots as inline SVG, for a page that has no script: drawn here, and nowhere else.
//
// Colours are classes, which the page's style (html.h) gives for light and dark: axis, grid, label,
// and one to six. Each has a title and a description for who does not see it. Axes begin at 0. What
// others wrote is escaped. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::cli {

// For HTML and XML, in texts and in attributes: harmless (io/text/harmless.h), and without markup.
[[nodiscard]] std::string escaped(std::string_view text);

// "12 345": in threes.
[[nodiscard]] std::string grouped(std::uint64_t number);

// "12 345", "87.5", "0.031": no more digits than a measurement has, and none that say nothing.
[[nodiscard]] std::string number_text(double number);

// Harmless, and cut to the 24 letters for which a plot has room; what is cut says so.
[[nodiscard]] std::string shortened(std::string_view text);

inline constexpr std::size_t kPlotColours = 6;
// "one" to "six".
[[nodiscard]] std::string_view colour_class(std::size_t colour);

struct PlotText {
  std::string id;  // Of this plot in the page: letters.
  std::string title;
  std::string description;
};

// Columns side by side, each of two parts, the second on top of the first.
struct Columns {
  struct Column {
    std::uint64_t one = 0;
    std::uint64_t two = 0;
    std::string label = {};  // Below it; empty for none.
    std::string told = {};   // What a pointer that rests on it is told.
  };
  std::vector<Column> columns;
  std::string unit;  // Of the upright axis: "notices".
  // Labels stand at the left edges of their columns, as times do, and not in the middle.
  bool at_edges = false;
};
[[nodiscard]] std::string columns_svg(const PlotText& text, const Columns& plot);

// Bars below each other, with their names at the left and their numbers at the right.
struct Bar {
  std::string name;
  double value = 0;
};
[[nodiscard]] std::string bars_svg(const PlotText& text, const std::vector<Bar>& bars);

// The same of parts side by side, with their sum at the right.
struct Stack {
  struct Part {
    double value = 0;
    std::size_t colour = 0;  // Below kPlotColours.
    std::string told;        // What a pointer that rests on it is told.
  };
  std::string name;
  std::vector<Part> parts;
};
[[nodiscard]] std::string stacks_svg(const PlotText& text, const std::vector<Stack>& stacks);

// Lines over common places on an axis from 0. All numbers are 0 or more.
struct Lines {
  enum class Dash : std::uint8_t { kSolid, kDashed, kDotted };
  struct Line {
    std::string name;
    std::size_t colour = 0;  // Below kPlotColours.
    Dash dash = Dash::kSolid;
    std::vector<double> places;
    std::vector<std::optional<double>> values;  // One for each place; nothing is a gap.
  };
  std::vector<Line> lines;
  std::string across;  // What the places are: "notices a second".
  std::string unit;    // Of the upright axis.
};
[[nodiscard]] std::string lines_svg(const PlotText& text, const Lines& plot);
// Markup: which line is which.
[[nodiscard]] std::string lines_key(const Lines& plot);

// One dot a row on a common axis from 0, in seconds; a row without a dot says why.
struct Dot {
  std::string name;
  bool is_there = false;
  std::uint64_t seconds = 0;
  std::string absent;
};
[[nodiscard]] std::string dots_svg(const PlotText& text, const std::vector<Dot>& dots);

// The step of an axis from 0 to at least `largest`: 1, 2 or 5 times a power of ten, at most five.
[[nodiscard]] std::uint64_t axis_step(std::uint64_t largest);
// The same where a step may be less than 1.
[[nodiscard]] double fine_axis_step(double largest);

}  // namespace chancery::cli
