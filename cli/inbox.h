// `chancery inbox`: what arrived, once or as it comes.
//
// With a cursor, a notice is shown at least once: the cursor moves after the lines were written.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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
  bool threads = false;
};

// Throws client::Error "usage" for a word that is none.
[[nodiscard]] Result<client::InboxQuery> make_query(const InboxOptions& options, client::Time now);

// Lines of the inbox, each below what it refers to; what that is and is not among them is asked
// for, up to 500, since an answer to a notice of one's own would stand alone. What `show` has
// nothing of has a line that says so. The thread with the newest notice is the last.
[[nodiscard]] std::string inbox_threads(
    std::vector<client::Notice> notices,
    const std::function<std::optional<client::Notice>(const std::string& n)>& show);

// Whether older notices match than the newest that `query.last` asked for.
enum class Older : std::uint8_t { kNone, kSome, kPerhaps };

// An answer with fewer than were asked for is all there is, or what fits into it, or what was found
// among as many rows as a node looks at for one: it does not say which. The rest of the inbox is
// looked through from its start, up to a bound, by `ask`.
[[nodiscard]] Older look_for_older(
    const std::function<client::Page(const client::InboxQuery&)>& ask, client::InboxQuery query,
    const client::Page& newest);

[[nodiscard]] Result<int> run_inbox(const InboxOptions& options, const Shared& shared);

}  // namespace chancery::cli
