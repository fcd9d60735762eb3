// Judges a text by the rules of its kind (kind_rules.h) and by those that all kinds share.
//
// Whoever makes a notice asks check_rules(): the client library, and the node for whoever comes
// without it. A recipient takes what does not keep them, and shows it with its problems (C-175).
//
// Pure, no state, any thread. As much work as the text is long.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/text.pb.h"
#include "core/base/result.h"

namespace chancery::exchange {

inline constexpr std::size_t kProblemCountMax = 32;  // More are not told apart.
inline constexpr std::size_t kSubjectCharactersMax = 500;
inline constexpr std::size_t kReferenceCountMax = 64;

struct Problem {
  std::string field;  // "items[1].quantity", the first being 0; or "subject", of the text.
  std::string text;   // What is wrong and what to do: "is missing: give a number above zero".
};

struct Circumstances {
  std::uint64_t created_at_ms = 0;  // 0: not known, and nothing is compared with it.
  std::uint64_t expires_at_ms = 0;  // 0 is never.
};

// Of a text as parse_text() gives it. Of a kind that is not known only what all texts share. At
// most kProblemCountMax.
[[nodiscard]] std::vector<Problem> problems_of(std::string_view kind, const v1::Text& text,
                                               const Circumstances& circumstances);

// "summary is missing: give a text": with the field's name before it.
[[nodiscard]] std::string problem_line(const Problem& problem);

// kInvalidKind, with all problems in the detail.
[[nodiscard]] Result<void> check_rules(std::string_view kind, const v1::Text& text,
                                       const Circumstances& circumstances);

}  // namespace chancery::exchange
