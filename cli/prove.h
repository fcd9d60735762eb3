// `chancery audit prove`, `consult prove`: the evidence file of a notice, or of what a consultation
// came to, from the node that has it.

#pragma once

#include <string>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct ProveOptions {
  std::string notice{};  // N, or what it begins with, as digits.
  DaemonOptions daemon{};
  std::string output{};
  bool hide_text = false;
  bool thread = false;      // With what the notice began.
  std::string wait = "0s";  // Until a quorum has cosigned all of it, where the node runs.
};

// 0 written, 1 refused, 2 could not tell.
[[nodiscard]] Result<int> run_prove(const ProveOptions& options, const Shared& shared);

}  // namespace chancery::cli
