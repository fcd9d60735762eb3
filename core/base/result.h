// How Chancery fails. Every fallible function uses exactly one of three ways:
//
//   the world is wrong    (a peer, a disk, a configuration)  -> Result<T>, handled by the caller
//   the program is wrong  (a broken invariant)               -> CHANCERY_CHECK, the process stops
//   a library throws      (spdlog, toml++)                   -> caught in its own adapter under io/
//
// Input never reaches CHANCERY_CHECK: a peer can cause errors, never aborts. The codes, their texts
// and remedies stand once, in errors.def; docs/reference/errors.md is compared with it by a test.

#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace chancery {

// The values are the wire codes: they are never renumbered and never reused.
// NOLINTBEGIN(performance-enum-size, bugprone-macro-parentheses): wire codes need room to grow, and
// an enumerator cannot be parenthesised.
enum class ErrorCode : std::uint16_t {
#define CHANCERY_ERROR(enumerator, number, name, retry, text, remedy) enumerator = number,
#include "core/base/errors.def"
#undef CHANCERY_ERROR
};
// NOLINTEND(performance-enum-size, bugprone-macro-parentheses)

enum class Retry : std::uint8_t {
  kFinal,      // The same input fails again.
  kRetryable,  // The same input may succeed later, or after re-stamping.
};

struct ErrorInfo {
  ErrorCode code;
  std::string_view name;  // Stable, lower case with dashes: what --json and logs show.
  Retry retry;
  std::string_view text;
  std::string_view remedy;
};

[[nodiscard]] std::span<const ErrorInfo> error_table();
[[nodiscard]] const ErrorInfo& error_info(ErrorCode code);
// For a number that came from a peer; nothing where the number is not in the table.
[[nodiscard]] std::optional<ErrorCode> error_code_from_wire(std::uint32_t number);
[[nodiscard]] std::optional<ErrorCode> error_code_from_name(std::string_view name);

struct Error {
  ErrorCode code;
  std::string detail;  // For the operator: what, where, expected, found. No secrets, no texts.

  // "bad-signature: key 3f2a… did not sign this batch"
  [[nodiscard]] std::string to_string() const;
};

// Derives only to add [[nodiscard]], which libstdc++ 12 leaves off std::expected.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor): a Result is its std::expected, nothing more.
  Result(std::expected<T, Error> other) : std::expected<T, Error>(std::move(other)) {}
};

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return std::unexpected(Error{code, std::move(detail)});
}

[[noreturn]] void check_failed(std::string_view condition, const char* file, int line);

}  // namespace chancery

// On in every build. Conditions without side effects only.
#define CHANCERY_CHECK(condition) \
  ((condition) ? void() : ::chancery::check_failed(#condition, __FILE__, __LINE__))

// CHANCERY_TRY(const std::uint64_t size, parse_size(line));   the value, or the error to our caller
// CHANCERY_TRY_VOID(store.commit());                          the same where there is no value
// Statements, not expressions: they stand inside braces (clang-format's InsertBraces sees to it).
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot be parenthesised.
#define CHANCERY_TRY(declaration, expression) \
  CHANCERY_TRY_IMPL_(CHANCERY_CONCAT_(try_result_, __LINE__), declaration, expression)
#define CHANCERY_TRY_IMPL_(temporary, declaration, expression) \
  auto temporary = (expression);                               \
  if (!temporary.has_value()) {                                \
    return std::unexpected(std::move(temporary).error());      \
  }                                                            \
  declaration = *std::move(temporary)
#define CHANCERY_TRY_VOID(expression)                          \
  if (auto try_result = (expression); !try_result.has_value()) \
  return std::unexpected(std::move(try_result).error())
// NOLINTEND(bugprone-macro-parentheses)
#define CHANCERY_CONCAT_(a, b) CHANCERY_CONCAT_IMPL_(a, b)
#define CHANCERY_CONCAT_IMPL_(a, b) a##b
