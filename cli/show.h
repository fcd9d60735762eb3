// `chancery show`: one notice with all that the node knows of it.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

struct ShowOptions {
  std::string name;  // A notice, an index or a notice id.
  std::string language = "en";
};

[[nodiscard]] Result<int> run_show(const ShowOptions& options, const Shared& shared);

}  // namespace chancery::cli
