// `chancery inbox`: what arrived, once or as it comes.
//
// With a cursor, a notice is shown at least once: the cursor moves after the lines were written.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chancery/client.h"
#include "cli/shared.h"

namespace chancery::cli {

struct InboxOptions {
  std::vector<std::string> from;
  std::vector<std::string> kinds;
  std::vector<std::string> statuses;
  std::string precedence;  // The lowest that is shown.
  std::string since;
  std::uint32_t last = 0;
  std::string cursor;
  bool follow = false;
};

// Throws client::Error "usage" for a word that is none.
[[nodiscard]] Result<client::InboxQuery> make_query(const InboxOptions& options, client::Time now);

[[nodiscard]] Result<int> run_inbox(const InboxOptions& options, const Shared& shared);

}  // namespace chancery::cli
