// `chancery version`: what this program is.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

[[nodiscard]] std::string version_line();  // "chancery 0.1.0"

[[nodiscard]] Result<int> run_version(const Shared& shared);

}  // namespace chancery::cli
