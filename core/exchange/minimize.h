// MINIMIZE: a state of the directory that keeps the lines free in a crisis. While it is set,
// notices of lower precedence wait at the nodes of their origins, and none is logged.
//
// What is urgent is never held back, and neither is a kind by which somebody's word, or its
// absence, is judged: statements, acknowledgements, consultations. Protocol chapter 18 (C-260 to
// C-263).

#pragma once

#include <string_view>

#include "chancery/v1/envelope.pb.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"

namespace chancery::exchange {

inline constexpr std::string_view kMinimizeState = "minimize";
inline constexpr std::string_view kMinimizeOff = "off";

// The lowest precedence that goes where the state has this value; unspecified, below all of them,
// where it is lifted. kInvalidEntry.
[[nodiscard]] Result<v1::Precedence> parse_minimize(std::string_view value);

// The same of a directory.
[[nodiscard]] v1::Precedence lowest_that_goes(const Directory& directory);

// Whether notices of this kind go whatever their precedence is.
[[nodiscard]] bool is_exempt_from_minimize(std::string_view kind);

// kSuspended where nothing below `lowest` goes and this is.
[[nodiscard]] Result<void> check_minimize(const v1::Draft& draft, v1::Precedence lowest);

}  // namespace chancery::exchange
