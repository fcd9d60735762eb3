#include "io/text/json.h"

#include <exception>
#include <optional>
#include <set>
#include <vector>

namespace chancery::text {
namespace {

// Before parsing, so that the depth costs nothing. Wrong where quotes do not match, but then the
// parser refuses the text anyway.
bool is_too_deep(std::string_view text, std::size_t depth_max) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) {
        return true;
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t depth_max) {
  if (is_too_deep(text, depth_max)) {
    return fail(ErrorCode::kNestingTooDeep,
                "JSON nests deeper than " + std::to_string(depth_max) + " levels");
  }
  // RFC 8259 section 4 leaves open which of two equal keys counts; two readers would disagree.
  std::vector<std::set<std::string>> keys;
  std::optional<std::string> repeated;
  const Json::parser_callback_t watch = [&](int /*depth*/, Json::parse_event_t event,
                                            Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key && !repeated) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) {
        repeated = key;
      }
    }
    return true;
  };
  try {
    Json value = Json::parse(text, watch);
    if (repeated) {
      return fail(ErrorCode::kMalformed, "JSON has the key " + dump(*repeated) + " twice");
    }
    return value;
  } catch (const Json::parse_error& error) {
    return fail(ErrorCode::kMalformed, "not JSON at byte " + std::to_string(error.byte));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kMalformed, std::string("not JSON: ") + error.what());
  }
}

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chancery::text
