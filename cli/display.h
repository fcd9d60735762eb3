// The shapes in which the command shows what others wrote, harmless for a terminal.
//
// Everything that is printed and was not written by this program passes harmless(): subjects,
// texts, names, errors of a node, and all of --json. No state, any thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chancery/client.h"
#include "chancery/v1/envelope.pb.h"
#include "cli/render.h"
#include "io/text/harmless.h"

namespace chancery::cli {

inline constexpr std::size_t kContentDepthMax = 64;  // Of the JSON of a notice that others wrote.

using text::harmless;
using text::json_line;

// " [exercise]" and the like; nothing of what is actual.
[[nodiscard]] std::string status_mark(v1::Status status);

// One notice as a line of the inbox: arrival, time, origin, precedence, kind, notice, subject.
[[nodiscard]] std::string inbox_line(const client::Notice& notice);

// What a notice of one's own came to, in a word: a stage, or why it is refused.
[[nodiscard]] std::string state_word(client::Stage stage, std::string_view code);
// One of them as a line: number, time, what it came to, precedence, kind, id, subject, why.
[[nodiscard]] std::string outbox_line(const client::OutboxEntry& entry);

// All of it, on many lines, with what it lacks of the rules of its kind.
[[nodiscard]] std::string sheet(const client::Details& details, const Style& style = {});

}  // namespace chancery::cli
