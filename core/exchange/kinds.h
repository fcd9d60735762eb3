// The kinds of notice: which message belongs to which kind, and its JSON form.
//
// Kinds that this program does not know are stored, verified and shown as unknown; only making one
// from JSON asks for a known kind. What each has to say is in kind_rules.h.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "chancery/v1/text.pb.h"
#include "core/base/result.h"

namespace chancery::exchange {

struct KindInfo {
  std::string_view kind;
  const google::protobuf::Message* prototype;
};

[[nodiscard]] std::span<const KindInfo> kinds();
[[nodiscard]] const KindInfo* find_kind(std::string_view kind);

// A Text as it is shown or written by hand:
//   {"subject": …, "language": …, "content": {the kind's message}}
// Field names are those of proto/, in snake case; bytes are base64 and 64-bit numbers strings, as
// in protobuf's JSON.
[[nodiscard]] Result<v1::Text> text_from_json(std::string_view kind, std::string_view subject,
                                              std::string_view language,
                                              std::string_view content_json);

// The content as JSON; for a kind or content that is not known, {"unknown": "<hex>"}.
[[nodiscard]] std::string content_to_json(std::string_view kind, std::string_view content);

// A text as a recipient reads it: valid protobuf and UTF-8, unknown fields kept.
[[nodiscard]] Result<v1::Text> parse_text(std::string_view kind, std::string_view bytes);
// Whether it would be read, for those who do not ask what it says.
[[nodiscard]] Result<void> check_text(std::string_view kind, std::string_view bytes);

}  // namespace chancery::exchange
