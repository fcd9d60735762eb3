// `chancery audit report`: a page about what a hub's or a node's records come to (report_page.h).

#pragma once

#include <string>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct ReportOptions {
  DaemonOptions daemon{};
  std::string output{};  // Nothing may be there.
};

// 0 written, and the records are verified; 1 written, and they are false; 2 could not tell.
[[nodiscard]] Result<int> run_audit_report(const ReportOptions& options, const Shared& shared);

}  // namespace chancery::cli
