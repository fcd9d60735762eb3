// What the text formats of a log have in common: lines, and hashes in base64. Inner to core/ledger.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/base/result.h"

namespace chancery::ledger {

// The next line, without its \n, taken off the text; nothing where none ends.
inline std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// 32 bytes in base64; nothing where the line is none.
inline std::optional<Hash> hash_in(std::string_view line) {
  const Result<std::string> bytes = from_base64(line);
  return bytes.has_value() && bytes->size() == Hash{}.size() ? std::optional(hash_from(*bytes))
                                                             : std::nullopt;
}

}  // namespace chancery::ledger
