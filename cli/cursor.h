// `chancery cursor list | reset`: where an application's readers stand.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

struct CursorListOptions {};
struct CursorResetOptions {
  std::string name;
  std::string to;  // "start", "end" or an arrival number.
};

[[nodiscard]] Result<int> run_cursor_list(const CursorListOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_cursor_reset(const CursorResetOptions& options, const Shared& shared);

}  // namespace chancery::cli
