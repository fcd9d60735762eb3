// JSON (RFC 8259) for people and their tools: --json output, console answers. Never for what is
// signed or hashed, which is core/wire.
//
// Json keeps the order in which keys were added. nlohmann's own functions throw on a wrong type:
// ask is_string() and so on first, or use value() on an object.

#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace chancery::text {

using Json = nlohmann::ordered_json;

// Refuses with kMalformed what is not JSON, a key given twice and trailing bytes; with
// kNestingTooDeep more than depth_max open brackets. The caller bounds the size of the text.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::size_t depth_max);

// The fields of the objects in a list that is all there is in a document, {"name": [{…}, …]}, each
// value made, told and dropped: no tree of a long list. How many objects there were; nothing where
// it is no such document, or `take` gave false: then parse_json() is to say what it is. A key may
// come twice. `take` parses no JSON; depth_max is 3 at least.
using TakeField = std::function<bool(std::size_t object, std::string_view key, const Json& value)>;
[[nodiscard]] std::optional<std::size_t> read_objects(std::string_view text, std::string_view name,
                                                      std::size_t depth_max, const TakeField& take);

// On one line, or over several with so many spaces of indent. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const Json& value, int indent = -1);

}  // namespace chancery::text
