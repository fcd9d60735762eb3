// Notices as JSON: the file that `publish --file` reads, and what --json shows. Inner to client/
// and the command.
//
// A file is read strictly: an unknown key or a wrong type is an error, since a misspelt "expires"
// must not publish a notice that never expires. docs/reference/cli.md documents both forms.

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "chancery/client.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::client {

inline constexpr std::size_t kNoticeFileBytesMax = 4U << 20U;

// kUnknownField, or kMalformed; the detail begins with `source`. "expires" and "reply_by" may be
// durations from `now`.
[[nodiscard]] Result<Draft> draft_from_json(std::string_view json, std::string_view source,
                                            Time now);
// The same of what is parsed already.
[[nodiscard]] Result<Draft> draft_from_object(const text::Json& object, std::string_view source,
                                              Time now);
// Of {"drafts": […]}, where all are in order: else the two above say what is not.
[[nodiscard]] std::optional<std::vector<Draft>> good_drafts(std::string_view json, Time now);

[[nodiscard]] text::Json notice_json(const Notice& notice);
// The same on one line, harmless (io/text/harmless.h), without a tree: the content as it is, which
// notice_from() makes.
[[nodiscard]] std::string notice_line(const Notice& notice);
[[nodiscard]] text::Json details_json(const Details& details);

}  // namespace chancery::client
