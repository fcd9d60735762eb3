// What others wrote, made harmless for a terminal or a log.
//
// Everything that is handed out as JSON, or printed, and was not written by this program passes
// here: subjects, texts, names, errors of a node. No state, any thread.

#pragma once

#include <string>
#include <string_view>

#include "io/text/json.h"

namespace chancery::text {

// Control characters (line ends too), invisible ones and those that change the direction of
// writing, in the escapes of JSON (RFC 8259 section 7): "\u001b". Quotes and backslashes stay, so
// that JSON on one line stays the same JSON. Invalid UTF-8 becomes \ufffd. Nothing is cut.
[[nodiscard]] std::string harmless(std::string_view text);

// On one line, harmless, without the line's end.
[[nodiscard]] std::string json_line(const Json& value);

}  // namespace chancery::text
