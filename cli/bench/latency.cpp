#include "cli/bench/latency.h"

#include <chrono>

#include "cli/bench/open_loop.h"
#include "cli/bench/reader.h"
#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

Result<void> at_rate(Run& run, std::uint32_t rate, std::uint32_t seconds, text::Json& rates) {
  const std::uint64_t count = std::uint64_t{rate} * seconds;
  const std::uint64_t first = run.publishers.front()->take(count);
  CHANCERY_TRY(const Snapshot before, look(run.exchange));
  const Schedule schedule(os::steady_now() + kStartsIn, rate, count);
  // Of one recipient: an application there that waits for what comes.
  Histogram delivery;
  Reader reader(run.exchange, 0, run.shape, [&](const Name& name, Clock::time_point now) {
    if (name.number >= first) {
      delivery.record(micros_between(schedule.due(name.number - first), now));
    }
  });
  Histogram logged;
  CHANCERY_TRY(
      const Clock::time_point last,
      run_open_loop(run,
                    {.schedule = schedule,
                     .first = first,
                     .logged = [&](std::uint64_t, std::uint64_t micros) { logged.record(micros); },
                     .meanwhile = [&](std::uint64_t taken) -> Result<void> {
                       run.tell("publishing " + std::to_string(rate) + "/s", taken, count, "");
                       return {};
                     }}));
  CHANCERY_TRY_VOID(await_deliveries(run.exchange, run.published_count(), [](std::uint64_t) {}));
  CHANCERY_TRY(const Snapshot after, look(run.exchange));
  CHANCERY_TRY_VOID(reader.finish(count));

  const double taken = std::chrono::duration<double>(last - schedule.due(0)).count();
  const text::Json usage = usage_figures(before, after, count);
  text::Json figures = {{"rate", rate},
                        {"published", count},
                        {"published_per_s", rounded(ratio(static_cast<double>(count), taken))}};
  add_percentiles(figures, "logged", logged);
  add_percentiles(figures, "delivery", delivery);
  for (const char* const name :
       {"hub_cpu_us_per_notice", "our_cores", "foreign_cores", "hub_commits", "disk_flushes"}) {
    figures[name] = usage.at(name);
  }
  figures["logged_p50_to_lone_notice"] =
      rounded(ratio(figures.at("logged_us_p50").get<double>(), run.ceilings.lone_notice_us()));
  run.figures["hub_rss_mib_peak"] = usage.at("hub_rss_mib_peak");
  rates.push_back(std::move(figures));
  return {};
}

Result<void> latency_work(Run& run, const LatencyOptions& options) {
  run.connect(kOpenLoopWindow);
  CHANCERY_TRY_VOID(run.warm_up());
  text::Json rates = text::Json::array();
  for (const std::uint32_t rate : options.rates) {
    CHANCERY_TRY_VOID(at_rate(run, rate, options.seconds, rates));
  }
  run.figures["rates"] = std::move(rates);
  return run.compare_all(run.published());
}

}  // namespace

Result<int> run_latency(const LatencyOptions& options, const Shared& shared) {
  return run_scenario("latency", options.common,
                      {{"rates", options.rates}, {"seconds", options.seconds}}, shared,
                      [&](Run& run) { return latency_work(run, options); });
}

}  // namespace chancery::cli::bench
