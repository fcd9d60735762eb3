// `chancery errors list | lookup CODE`: what an error means, whether asking again helps, and what
// to do. Asks no node.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

struct ErrorsOptions {
  std::string code;  // A name, or its number on the wire.
};

[[nodiscard]] Result<int> run_errors_list(const Shared& shared);
// kNotFound, with the nearest, where there is no such error.
[[nodiscard]] Result<int> run_errors_lookup(const ErrorsOptions& options, const Shared& shared);

}  // namespace chancery::cli
