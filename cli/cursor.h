// `chancery cursor list | reset`: where an application's readers stand; `deferred | nack |
// redrive`: what was given back along a cursor.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/shared.h"

namespace chancery::cli {

struct CursorListOptions {};
struct CursorResetOptions {
  std::string name;
  std::string to;  // "start", "end" or an arrival number.
};

struct CursorDeferredOptions {
  std::string name;
  bool quarantined = false;
};
struct CursorNackOptions {
  std::string name;
  std::vector<std::string> notices;  // As for `show`.
  std::string delay = "0s";
  std::uint32_t attempts_max = 0;
  bool quarantine = false;
  std::string reason;
};
struct CursorRedriveOptions {
  std::string name;
  std::vector<std::string> notices;  // As for `show`.
  bool all = false;
};

[[nodiscard]] Result<int> run_cursor_deferred(const CursorDeferredOptions& options,
                                              const Shared& shared);
[[nodiscard]] Result<int> run_cursor_nack(const CursorNackOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_cursor_redrive(const CursorRedriveOptions& options,
                                             const Shared& shared);

[[nodiscard]] Result<int> run_cursor_list(const CursorListOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_cursor_reset(const CursorResetOptions& options, const Shared& shared);

}  // namespace chancery::cli
