// `chancery audit prove`: the evidence file of a notice, from the node that has it.

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
};

// 0 written, 1 refused, 2 could not tell.
[[nodiscard]] Result<int> run_prove(const ProveOptions& options, const Shared& shared);

}  // namespace chancery::cli
