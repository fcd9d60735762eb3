// `chancery version`: what this program is.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

[[nodiscard]] std::string version_line();  // "chancery 0.1.0"
// Which one was built: its first 12 digits, with "-changed" where files differed from it, or
// "unknown" where the sources were in no repository. cmake/commit.cmake.
[[nodiscard]] std::string commit();

[[nodiscard]] Result<int> run_version(const Shared& shared);

}  // namespace chancery::cli
