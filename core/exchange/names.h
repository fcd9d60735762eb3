// How members, kinds and patterns of kinds are written, and how enums read to people.

#pragma once

#include <string>
#include <string_view>

#include "chancery/v1/envelope.pb.h"
#include "core/base/result.h"

namespace chancery::exchange {

// 1 to 8 of A-Z 0-9.
[[nodiscard]] bool is_member_code(std::string_view code);
// Words of a-z 0-9 and dashes, joined by dots, at most 64 bytes: "foreign-policy.step".
[[nodiscard]] bool is_kind(std::string_view kind);
// A kind, "prefix.*" or "*".
[[nodiscard]] bool is_pattern(std::string_view pattern);
// "consultation.*" matches "consultation.open", not "consultation".
[[nodiscard]] bool matches(std::string_view pattern, std::string_view kind);
[[nodiscard]] bool is_directory_kind(std::string_view kind);
// Of an application or another thing that is a file's name as well: letters, digits, '.', '_' and
// '-', 64 bytes at most, a letter or digit first.
[[nodiscard]] bool is_plain_name(std::string_view name);

template <class Patterns>
[[nodiscard]] bool any_matches(const Patterns& patterns, std::string_view kind) {
  for (const std::string& pattern : patterns) {
    if (matches(pattern, kind)) {
      return true;
    }
  }
  return false;
}

// "flash", "exercise", "amber-strict", "action": the enum's value without its prefix, in lower
// case.
[[nodiscard]] std::string word(v1::Precedence precedence);
[[nodiscard]] std::string word(v1::Status status);
[[nodiscard]] std::string word(v1::Tlp tlp);
[[nodiscard]] std::string word(v1::RecipientRole role);
[[nodiscard]] Result<v1::Precedence> precedence_from(std::string_view word);
[[nodiscard]] Result<v1::Status> status_from(std::string_view word);
[[nodiscard]] Result<v1::Tlp> tlp_from(std::string_view word);

}  // namespace chancery::exchange
