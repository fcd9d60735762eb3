// The content of a notice as people read it: the names of fields and values in their language,
// times as times, lines no longer than the terminal is wide.
//
// What the rules of the kind do not know keeps the name that it has in JSON. All text of others
// passes harmless(); the lines of a text stay lines, each under its indent, so that none can pass
// for one of ours. No state, any thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/exchange/forms.h"
#include "io/text/json.h"

namespace chancery::cli {

using exchange::Language;

// "en" or "ru". kUsage.
[[nodiscard]] Result<Language> language_from(std::string_view word);

// How a page is written.
struct Style {
  Language language = Language::kEnglish;
  std::size_t width = 80;
};

// Appends `text`, harmless, after what stands in the line already, which is `column` characters
// long. Lines that go on begin with `indent` blanks. Ends with a line's end.
void add_wrapped(std::string& out, std::string_view text, std::size_t column, std::size_t indent,
                 std::size_t width);

// How many characters are shown of a text without controls.
[[nodiscard]] std::size_t shown_size(std::string_view text);

// `content` as content_to_json() gives it.
[[nodiscard]] std::string rendered(std::string_view kind, const text::Json& content,
                                   const Style& style);

}  // namespace chancery::cli
