#include "io/text/harmless.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/encoding.h"

namespace chancery::text {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;
};

// What is not UTF-8 counts as one byte of U+FFFD.
CodePoint first_code_point(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte < 0x80) {
    return {byte, 1};
  }
  const std::size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
  const std::string_view sequence = text.substr(0, size);
  if (sequence.size() != size || !is_utf8(sequence)) {
    return {0xfffd, 1};
  }
  char32_t value = byte & (0x7fU >> size);
  for (const char next : sequence.substr(1)) {
    value = (value << 6U) | (static_cast<unsigned char>(next) & 0x3fU);
  }
  return {value, size};
}

struct Range {
  char32_t first;
  char32_t last;
};

// Controls, and what a reader does not see, or sees elsewhere than it stands.
constexpr std::array kDeceptive = {
    Range{0x0, 0x1f},      Range{0x7f, 0x9f},     Range{0xad, 0xad},       Range{0x61c, 0x61c},
    Range{0x180e, 0x180e}, Range{0x200b, 0x200f}, Range{0x2028, 0x202e},   Range{0x2060, 0x206f},
    Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe007f},
};

bool is_deceptive(char32_t c) {
  return std::ranges::any_of(
      kDeceptive, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

// Most of any text: printable ASCII, in one piece.
std::size_t plain_size(std::string_view text) {
  const auto* const end = std::ranges::find_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f;
  });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const std::size_t plain = plain_size(text); plain > 0) {
      out += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    const CodePoint point = first_code_point(text);
    const bool broken = point.value == 0xfffd && point.size == 1;
    if (broken || is_deceptive(point.value)) {
      append_json_escape(out, point.value);
    } else {
      out += text.substr(0, point.size);
    }
    text.remove_prefix(point.size);
  }
  return out;
}

std::string json_line(const Json& value) {
  return harmless(dump(value));
}

}  // namespace chancery::text
