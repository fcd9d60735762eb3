// `chancery recover hub`: has the log of a stopped hub go on where it stands, after its end was
// lost.
//
// The authorities sign the roster of now with `continues`, and it is logged as the next entry.
// Nodes that followed more go back to it (protocol C-152) and hand in what they had logged since.

#pragma once

#include <string>
#include <vector>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct RecoverHubOptions {
  DaemonOptions daemon;
  std::vector<std::string> authorities;  // Private keys (PEM), or folders of them.
  std::vector<std::string> heads;        // SIZE:ROOT, each cosigned by a quorum.
  bool accept_rollback = false;
  bool below_quorum = false;
};

// 0 done; 1 refused, or only told what would be done.
[[nodiscard]] Result<int> run_recover_hub(const RecoverHubOptions& options, const Shared& shared);

}  // namespace chancery::cli
