// What a result was measured with: the commit, how it was built, and the libraries that ran.

#pragma once

#include "io/text/json.h"

namespace chancery::cli::bench {

// `commit` (cli/version.h), `compiler`, `flags` of it, and a version of each
// library: all text.
[[nodiscard]] text::Json versions();

}  // namespace chancery::cli::bench
