// `chancery bench report`: what scenarios printed with --json, as one page (results_page.h).

#pragma once

#include <string>
#include <vector>

#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

struct BenchReportOptions {
  std::vector<std::string> results{};
  std::string output{};  // Nothing may be there.
};

// 0 written, whatever the results say; an error otherwise, and nothing is written.
[[nodiscard]] Result<int> run_bench_report(const BenchReportOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
