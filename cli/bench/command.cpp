#include "cli/bench/command.h"

#include <algorithm>
#include <utility>

#include "cli/bench/load.h"
#include "cli/bench/machine.h"
#include "io/os/clock.h"
#include "io/os/process.h"

namespace chancery::cli::bench {
namespace {

constexpr std::chrono::milliseconds kCommandLook{2};
constexpr std::size_t kAnswerDepth = 16;

void read_output(os::Child& child, std::string& output) {
  for (const std::string& line : child.read_lines()) {
    output += line;  // A line of JSON comes in pieces where it is long.
  }
}

}  // namespace

Result<CommandRun> run_command(Exchange& exchange, const std::vector<std::string>& words) {
  CHANCERY_TRY(const std::string program, this_program());
  std::vector<std::string> argv = {program};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.emplace_back("--json");
  CommandRun run;
  std::string output;
  const Clock::time_point start = os::steady_now();
  CHANCERY_TRY(os::Child child, os::Child::spawn(argv));
  while (!child.wait(kCommandLook).has_value()) {
    CHANCERY_TRY_VOID(exchange.check());
    read_output(child, output);
    // Not of rusage, where the most memory is that of whoever forked, if that had more.
    run.rss_peak_bytes = std::max(run.rss_peak_bytes, usage_of(child.pid()).rss_peak_bytes);
  }
  run.taken = std::chrono::duration_cast<std::chrono::microseconds>(os::steady_now() - start);
  run.cpu = child.cpu_time();
  while (child.output_fd() >= 0) {
    read_output(child, output);
  }
  if (const auto status = child.exit_status(); !status.has_value() || !status->ok()) {
    return fail(ErrorCode::kInternal, words.front() + " " + words.at(1) + " failed: " + output);
  }
  CHANCERY_TRY(run.answer, text::parse_json(output, kAnswerDepth));
  return run;
}

}  // namespace chancery::cli::bench
