#include "cli/toml_text.h"

#include <cstdint>
#include <optional>

#include "io/text/json.h"

namespace chancery::cli {
namespace {

enum class Quotes : std::uint8_t { kNone, kBasic, kLiteral, kBasicLines, kLiteralLines };

// Where in a text a reader stands: in quotes, in brackets, or where the next statement may begin.
class TomlPlace {
 public:
  [[nodiscard]] bool begins_statement() const { return quotes_ == Quotes::kNone && depth_ == 0; }

  void read_line(std::string_view line) {
    while (!line.empty()) {
      const std::size_t count = quotes_ == Quotes::kNone ? outside(line) : inside(line);
      line.remove_prefix(count);
    }
    if (quotes_ == Quotes::kBasic || quotes_ == Quotes::kLiteral) {
      quotes_ = Quotes::kNone;  // These end with their line.
    }
  }

 private:
  // How many characters belong together at the front, after taking them in.
  std::size_t outside(std::string_view line) {
    if (line.starts_with(R"(""")") || line.starts_with("'''")) {
      quotes_ = line.front() == '"' ? Quotes::kBasicLines : Quotes::kLiteralLines;
      return 3;
    }
    switch (line.front()) {
      case '"':
        quotes_ = Quotes::kBasic;
        return 1;
      case '\'':
        quotes_ = Quotes::kLiteral;
        return 1;
      case '#':
        return line.size();
      case '[':
      case '{':
        ++depth_;
        return 1;
      case ']':
      case '}':
        --depth_;
        return 1;
      default:
        return 1;
    }
  }

  std::size_t inside(std::string_view line) {
    const bool escapes = quotes_ == Quotes::kBasic || quotes_ == Quotes::kBasicLines;
    if (escapes && line.front() == '\\') {
      return line.size() < 2 ? 1 : 2;
    }
    const char quote = escapes ? '"' : '\'';
    if (line.front() != quote) {
      return 1;
    }
    const bool ends_with_one = quotes_ == Quotes::kBasic || quotes_ == Quotes::kLiteral;
    if (ends_with_one) {
      quotes_ = Quotes::kNone;
      return 1;
    }
    // Up to two quotes may stand before the three that end it.
    std::size_t count = line.find_first_not_of(quote);
    count = count == std::string_view::npos ? line.size() : count;
    if (count >= 3) {
      quotes_ = Quotes::kNone;
    }
    return count;
  }

  Quotes quotes_ = Quotes::kNone;
  std::int64_t depth_ = 0;
};

enum class LineKind : std::uint8_t { kEmpty, kComment, kHeader, kContent };

struct TomlLine {
  LineKind kind = LineKind::kContent;
  std::size_t begin = 0;
  std::size_t end = 0;  // Past its line end.
};

std::vector<TomlLine> lines_of(std::string_view text) {
  std::vector<TomlLine> lines;
  TomlPlace place;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t found = text.find('\n', begin);
    const std::size_t end = found == std::string_view::npos ? text.size() : found + 1;
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t first = line.find_first_not_of(" \t\r\n");
    LineKind kind = LineKind::kContent;
    if (place.begins_statement()) {
      if (first == std::string_view::npos) {
        kind = LineKind::kEmpty;
      } else if (line[first] == '#') {
        kind = LineKind::kComment;
      } else if (line[first] == '[') {
        kind = LineKind::kHeader;
      }
    }
    lines.push_back({.kind = kind, .begin = begin, .end = end});
    place.read_line(line);
    begin = end;
  }
  return lines;
}

// "[[ "application" ]]  # ours" is the header "[[application]]".
std::string header_of(std::string_view line) {
  std::string header;
  for (const char c : line.substr(0, line.find(']'))) {
    if (c != ' ' && c != '\t' && c != '"' && c != '\'') {
      header += c;
    }
  }
  return header + "]]";
}

}  // namespace

// JSON's escapes are a part of TOML's.
std::string toml_text(std::string_view text) {
  return text::dump(text::Json(std::string(text)));
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : ", ") + toml_text(text);
  }
  return "[" + out + "]";
}

std::string toml_line(std::string_view key, std::string_view text) {
  return std::string(key) + " = " + toml_text(text) + "\n";
}

std::string with_table(std::string_view text, std::string_view table) {
  std::string out(text);
  if (!out.empty()) {
    out += out.ends_with('\n') ? "\n" : "\n\n";
  }
  return out + std::string(table);
}

Result<std::string> without_table(std::string_view text, std::string_view name,
                                  std::size_t number) {
  const std::string wanted = "[[" + std::string(name) + "]]";
  const std::vector<TomlLine> lines = lines_of(text);
  std::optional<std::size_t> first;
  std::size_t last = 0;
  std::size_t met = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const TomlLine& line = lines[i];
    if (line.kind == LineKind::kHeader) {
      if (first.has_value()) {
        break;
      }
      if (header_of(text.substr(line.begin, line.end - line.begin)) == wanted && met++ == number) {
        first = last = i;
      }
    } else if (first.has_value() && line.kind == LineKind::kContent) {
      last = i;
    }
  }
  if (!first.has_value()) {
    return fail(ErrorCode::kNotFound, "no line " + wanted + " of number " + std::to_string(number));
  }
  const auto is_empty = [&](std::size_t i) { return lines[i].kind == LineKind::kEmpty; };
  const bool nothing_after = last + 1 == lines.size() || is_empty(last + 1);
  if (*first > 0 && is_empty(*first - 1) && nothing_after) {
    --*first;
  }
  std::string out(text.substr(0, lines[*first].begin));
  return out.append(text.substr(lines[last].end));
}

}  // namespace chancery::cli
