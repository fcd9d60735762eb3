// `chancery register` and `chancery search`: notices by what they are and by their words, as a
// table, as CSV or as JSON.
//
// The node has an index of them (NodeStore::find): its word is asked for, or its store is read.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/client.h"
#include "chancery/v1/local.pb.h"
#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct FindOptions {
  std::string words{};
  std::vector<std::string> kinds{};
  std::vector<std::string> from{};
  std::vector<std::string> statuses{};  // None: actual alone.
  std::string since{};
  std::string until{};
  std::string category{};  // Of threats, as "cyber".
  bool replaced = false;
  std::uint32_t limit = 100;
  bool csv = false;
  DaemonOptions daemon{};
};

// What was found, newest first, and whether it is all.
struct FoundNotices {
  struct Entry {
    client::Notice notice;
    bool superseded = false;
    bool cancelled = false;
  };
  std::vector<Entry> entries;
  bool more = false;
  std::uint64_t unread = 0;  // Notices that the node has not looked through yet.
};

[[nodiscard]] Result<v1::FindRequest> find_request(const FindOptions& options, client::Time now);
// Page after page, until there are as many as were asked for.
[[nodiscard]] Result<FoundNotices> find_all(
    const std::function<Result<v1::FindReply>(const v1::FindRequest&)>& ask,
    v1::FindRequest request, std::uint32_t limit);

// One cell by RFC 4180: harmless, and what a spreadsheet would take for a formula begins with an
// apostrophe.
[[nodiscard]] std::string csv_cell(std::string_view text);
// Of the kind of a register, with all fields of the kind.
[[nodiscard]] std::string register_csv(std::string_view kind, const FoundNotices& found);
[[nodiscard]] std::string register_table(std::string_view kind, const FoundNotices& found);
// Time, origin, precedence, kind, notice, marks, subject.
[[nodiscard]] std::string found_line(const FoundNotices::Entry& entry);

// The kind of "contacts", "threats" or "training".
[[nodiscard]] std::string_view kind_of_register(std::string_view name);

// Of the only kind of options.kinds.
[[nodiscard]] Result<int> run_register(const FindOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_search(const FindOptions& options, const Shared& shared);

}  // namespace chancery::cli
