// The code points of a text, one after the other, and which of them nobody should be shown as they
// are.

#pragma once

#include <cstddef>
#include <string_view>

namespace chancery {

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;    // In bytes.
  bool is_broken = false;  // No UTF-8 (RFC 3629): one byte, which stands for U+FFFD.
};

// Of a text that is not empty.
[[nodiscard]] CodePoint first_code_point(std::string_view text);

// Controls, and what a reader does not see, or sees elsewhere than it stands.
[[nodiscard]] bool is_deceptive(char32_t code_point);

}  // namespace chancery
