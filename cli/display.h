// What others wrote, made harmless for a terminal, and the shapes in which we show it.
//
// Everything that is printed and was not written by this program passes harmless(): subjects,
// texts, names, errors of a node, and all of --json. No state, any thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chancery/client.h"
#include "io/text/json.h"

namespace chancery::cli {

inline constexpr std::size_t kContentDepthMax = 64;  // Of the JSON of a notice that others wrote.

// Control characters (line ends too), invisible ones and those that change the direction of
// writing, in the escapes of JSON (RFC 8259 section 7): "\u001b". Quotes and backslashes stay, so
// that JSON on one line stays the same JSON. Invalid UTF-8 becomes \ufffd. Nothing is cut.
[[nodiscard]] std::string harmless(std::string_view text);

// On one line, harmless, without the line's end.
[[nodiscard]] std::string json_line(const text::Json& value);

// One notice as a line of the inbox: arrival, time, origin, precedence, kind, notice, subject.
[[nodiscard]] std::string inbox_line(const client::Notice& notice);

// All of it, on many lines.
[[nodiscard]] std::string sheet(const client::Details& details);

}  // namespace chancery::cli
