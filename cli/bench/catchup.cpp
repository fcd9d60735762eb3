#include "cli/bench/catchup.h"

#include <chrono>
#include <string>

#include "cli/bench/round.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kAwayWindow = 1024;

Result<void> catchup_work(Run& run, const CatchupOptions& options) {
  const std::string& away = run.exchange.recipients().front();
  run.connect(kAwayWindow);
  CHANCERY_TRY_VOID(run.warm_up());
  const std::uint64_t warmed = run.published_count();
  CHANCERY_TRY_VOID(run.exchange.stop(away));
  CHANCERY_TRY_VOID(run.fill(options.count, "publishing what it misses"));
  const std::uint64_t all = run.published_count();
  const std::uint64_t missed = all - warmed;

  CHANCERY_TRY(const Snapshot before, look(run.exchange));
  CHANCERY_TRY(const std::chrono::microseconds ready, run.exchange.run(away));
  CHANCERY_TRY(const Clock::time_point caught_up,
               await_deliveries(run.exchange, all,
                                [&](std::uint64_t) { run.tell("catching up", 0, 0, ""); }));
  CHANCERY_TRY(const Snapshot after, look(run.exchange));

  const double seconds = std::chrono::duration<double>(caught_up - before.at).count();
  const text::Json usage = usage_figures(before, after, missed);
  run.figures["missed"] = missed;
  run.figures["caught_up_per_s"] = rounded(ratio(static_cast<double>(missed), seconds));
  run.figures["caught_up_us"] = micros_between(before.at, caught_up);
  run.figures["ready_us"] = ready.count();
  // It did nothing before.
  run.figures["node_cpu_us_per_notice"] =
      rounded(ratio(after.recipients.front().cpu_us, static_cast<double>(missed)));
  run.figures["node_rss_mib_peak"] = mib(after.recipients.front().rss_peak_bytes);
  // The others did nothing.
  for (const auto& [name, figure] : usage.items()) {
    if (name.starts_with("hub_") || name.ends_with("_cores") || name == "disk_flushes") {
      run.figures[name] = figure;
    }
  }
  return run.compare_all(run.published());
}

}  // namespace

Result<int> run_catchup(const CatchupOptions& options, const Shared& shared) {
  return run_scenario("catchup", options.common, {{"count", options.count}}, shared,
                      [&](Run& run) { return catchup_work(run, options); });
}

}  // namespace chancery::cli::bench
