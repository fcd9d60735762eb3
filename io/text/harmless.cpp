#include "io/text/harmless.h"

#include <algorithm>

#include "core/base/code_point.h"
#include "core/base/encoding.h"

namespace chancery::text {
namespace {

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
    if (point.is_broken || is_deceptive(point.value)) {
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
