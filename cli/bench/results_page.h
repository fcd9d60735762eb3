// The page of `bench report` (html.h): what was measured, on which machine, and how results of one
// scenario differ.
//
// The same results make the same bytes. What the files say is escaped. Pure.

#pragma once

#include <string>
#include <vector>

#include "cli/bench/results.h"

namespace chancery::cli::bench {

// At most kResultsMax of a scenario; those are shown side by side in the order given, and compared
// with the first.
[[nodiscard]] std::string results_page(const std::vector<BenchResult>& results);

// Every notice arrived once, as it was published.
[[nodiscard]] bool arrived_whole(const BenchResult& result);

}  // namespace chancery::cli::bench
