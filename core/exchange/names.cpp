#include "core/exchange/names.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "core/exchange/limits.h"

namespace chancery::exchange {
namespace {

using google::protobuf::EnumDescriptor;

// PRECEDENCE_AMBER_STRICT under prefix "PRECEDENCE_" reads "amber-strict".
std::string word_of(const EnumDescriptor& type, int number, std::string_view prefix) {
  const auto* const value = type.FindValueByNumber(number);
  std::string word =
      value == nullptr ? std::to_string(number) : value->name().substr(prefix.size());
  std::ranges::transform(word, word.begin(), [](char c) {
    if (c == '_') {
      return '-';
    }
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return word;
}

Result<int> number_of(const EnumDescriptor& type, std::string_view word, std::string_view prefix) {
  std::string choices;
  for (int i = 0; i < type.value_count(); ++i) {
    const int number = type.value(i)->number();
    if (number == 0) {
      continue;
    }
    const std::string candidate = word_of(type, number, prefix);
    if (candidate == word) {
      return number;
    }
    choices += (choices.empty() ? "" : ", ") + candidate;
  }
  return fail(ErrorCode::kUsage, "'" + std::string(word) + "' is none of " + choices);
}

}  // namespace

bool is_member_code(std::string_view code) {
  return !code.empty() && code.size() <= 8 && std::ranges::all_of(code, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

bool is_kind(std::string_view kind) {
  if (kind.empty() || kind.size() > kKindBytesMax) {
    return false;
  }
  char previous = '.';
  for (const char c : kind) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool joint = c == '.' || c == '-';
    if (!letter && !(joint && previous != '.' && previous != '-')) {
      return false;
    }
    previous = c;
  }
  return previous != '.' && previous != '-';
}

bool is_pattern(std::string_view pattern) {
  if (pattern == "*") {
    return true;
  }
  return is_kind(pattern.ends_with(".*") ? pattern.substr(0, pattern.size() - 2) : pattern);
}

bool matches(std::string_view pattern, std::string_view kind) {
  if (pattern == "*") {
    return true;
  }
  if (pattern.ends_with(".*")) {
    return kind.starts_with(pattern.substr(0, pattern.size() - 1));
  }
  return pattern == kind;
}

bool is_directory_kind(std::string_view kind) {
  return matches("directory.*", kind);
}

bool is_plain_name(std::string_view name) {
  constexpr std::size_t kBytesMax = 64;
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= kBytesMax && alphanumeric(name.front()) &&
         std::ranges::all_of(
             name, [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::string word(v1::Precedence precedence) {
  return word_of(*v1::Precedence_descriptor(), precedence, "PRECEDENCE_");
}
std::string word(v1::Status status) {
  return word_of(*v1::Status_descriptor(), status, "STATUS_");
}
std::string word(v1::Tlp tlp) {
  return word_of(*v1::Tlp_descriptor(), tlp, "TLP_");
}
std::string word(v1::RecipientRole role) {
  return word_of(*v1::RecipientRole_descriptor(), role, "RECIPIENT_ROLE_");
}

Result<v1::Precedence> precedence_from(std::string_view word) {
  CHANCERY_TRY(const int number, number_of(*v1::Precedence_descriptor(), word, "PRECEDENCE_"));
  return static_cast<v1::Precedence>(number);
}
Result<v1::Status> status_from(std::string_view word) {
  CHANCERY_TRY(const int number, number_of(*v1::Status_descriptor(), word, "STATUS_"));
  return static_cast<v1::Status>(number);
}
Result<v1::Tlp> tlp_from(std::string_view word) {
  CHANCERY_TRY(const int number, number_of(*v1::Tlp_descriptor(), word, "TLP_"));
  return static_cast<v1::Tlp>(number);
}

}  // namespace chancery::exchange
