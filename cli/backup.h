// `chancery backup`: a copy of a daemon's store while it runs. `chancery restore`: such a copy
// verified, and put in place.

#pragma once

#include <string>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct BackupOptions {
  DaemonOptions daemon;
  std::string to;  // Made absolute; on the daemon's machine, which is this one.
};

// 0 done, 1 refused, 2 could not tell.
[[nodiscard]] Result<int> run_backup(const BackupOptions& options, const Shared& shared);

struct RestoreOptions {
  std::string backup;
  std::string genesis;  // The exchange it must be of; empty takes the copy's own word.
  std::string to;       // Where the store is to be; empty verifies only.
};

// 0 verified, and put in place where that was asked for; 1 falsified or refused; 2 could not tell.
[[nodiscard]] Result<int> run_restore(const RestoreOptions& options, const Shared& shared);

}  // namespace chancery::cli
