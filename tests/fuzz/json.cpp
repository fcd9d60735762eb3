// JSON, as a notice file or a node's status brings it, and as --json shows what others wrote.
//
// Holds: nlohmann's own parser reads the same of it, or nothing where a key is given twice or it
// nests deep; what was parsed is written and parsed again as the same value; made harmless for a
// terminal it is one line, still the same value, and harmless as it stands.

#include "io/text/json.h"

#include <algorithm>

#include "cli/display.h"
#include "core/base/encoding.h"
#include "tests/fuzz/input.h"

namespace cli = chancery::cli;
namespace text = chancery::text;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kDepthMax = 32;
  const std::string_view bytes = chancery::as_view(chancery::Bytes(data, size));
  const std::string harmless = cli::harmless(bytes);
  CHANCERY_CHECK(chancery::is_utf8(harmless) && cli::harmless(harmless) == harmless);
  CHANCERY_CHECK(std::ranges::all_of(chancery::as_bytes(harmless), [](std::uint8_t byte) {
    return byte >= 0x20 && byte != 0x7f;
  }));
  const auto value = text::parse_json(bytes, kDepthMax);
  const text::Json other = text::Json::parse(bytes, nullptr, false);
  if (!value.has_value()) {
    CHANCERY_CHECK(other.is_discarded() || value.error().detail.starts_with("JSON has the key ") ||
                   value.error().code == chancery::ErrorCode::kNestingTooDeep);
    return 0;
  }
  CHANCERY_CHECK(text::dump(other) == text::dump(*value));
  for (const std::string& written :
       {text::dump(*value), text::dump(*value, 2), cli::json_line(*value)}) {
    const auto again = text::parse_json(written, kDepthMax);
    CHANCERY_CHECK(again.has_value() && text::dump(*again) == text::dump(*value));
  }
  return 0;
}
