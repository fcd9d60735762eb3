// `chancery config check | options`: the three TOML files, each read as its program would read it,
// and the table of a daemon's options. Asks nobody and opens no key: `doctor` and --check of a
// daemon look further.

#pragma once

#include <string>
#include <string_view>

#include "cli/shared.h"

namespace chancery::cli {

struct ConfigCheckOptions {
  std::string file;
  std::string role;  // "hub", "node" or "client"; empty: what its keys say.
};

struct ConfigOptionsOptions {
  std::string role;  // "hub" or "node"
};

// The role whose keys are most in the file. kConfigInvalid where no role has more than the others;
// what TomlTable::parse() says of a file that is no TOML.
[[nodiscard]] Result<std::string> role_of_config(std::string_view text, const std::string& path);

[[nodiscard]] Result<int> run_config_check(const ConfigCheckOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_config_options(const ConfigOptionsOptions& options,
                                             const Shared& shared);

}  // namespace chancery::cli
