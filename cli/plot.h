// Plots as inline SVG, for a page that has no script: drawn here, and nowhere else.
//
// Colours are classes, which the page's style gives for light and dark: axis, grid, one, two,
// label. Each has a title and a description for who does not see it. Axes begin at 0. What others
// wrote is escaped. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::cli {

// For HTML and XML, in texts and in attributes: harmless (io/text/harmless.h), and without markup.
[[nodiscard]] std::string escaped(std::string_view text);

// "12 345": in threes.
[[nodiscard]] std::string grouped(std::uint64_t number);

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
  std::uint64_t value = 0;
};
[[nodiscard]] std::string bars_svg(const PlotText& text, const std::vector<Bar>& bars);

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

}  // namespace chancery::cli
