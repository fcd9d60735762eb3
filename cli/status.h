// `chancery status`: how a hub or a node is, in its own words.

#pragma once

#include <cstdint>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli {

struct StatusOptions {
  DaemonOptions daemon;
  bool check = false;               // Something that wants a person counts as an alarm does.
  std::uint64_t unshown_known = 0;  // So many deliveries that are not shown were looked into.
};

// Of a node's status: deliveries that nobody is shown, since they are void or no key opens them.
// They are kept for good, so that the number does not fall.
[[nodiscard]] std::uint64_t unshown_count(const text::Json& status);

// 0 where it answers and raises no alarm, 1 where it does, 2 where nothing answers.
[[nodiscard]] Result<int> run_status(const StatusOptions& options, const Shared& shared);

}  // namespace chancery::cli
