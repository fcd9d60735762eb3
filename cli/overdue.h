// `chancery overdue`: what should have come to a member's node by now, notice by notice.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chancery/client.h"
#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct OverdueOptions {
  std::vector<std::string> sorts{};  // None: all.
  std::string member{};              // Where this one is waited for.
  std::uint32_t limit = 100;
  bool check = false;
  DaemonOptions daemon{};
};

// A line for each, harmless for a terminal.
[[nodiscard]] Result<std::string> overdue_text(const v1::OverdueReply& reply, client::Time now);

// 0, or 1 with --check where something is overdue.
[[nodiscard]] Result<int> run_overdue(const OverdueOptions& options, const Shared& shared);

}  // namespace chancery::cli
