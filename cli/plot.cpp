#include "cli/plot.h"

#include <algorithm>
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

std::string fixed(double value) {
  const auto tenths = std::llround(value * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

// In code points; what is cut says so.
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
  void dot(double x, double y, std::string_view told) {
    out_ << "<circle class=\"one\" cx=\"" << fixed(x) << "\" cy=\"" << fixed(y)
         << "\" r=\"4.5\"><title>" << escaped(told) << "</title></circle>\n";
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
void draw_levels(Svg& svg, std::uint64_t step, std::uint64_t top, std::string_view unit) {
  for (std::uint64_t level = 0; level <= top; level += step) {
    const double y =
        kTop + kPlotHeight * (1 - static_cast<double>(level) / static_cast<double>(top));
    svg.line(level == 0 ? "axis" : "grid", kLeft, y, kPageWidth - kRight, y);
    svg.label(kLeft - 8, y + 4, "end", grouped(level));
  }
  svg.label(kLeft - 8, 11, "end", unit);
}

std::uint64_t top_of(std::uint64_t largest, std::uint64_t step) {
  return std::max<std::uint64_t>(1, (largest + step - 1) / step) * step;
}

}  // namespace

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

std::uint64_t axis_step(std::uint64_t largest) {
  for (std::uint64_t ten = 1;; ten *= 10) {
    for (const std::uint64_t times : {1U, 2U, 5U}) {
      if (largest / (times * ten) < 5 || largest == times * ten * 5) {
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
  draw_levels(svg, step, top, plot.unit);
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
  Svg svg(text, static_cast<int>(bars.size()) * kRow + 8);
  std::uint64_t largest = 1;
  for (const Bar& bar : bars) {
    largest = std::max(largest, bar.value);
  }
  double y = 4;
  for (const Bar& bar : bars) {
    const double width = static_cast<double>(kPageWidth - kNames - kNumbers) *
                         static_cast<double>(bar.value) / static_cast<double>(largest);
    svg.label(kNames - 10, y + kRow * 0.68, "end", shortened(bar.name));
    svg.box("one", kNames, y + 4, width, kRow - 8, bar.name + ": " + grouped(bar.value));
    svg.label(kNames + width + 8, y + kRow * 0.68, "start", grouped(bar.value));
    y += kRow;
  }
  svg.line("axis", kNames, 2, kNames, y + 2);
  return svg.finish();
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
      svg.dot(x_of(dot.seconds), y + kRow * 0.5,
              dot.name + ": " + grouped(dot.seconds) + " seconds");
    } else {
      svg.label(kNames + 8, y + kRow * 0.68, "start", dot.absent);
    }
    y += kRow;
  }
  return svg.finish();
}

}  // namespace chancery::cli
