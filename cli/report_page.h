// The page of `audit report`: one HTML file that is well-formed XML as well, with its style and its
// plots in it, and nothing that a browser would have to fetch or run.
//
// The same numbers make the same bytes. No text, no subject and no N of a notice is in it. Pure.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/activity.h"
#include "cli/daemon.h"
#include "core/base/bytes.h"
#include "core/exchange/audit.h"

namespace chancery::cli {

// The newest head that a quorum cosigned, and when its witnesses did.
struct WitnessLag {
  struct Witness {
    std::string member;
    std::optional<std::uint64_t> time_s;  // By its own clock; nothing where it is not among them.
  };
  std::uint64_t size = 0;
  std::uint64_t accepted_at_ms = 0;  // Of its last entry.
  std::size_t quorum = 0;
  bool at_quorum = false;
  std::vector<Witness> witnesses;

  // From the entry to a witness' line; 0 where its clock is behind.
  [[nodiscard]] std::optional<std::uint64_t> seconds(const Witness& witness) const;
};

struct ReportData {
  std::string name;      // Of the hub or node, or the store's file.
  std::string from;      // "running daemon" or "store".
  std::string member{};  // Empty for a hub.
  std::string exchange;
  Hash genesis{};
  std::map<std::string, std::string> member_names;  // By code, as the roster has them.
  exchange::AuditReport audit;
  Activity activity;
  std::optional<WitnessLag> witnesses{};  // Nothing where no head was cosigned.
  std::vector<OwnFault> faults;
};

[[nodiscard]] std::string report_page(const ReportData& data);

// "850 ms", "3.2 s", "4 min 10 s", "2 h 5 min", "3 d 4 h".
[[nodiscard]] std::string span_text(std::uint64_t ms);

}  // namespace chancery::cli
