// What a notice says in words, for a search: the texts in the content of its kind.
//
// Pure, no state, any thread.

#pragma once

#include <string>
#include <string_view>

namespace chancery::exchange {

// All texts of the content and of what is in it, a line each; nothing of a kind that is not known.
// Numbers, choices and bytes are no words.
[[nodiscard]] std::string content_texts(std::string_view kind, std::string_view content);

}  // namespace chancery::exchange
