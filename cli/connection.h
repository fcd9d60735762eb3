// Which node the command speaks to: from flags, or else from the environment.
//
// The command line goes before the environment; within each, a client file stands alone, and a
// folder of an exchange goes with a member code.

#pragma once

#include <string>

#include "chancery/options.h"
#include "cli/shared.h"

namespace chancery::cli {

// CHANCERY_EXCHANGE, CHANCERY_MEMBER and CHANCERY_CLIENT; empty is not given.
struct Environment {
  std::string exchange{};
  std::string member{};
  std::string client_file{};
};

[[nodiscard]] Environment environment();

// The client.toml, and the folder and member that it follows from, where it does.
struct ClientFile {
  std::string path{};
  std::string exchange{};
  std::string member{};
};

// kUsage where the path does not follow from what was given.
[[nodiscard]] Result<ClientFile> client_file(const Shared& shared, const Environment& environment);

// kFileMissing, or kNotFound for a member that the exchange does not have. Throws client::Error
// where the file is not right.
[[nodiscard]] Result<client::Options> client_options(const Shared& shared);

}  // namespace chancery::cli
