// Which node the command speaks to: from flags, or else from a context or the environment.
//
// A flag goes before all else. What flags leave open comes from the first of these that is there,
// and from that one alone: the context of --context; CHANCERY_EXCHANGE, CHANCERY_MEMBER and
// CHANCERY_CLIENT; the context of CHANCERY_CONTEXT; the selected context. Within each, a client
// file stands alone, and a folder of an exchange goes with a member code. Where flags leave nothing
// open, contexts are not read.

#pragma once

#include <string>

#include "chancery/options.h"
#include "cli/context.h"
#include "cli/shared.h"

namespace chancery::cli {

// CHANCERY_EXCHANGE, CHANCERY_MEMBER, CHANCERY_CLIENT and CHANCERY_CONTEXT; empty is not given.
struct Environment {
  std::string exchange{};
  std::string member{};
  std::string client_file{};
  std::string context{};
  std::string contexts{};  // The file with all contexts; empty where there is no place for one.
  std::string state{};     // XDG_STATE_HOME, or its default; empty where there is no place for one.
};

[[nodiscard]] Environment environment();

// What flags leave open, as the one that was chosen says it; all empty where there is none. Without
// a name where it is the environment's. kNotFound where a context was named that is not there.
[[nodiscard]] Result<Context> fallback(const Shared& shared, const Environment& environment);

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
