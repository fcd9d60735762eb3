#include "cli/bench/latency.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "cli/bench/open_loop.h"
#include "cli/bench/reader.h"
#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

// What was published at one rate, and what that took.
struct AtRate {
  Turns turns;
  Schedule schedule;
  client::Time began;  // The schedule's begin by the clock that tells when a notice arrived.
  text::Json figures;
};

Result<AtRate> at_rate(Run& run, std::uint32_t rate, std::uint32_t seconds) {
  const std::uint64_t count = std::uint64_t{rate} * seconds;
  const Turns turns = take_turns(run, count);
  CHANCERY_TRY(const Snapshot before, look(run.exchange));
  const Schedule schedule(os::steady_now() + kStartsIn, rate, count);
  const client::Time began =
      os::time_now() + std::chrono::duration_cast<client::Time::duration>(kStartsIn);
  // Of one recipient: an application there that waits for what comes. A sink notes what came when.
  Histogram delivery;
  std::optional<Reader> reader;
  if (!run.exchange.has_sink()) {
    reader.emplace(run.exchange, 0, run.shape, [&](const Name& name, Clock::time_point now) {
      if (const std::optional<std::uint64_t> place = turns.find(name)) {
        delivery.record(micros_between(schedule.due(*place), now));
      }
    });
  }
  Histogram logged;
  CHANCERY_TRY(
      const Clock::time_point last,
      run_open_loop(run,
                    {.schedule = schedule,
                     .turns = turns,
                     .logged = [&](std::uint64_t, std::uint64_t micros) { logged.record(micros); },
                     .meanwhile = [&](std::uint64_t taken) -> Result<void> {
                       run.tell("publishing " + std::to_string(rate) + "/s", taken, count, "");
                       return {};
                     }}));
  CHANCERY_TRY_VOID(await_deliveries(run.exchange, run.published_count(), [](std::uint64_t) {}));
  CHANCERY_TRY(const Snapshot after, look(run.exchange));
  if (reader.has_value()) {
    CHANCERY_TRY_VOID(reader->finish(count));
  }

  const double taken = std::chrono::duration<double>(last - schedule.due(0)).count();
  text::Json figures = {{"rate", rate},
                        {"published", count},
                        {"published_per_s", rounded(ratio(static_cast<double>(count), taken))}};
  add_percentiles(figures, "logged", logged);
  add_percentiles(figures, "delivery", delivery);
  figures.update(usage_figures(before, after, count));
  run.figures["hub_rss_mib_peak"] = figures.at("hub_rss_mib_peak");
  return AtRate{
      .turns = turns, .schedule = schedule, .began = began, .figures = std::move(figures)};
}

// What a sink noted of a notice, into the histogram of its rate.
Result<void> compare_sunk(Run& run, std::vector<AtRate>& rates) {
  using OfRates = std::vector<Histogram>;
  std::vector<OfRates> taken(run.exchange.recipients().size(), OfRates(rates.size()));
  run.tell("comparing", 0, 0, "");
  CHANCERY_TRY(
      run.comparison,
      compare(run.exchange, run.shape, run.published(),
              [&](std::size_t recipient, const Name& name, client::Time arrived) {
                for (std::size_t i = 0; i < rates.size(); ++i) {  // None has those of the warm-up.
                  if (const std::optional<std::uint64_t> place = rates[i].turns.find(name)) {
                    const AtRate& rate = rates[i];
                    const auto due = rate.schedule.due(*place) - rate.schedule.due(0);
                    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                                            arrived - rate.began - due)
                                            .count();
                    taken[recipient][i].record(micros > 0 ? static_cast<std::uint64_t>(micros) : 0);
                  }
                }
              }));
  for (std::size_t i = 0; i < rates.size(); ++i) {
    Histogram all;
    for (const OfRates& of_recipient : taken) {
      all.merge(of_recipient[i]);
    }
    add_percentiles(rates[i].figures, "delivery", all);
  }
  return {};
}

Result<void> latency_work(Run& run, const LatencyOptions& options) {
  run.connect(kOpenLoopWindow);
  CHANCERY_TRY_VOID(run.warm_up());
  std::vector<AtRate> rates;
  for (const std::uint32_t rate : options.rates) {
    CHANCERY_TRY(AtRate one, at_rate(run, rate, options.seconds));
    rates.push_back(std::move(one));
  }
  CHANCERY_TRY_VOID(run.exchange.has_sink() ? compare_sunk(run, rates)
                                            : run.compare_all(run.published()));
  text::Json figures = text::Json::array();
  for (AtRate& rate : rates) {
    figures.push_back(std::move(rate.figures));
  }
  run.figures["rates"] = std::move(figures);
  return {};
}

}  // namespace

Result<int> run_latency(const LatencyOptions& options, const Shared& shared) {
  return run_scenario("latency", options.common,
                      {{"rates", options.rates}, {"seconds", options.seconds}}, shared,
                      [&](Run& run) { return latency_work(run, options); });
}

}  // namespace chancery::cli::bench
