// `chancery hub`: whom a hub serves, and how it is ended.

#pragma once

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

// Every member of the roster, whether its nodes are there, and how far each is. 2 where nothing
// answers.
[[nodiscard]] Result<int> run_hub_members(const DaemonOptions& options, const Shared& shared);
// Ends the hub once all that it was sent is in the log and answered. 2 where nothing answers.
[[nodiscard]] Result<int> run_hub_drain(const DaemonOptions& options, const Shared& shared);

}  // namespace chancery::cli
