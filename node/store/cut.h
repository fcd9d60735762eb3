// An envelope repeats the draft of its notice, and the text where that is not sealed, which the
// inbox has, or the outbox. It is stored among what was received without them, as two or three
// pieces in one; the view `received_whole` has it whole. A signed envelope that waits to be logged
// stays whole: where its draft rots in the outbox, it is logged all the same.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chancery::node {

struct Cut {
  std::string bytes;
  // Where in `bytes` they belong. No place for the draft: nothing was left out.
  std::optional<std::size_t> draft_at{};
  std::optional<std::size_t> text_at{};
};

// Leaves out what is found; what is short stays.
[[nodiscard]] Cut cut(std::string_view envelope, std::string_view draft, std::string_view text);

}  // namespace chancery::node
