// What a roster must be by itself, before anybody asks who signed it. Protocol chapter 6.

#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "chancery/v1/directory.pb.h"
#include "core/base/result.h"

namespace chancery::exchange {

inline constexpr std::uint32_t kHeaderVersion = 1;  // The one that this program reads and writes.

// What is said of an entry that breaks a rule of the directory.
[[nodiscard]] inline std::unexpected<Error> broken(std::string rule) {
  return fail(ErrorCode::kInvalidEntry, std::move(rule));
}

// kInvalidEntry with the rule that is broken; key errors with their own codes.
[[nodiscard]] Result<void> check_roster(const v1::Roster& roster);

}  // namespace chancery::exchange
