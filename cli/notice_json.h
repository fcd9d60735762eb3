// Notices as JSON: the file that `publish --file` reads, and what --json shows.
//
// A file is read strictly: an unknown key or a wrong type is an error, since a misspelt "expires"
// must not publish a notice that never expires. docs/reference/cli.md documents both forms.

#pragma once

#include <cstddef>
#include <string_view>

#include "chancery/client.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli {

inline constexpr std::size_t kNoticeFileBytesMax = 4U << 20U;

// kUnknownField, or kMalformed; the detail begins with `source`. "expires" and "reply_by" may be
// durations from `now`.
[[nodiscard]] Result<client::Draft> draft_from_json(std::string_view json, std::string_view source,
                                                    client::Time now);

[[nodiscard]] text::Json notice_json(const client::Notice& notice);
[[nodiscard]] text::Json details_json(const client::Details& details);

}  // namespace chancery::cli
