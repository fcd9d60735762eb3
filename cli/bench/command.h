// A command of `chancery` as its user runs it: this program, started again as a process of its own,
// and what it took.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/bench/exchange.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli::bench {

struct CommandRun {
  text::Json answer;  // What it printed: --json is added to its words.
  std::chrono::microseconds taken{};
  std::chrono::microseconds cpu{};  // Of user and system.
  std::uint64_t rss_peak_bytes = 0;
};

// Until it ends. kInternal with what it said where its exit code is not 0. From the main thread.
[[nodiscard]] Result<CommandRun> run_command(Exchange& exchange,
                                             const std::vector<std::string>& words);

}  // namespace chancery::cli::bench
