// `chancery audit compare`: are two exports one log? And the file that proves that they are not.

#pragma once

#include <string>

#include "cli/audit_check.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct CompareOptions {
  std::string one{};  // Exports.
  std::string other{};
  std::string proof{};  // Where a contradiction is written; nothing may be there.
  std::string genesis{};
  std::string vkey{};
};

// 0 one extends the other, 1 they contradict each other, 2 could not tell.
[[nodiscard]] Result<int> run_audit_compare(const CompareOptions& options, const Shared& shared);

// Of a file that run_audit_compare() wrote: 0 it proves a contradiction, 1 it does not.
[[nodiscard]] Result<int> verify_contradiction_file(const std::string& path, const Pins& pins,
                                                    const Shared& shared);

}  // namespace chancery::cli
