// `chancery kinds`: the kinds of notice, and the fields of one. Asks no node.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

struct KindsOptions {
  std::string kind;  // Empty: list them all.
};

[[nodiscard]] Result<int> run_kinds(const KindsOptions& options, const Shared& shared);

}  // namespace chancery::cli
