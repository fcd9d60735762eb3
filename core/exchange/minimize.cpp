#include "core/exchange/minimize.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/exchange/completeness.h"
#include "core/exchange/names.h"

namespace chancery::exchange {
namespace {

constexpr std::array kExemptKinds = {kStatementKind, kAcknowledgementKind,
                                     std::string_view("consultation.*")};
// With the lowest, nothing would wait; with more than the last, what is urgent.
constexpr std::array kLowest = {v1::PRECEDENCE_ROUTINE, v1::PRECEDENCE_PRIORITY,
                                v1::PRECEDENCE_IMMEDIATE};

}  // namespace

Result<v1::Precedence> parse_minimize(std::string_view value) {
  if (value == kMinimizeOff) {
    return v1::PRECEDENCE_UNSPECIFIED;
  }
  for (const v1::Precedence lowest : kLowest) {
    if (value == word(lowest)) {
      return lowest;
    }
  }
  return fail(
      ErrorCode::kInvalidEntry,
      "minimize is routine, priority or immediate, the lowest precedence that goes, or off");
}

v1::Precedence lowest_that_goes(const Directory& directory) {
  return parse_minimize(directory.state(kMinimizeState).value_or(kMinimizeOff))
      .value_or(v1::PRECEDENCE_UNSPECIFIED);
}

bool is_exempt_from_minimize(std::string_view kind) {
  return std::ranges::any_of(kExemptKinds,
                             [&](std::string_view exempt) { return matches(exempt, kind); });
}

Result<void> check_minimize(const v1::Draft& draft, v1::Precedence lowest) {
  if (draft.precedence() >= lowest || is_exempt_from_minimize(draft.kind())) {
    return {};
  }
  return fail(ErrorCode::kSuspended, "minimize is in force: only " + word(lowest) +
                                         " and above goes, and this is " +
                                         word(draft.precedence()));
}

}  // namespace chancery::exchange
