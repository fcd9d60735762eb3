// `chancery status`: how a hub or a node is, in its own words.

#pragma once

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct StatusOptions {
  DaemonOptions daemon;
  bool check = false;  // Something that wants a person counts as an alarm does.
};

// 0 where it answers and raises no alarm, 1 where it does, 2 where nothing answers.
[[nodiscard]] Result<int> run_status(const StatusOptions& options, const Shared& shared);

}  // namespace chancery::cli
