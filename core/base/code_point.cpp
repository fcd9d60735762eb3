#include "core/base/code_point.h"

#include <algorithm>
#include <array>

#include "core/base/encoding.h"

namespace chancery {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array kDeceptive = {
    Range{0x0, 0x1f},      Range{0x7f, 0x9f},       Range{0xad, 0xad},     Range{0x34f, 0x34f},
    Range{0x61c, 0x61c},   Range{0x115f, 0x1160},   Range{0x17b4, 0x17b5}, Range{0x180b, 0x180f},
    Range{0x200b, 0x200f}, Range{0x2028, 0x202e},   Range{0x2060, 0x206f}, Range{0x2800, 0x2800},
    Range{0x3164, 0x3164}, Range{0xfe00, 0xfe0f},   Range{0xfeff, 0xfeff}, Range{0xffa0, 0xffa0},
    Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe0fff},
};

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte < 0x80) {
    return {.value = byte, .size = 1};
  }
  const std::size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
  const std::string_view sequence = text.substr(0, size);
  if (sequence.size() != size || !is_utf8(sequence)) {
    return {.value = 0xfffd, .size = 1, .is_broken = true};
  }
  char32_t value = byte & (0x7fU >> size);
  for (const char next : sequence.substr(1)) {
    value = (value << 6U) | (static_cast<unsigned char>(next) & 0x3fU);
  }
  return {.value = value, .size = size};
}

bool is_deceptive(char32_t code_point) {
  return std::ranges::any_of(kDeceptive, [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

}  // namespace chancery
