#include "cli/bench/report.h"

#include <filesystem>
#include <iostream>
#include <map>
#include <system_error>
#include <utility>

#include "cli/bench/results.h"
#include "cli/bench/results_page.h"
#include "cli/display.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"

namespace chancery::cli::bench {
namespace {

constexpr mode_t kPageMode = 0644;  // Made to be shown.

Result<std::vector<BenchResult>> read_results(const std::vector<std::string>& files) {
  std::vector<BenchResult> results;
  std::map<std::string, std::size_t> counts;
  for (const std::string& file : files) {
    CHANCERY_TRY(BenchResult result, read_result(file));
    if (++counts[result.scenario()] > kResultsMax) {
      return fail(ErrorCode::kLimitExceeded, file + ": more than " + std::to_string(kResultsMax) +
                                                 " results of `" + result.scenario() +
                                                 "`; make a page of fewer");
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

Result<int> run_bench_report(const BenchReportOptions& options, const Shared& shared) {
  std::error_code unknown;
  if (std::filesystem::exists(options.output, unknown)) {
    return fail(ErrorCode::kExists, options.output + " is there");
  }
  CHANCERY_TRY(const std::vector<BenchResult> results, read_results(options.results));
  const std::string page = results_page(results);
  CHANCERY_TRY_VOID(os::write_file_new(options.output, page, kPageMode));
  if (shared.json) {
    text::Json read = text::Json::array();
    for (const BenchResult& result : results) {
      read.push_back({{"file", result.file},
                      {"scenario", result.scenario()},
                      {"good", arrived_whole(result)}});
    }
    std::cout << json_line({{"file", options.output}, {"results", std::move(read)}}) << "\n";
  } else {
    std::cout << "written     " << harmless(options.output) << ", " << page.size() << " bytes, of "
              << results.size() << (results.size() == 1 ? " result\n" : " results\n");
  }
  return os::kExitDone;
}

}  // namespace chancery::cli::bench
