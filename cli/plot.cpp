#include "cli/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "io/text/harmless.h"

namespace chancery::cli {
namespace {

constexpr int kPageWidth = 720;
constexpr int kLeft = 56;  // Of what is drawn: room for numbers.
constexpr int kRight = 16;
constexpr int kTop = 22;
constexpr int kPlotHeight = 160;
constexpr int kRow = 24;
constexpr int kNames = 168;           // Room for the names of rows.
constexpr int kNumbers = 76;          // And for their numbers.
constexpr std::size_t kNameMax = 24;  // Letters of a name that fit.
constexpr double kNearly = 1 + 1e-9;  // For what is the same but for how it was computed.
constexpr double kDotRadius = 4.5;
constexpr double kPointRadius = 3;        // On a line.
constexpr std::size_t kPointsShown = 60;  // Of a line: beyond that they would be the line.
constexpr std::array<std::string_view, kPlotColours> kColourClasses = {"one",  "two",  "three",
                                                                       "four", "five", "six"};

std::string fixed(double value) {
  const auto tenths = std::llround(value * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string_view dash_class(Lines::Dash dash) {
  switch (dash) {
    case Lines::Dash::kDashed:
      return " dashed";
    case Lines::Dash::kDotted:
      return " dotted";
    case Lines::Dash::kSolid:
      break;
  }
  return "";
}

class Svg {
 public:
  Svg(const PlotText& text, int height) {
    out_ << "<svg role=\"img\" viewBox=\"0 0 " << kPageWidth << " " << height
         << "\" xmlns=\"http://www.w3.org/2000/svg\" aria-labelledby=\"" << text.id << "-t "
         << text.id << "-d\">\n<title id=\"" << text.id << "-t\">" << escaped(text.title)
         << "</title>\n<desc id=\"" << text.id << "-d\">" << escaped(text.description)
         << "</desc>\n";
  }
  void line(std::string_view style, double x1, double y1, double x2, double y2) {
    out_ << "<line class=\"" << style << "\" x1=\"" << fixed(x1) << "\" y1=\"" << fixed(y1)
         << "\" x2=\"" << fixed(x2) << "\" y2=\"" << fixed(y2) << "\"/>\n";
  }
  void box(std::string_view style, double x, double y, double width, double height,
           std::string_view told) {
    out_ << "<rect class=\"" << style << "\" x=\"" << fixed(x) << "\" y=\"" << fixed(y)
         << "\" width=\"" << fixed(width) << "\" height=\"" << fixed(height) << "\">";
    out_ << "<title>" << escaped(told) << "</title></rect>\n";
  }
  void path(std::string_view style, std::string_view way) {
    out_ << "<path class=\"" << style << "\" d=\"" << way << "\"/>\n";
  }
  void dot(std::string_view style, double x, double y, double radius, std::string_view told) {
    out_ << "<circle class=\"" << style << "\" cx=\"" << fixed(x) << "\" cy=\"" << fixed(y)
         << "\" r=\"" << fixed(radius) << "\"><title>" << escaped(told) << "</title></circle>\n";
  }
  void label(double x, double y, std::string_view anchor, std::string_view text) {
    out_ << "<text class=\"label\" x=\"" << fixed(x) << "\" y=\"" << fixed(y) << "\" text-anchor=\""
         << anchor << "\">" << escaped(text) << "</text>\n";
  }
  std::string finish() {
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  std::ostringstream out_;
};

// The upright axis: lines across, and their numbers.
void draw_levels(Svg& svg, double step, double top, std::string_view unit) {
  for (int i = 0; i * step <= top * kNearly; ++i) {
    const double y = kTop + kPlotHeight * (1 - i * step / top);
    svg.line(i == 0 ? "axis" : "grid", kLeft, y, kPageWidth - kRight, y);
    svg.label(kLeft - 8, y + 4, "end", number_text(i * step));
  }
  svg.label(kLeft - 8, 11, "end", unit);
}

std::uint64_t top_of(std::uint64_t largest, std::uint64_t step) {
  return std::max<std::uint64_t>(1, (largest + step - 1) / step) * step;
}

double fine_top_of(double largest, double step) {
  return std::max(1.0, std::ceil(largest / step / kNearly)) * step;
}

// The level axis, under what draw_levels() draws.
void draw_places(Svg& svg, double step, double top, std::string_view across) {
  const double base = kTop + kPlotHeight;
  for (int i = 0; i * step <= top * kNearly; ++i) {
    const double x = kLeft + (kPageWidth - kLeft - kRight) * (i * step / top);
    svg.line("axis", x, base, x, base + 4);
    svg.label(x, base + 18,
              i == 0                      ? "start"
              : i * step >= top / kNearly ? "end"
                                          : "middle",
              number_text(i * step));
  }
  svg.label(kPageWidth - kRight, base + 34, "end", across);
}

void draw_line(Svg& svg, const Lines::Line& line, double right, double top,
               const std::string& unit) {
  const auto x_of = [&](double place) {
    return kLeft + (kPageWidth - kLeft - kRight) * (place / right);
  };
  const auto y_of = [&](double value) { return kTop + kPlotHeight * (1 - value / top); };
  const std::string colour(colour_class(line.colour));
  std::string way;
  bool is_gap = true;
  for (std::size_t i = 0; i < line.places.size(); ++i) {
    const std::optional<double>& value = line.values[i];
    if (value.has_value()) {
      way += (is_gap ? "M" : "L") + fixed(x_of(line.places[i])) + " " + fixed(y_of(*value));
    }
    is_gap = !value.has_value();
  }
  svg.path("line " + colour + std::string(dash_class(line.dash)), way);
  for (std::size_t i = 0; i < line.places.size() && line.places.size() <= kPointsShown; ++i) {
    if (const std::optional<double>& value = line.values[i]; value.has_value()) {
      svg.dot(colour, x_of(line.places[i]), y_of(*value), kPointRadius,
              line.name + ", at " + number_text(line.places[i]) + ": " + number_text(*value) + " " +
                  unit);
    }
  }
}

// For whoever does not see it: how each line begins and ends, and its largest value.
std::string told_of(const Lines& plot) {
  std::string told;
  for (const Lines::Line& line : plot.lines) {
    std::optional<double> first;
    double last = 0;
    double largest = 0;
    for (const std::optional<double>& value : line.values) {
      if (value.has_value()) {
        first = first.value_or(*value);
        last = *value;
        largest = std::max(largest, *value);
      }
    }
    if (first.has_value()) {
      told += " " + line.name + ": first " + number_text(*first) + ", last " + number_text(last) +
              ", largest " + number_text(largest) + " " + plot.unit + ".";
    }
  }
  return told;
}

}  // namespace

// In code points.
std::string shortened(std::string_view text) {
  std::string out = text::harmless(text);
  std::size_t letters = 0;
  for (std::size_t at = 0; at < out.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(out[at]) & 0xc0U) != 0x80U;
    letters += begins ? 1 : 0;
    if (letters > kNameMax) {
      return out.substr(0, at) + "…";
    }
  }
  return out;
}

std::string_view colour_class(std::size_t colour) {
  return kColourClasses.at(colour);
}

std::string escaped(std::string_view text) {
  std::string out;
  const std::string shown = text::harmless(text);
  for (std::size_t at = 0; at < shown.size(); ++at) {
    const char c = shown[at];
    if (shown.compare(at, 2, "\xef\xbf") == 0 && at + 2 < shown.size() && shown[at + 2] >= '\xbe' &&
        shown[at + 2] <= '\xbf') {
      out += "\uFFFD";  // U+FFFE and U+FFFF are none that XML may have.
      at += 2;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, "\u00a0");  // Does not break.
  }
  return text;
}

std::string number_text(double number) {
  const double size = std::abs(number);
  const int digits = size < 10 ? 3 : size < 1000 ? 1 : 0;
  const auto parts = static_cast<std::uint64_t>(std::pow(10, digits));
  const auto units = static_cast<std::uint64_t>(std::llround(size * static_cast<double>(parts)));
  std::string text = (number < 0 && units > 0 ? "−" : "") + grouped(units / parts);
  if (units % parts > 0) {
    std::string rest = std::to_string(parts + units % parts);
    rest.front() = '.';
    text += rest.substr(0, rest.find_last_not_of('0') + 1);
  }
  return text;
}

std::uint64_t axis_step(std::uint64_t largest) {
  for (std::uint64_t ten = 1;; ten *= 10) {
    for (const std::uint64_t times : {1U, 2U, 5U}) {
      if (largest / (times * ten) < 5 || largest == times * ten * 5) {
        return times * ten;
      }
    }
  }
}

double fine_axis_step(double largest) {
  if (largest <= 0) {
    return 1;
  }
  for (double ten = std::pow(10, std::floor(std::log10(largest)) - 1);; ten *= 10) {
    for (const double times : {1, 2, 5}) {
      if (largest <= times * ten * 5 * kNearly) {
        return times * ten;
      }
    }
  }
}

std::string columns_svg(const PlotText& text, const Columns& plot) {
  Svg svg(text, kTop + kPlotHeight + 26);
  std::uint64_t largest = 0;
  for (const Columns::Column& column : plot.columns) {
    largest = std::max(largest, column.one + column.two);
  }
  const std::uint64_t step = axis_step(largest);
  const std::uint64_t top = top_of(largest, step);
  draw_levels(svg, static_cast<double>(step), static_cast<double>(top), plot.unit);
  const double width = static_cast<double>(kPageWidth - kLeft - kRight) /
                       static_cast<double>(std::max<std::size_t>(1, plot.columns.size()));
  const double gap = std::min(8.0, width * 0.2);
  const auto height_of = [&](std::uint64_t value) {
    return kPlotHeight * static_cast<double>(value) / static_cast<double>(top);
  };
  for (std::size_t i = 0; i < plot.columns.size(); ++i) {
    const Columns::Column& column = plot.columns[i];
    const double x = kLeft + static_cast<double>(i) * width;
    const double base = kTop + kPlotHeight;
    const double one = height_of(column.one);
    if (column.one > 0) {
      svg.box("one", x + gap / 2, base - one, width - gap, one, column.told);
    }
    if (column.two > 0) {
      const double two = height_of(column.two);
      svg.box("two", x + gap / 2, base - one - two, width - gap, two, column.told);
    }
    if (!column.label.empty()) {
      const double at = plot.at_edges ? x : x + width / 2;
      if (plot.at_edges) {
        svg.line("axis", at, base, at, base + 4);
      }
      svg.label(at, base + 18, plot.at_edges && i == 0 ? "start" : "middle", column.label);
    }
  }
  return svg.finish();
}

std::string bars_svg(const PlotText& text, const std::vector<Bar>& bars) {
  std::vector<Stack> stacks;
  stacks.reserve(bars.size());
  for (const Bar& bar : bars) {
    stacks.push_back(
        {.name = bar.name,
         .parts = {
             {.value = bar.value, .colour = 0, .told = bar.name + ": " + number_text(bar.value)}}});
  }
  return stacks_svg(text, stacks);
}

std::string stacks_svg(const PlotText& text, const std::vector<Stack>& stacks) {
  const auto sum_of = [](const Stack& stack) {
    double sum = 0;
    for (const Stack::Part& part : stack.parts) {
      sum += part.value;
    }
    return sum;
  };
  Svg svg(text, static_cast<int>(stacks.size()) * kRow + 8);
  double largest = 0;
  for (const Stack& stack : stacks) {
    largest = std::max(largest, sum_of(stack));
  }
  const double each = largest > 0 ? (kPageWidth - kNames - kNumbers) / largest : 0;
  double y = 4;
  for (const Stack& stack : stacks) {
    svg.label(kNames - 10, y + kRow * 0.68, "end", shortened(stack.name));
    double x = kNames;
    for (const Stack::Part& part : stack.parts) {
      svg.box(colour_class(part.colour), x, y + 4, part.value * each, kRow - 8, part.told);
      x += part.value * each;
    }
    svg.label(x + 8, y + kRow * 0.68, "start", number_text(sum_of(stack)));
    y += kRow;
  }
  svg.line("axis", kNames, 2, kNames, y + 2);
  return svg.finish();
}

std::string lines_svg(const PlotText& text, const Lines& plot) {
  double right = 0;
  double largest = 0;
  for (const Lines::Line& line : plot.lines) {
    for (const double place : line.places) {
      right = std::max(right, place);
    }
    for (const std::optional<double>& value : line.values) {
      largest = std::max(largest, value.value_or(0));
    }
  }
  Svg svg({.id = text.id, .title = text.title, .description = text.description + told_of(plot)},
          kTop + kPlotHeight + 42);
  const double step = fine_axis_step(largest);
  const double top = fine_top_of(largest, step);
  draw_levels(svg, step, top, plot.unit);
  const double step_across = fine_axis_step(right);
  const double top_across = fine_top_of(right, step_across);
  draw_places(svg, step_across, top_across, plot.across);
  for (const Lines::Line& line : plot.lines) {
    draw_line(svg, line, top_across, top, plot.unit);
  }
  return svg.finish();
}

std::string lines_key(const Lines& plot) {
  std::string key;
  for (const Lines::Line& line : plot.lines) {
    key +=
        "<svg class=\"sample\" viewBox=\"0 0 28 10\" xmlns=\"http://www.w3.org/2000/svg\" "
        "aria-hidden=\"true\"><path class=\"line " +
        std::string(colour_class(line.colour)) + std::string(dash_class(line.dash)) +
        "\" d=\"M0 5L28 5\"/></svg>" + escaped(line.name);
  }
  return key;
}

std::string dots_svg(const PlotText& text, const std::vector<Dot>& dots) {
  const int height = static_cast<int>(dots.size()) * kRow + 8;
  Svg svg(text, height + 26);
  std::uint64_t largest = 0;
  for (const Dot& dot : dots) {
    largest = std::max(largest, dot.is_there ? dot.seconds : 0);
  }
  const std::uint64_t step = axis_step(largest);
  const std::uint64_t top = top_of(largest, step);
  const double room = kPageWidth - kNames - kNumbers;
  const auto x_of = [&](std::uint64_t seconds) {
    return kNames + room * static_cast<double>(seconds) / static_cast<double>(top);
  };
  for (std::uint64_t level = 0; level <= top; level += step) {
    svg.line(level == 0 ? "axis" : "grid", x_of(level), 2, x_of(level), height);
    svg.label(x_of(level), height + 18, "middle", grouped(level) + (level == 0 ? "" : " s"));
  }
  double y = 4;
  for (const Dot& dot : dots) {
    svg.label(kNames - 10, y + kRow * 0.68, "end", shortened(dot.name));
    if (dot.is_there) {
      svg.dot("one", x_of(dot.seconds), y + kRow * 0.5, kDotRadius,
              dot.name + ": " + grouped(dot.seconds) + " seconds");
    } else {
      svg.label(kNames + 8, y + kRow * 0.68, "start", dot.absent);
    }
    y += kRow;
  }
  return svg.finish();
}

}  // namespace chancery::cli
