// `chancery audit export`: a hub's or a node's log as files that others verify without it.
//
// What lies in the folder is gone on with: only what is new is read and written. `checkpoint` is
// replaced last, once all that it covers is durable and hashes to it, so a folder is at each moment
// the export of before or the one of now; `unfinished` is there while it is on the way. What does
// not extend the log of the folder is refused, and changes nothing.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::cli {

struct ExportOptions {
  DaemonOptions daemon{};
  std::string folder{};
};

struct ExportReport {
  std::string origin;
  Hash genesis{};
  std::uint64_t size = 0;
  Hash root{};
  std::uint64_t added = 0;  // Entries that the folder did not have.
  bool quorum_needed = true;
  bool at_quorum = false;  // Else the log alone signed the checkpoint.
  std::size_t cosignatures = 0;
  std::uint64_t log_size = 0;  // Of the source, which may have more than its newest quorum covers.
};

// 0 done, 1 refused, 2 could not tell.
[[nodiscard]] Result<int> run_audit_export(const ExportOptions& options, const Shared& shared);

// kWrongGenesis, kForeignLog: the folder has another log; kUnavailable: it has more
// of this one.
// kStoreDamaged: what lies there is not what its checkpoint says. kExists: the folder has files
// and is no export. kRootMismatch and others of core/exchange/log_follower.h: what the source gives
// is not what it signed. `show_progress` on stderr.
[[nodiscard]] Result<ExportReport> export_log(const AuditSource& source, const std::string& folder,
                                              bool show_progress);

}  // namespace chancery::cli
