#include "cli/bench/soak.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench/open_loop.h"
#include "cli/bench/reader.h"
#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

constexpr double kSecondsPerMinute = 60;
constexpr const char* kWindowEnd = "until_s";  // When it ended, since the start.

struct Latencies {
  Histogram logged;
  Histogram delivery;
};

std::uint64_t soak_count(const SoakOptions& options) {
  return static_cast<std::uint64_t>(options.minutes * kSecondsPerMinute * options.rate);
}

// Of all nodes, that with most.
template <class Of>
text::Json most_of(const Snapshot& at, const Of& of) {
  text::Json most;
  for (const auto* const side : {&at.origins, &at.recipients}) {
    for (const Usage& node : *side) {
      const text::Json value = of(node);
      most = most.is_null() || (!value.is_null() && value > most) ? value : most;
    }
  }
  return most;
}

text::Json rss_of(const Usage& usage) {
  return mib(usage.rss_bytes);
}

text::Json fds_of(const Usage& usage) {
  return usage.open_fds.has_value() ? text::Json(*usage.open_fds) : text::Json();
}

// What a window was like: what was used is of the whole of it, memory and descriptors of its end.
text::Json window_figures(const Schedule& schedule, const Snapshot& before, const Snapshot& after,
                          const Latencies& latencies) {
  const std::uint64_t due = schedule.due_count(after.at) - schedule.due_count(before.at);
  text::Json figures = {
      {kWindowEnd, rounded(std::chrono::duration<double>(after.at - schedule.due(0)).count())},
      {"due", due}};
  add_percentiles(figures, "logged", latencies.logged);
  add_percentiles(figures, "delivery", latencies.delivery);
  figures["hub_rss_mib"] = rss_of(after.hub);
  figures["node_rss_mib"] = most_of(after, rss_of);
  figures["hub_fds"] = fds_of(after.hub);
  figures["node_fds"] = most_of(after, fds_of);
  const text::Json usage = usage_figures(before, after, due);
  for (const char* const name :
       {"hub_cpu_us_per_notice", "origins_cpu_us_per_notice", "recipient_cpu_us_per_notice",
        "our_cores", "foreign_cores", "notices_per_hub_commit", "disk_flushes"}) {
    figures[name] = usage.at(name);
  }
  return figures;
}

// Loads the exchange, and looks at it where a window ends.
class Soak {
 public:
  Soak(Run& run, const SoakOptions& options, std::size_t window_count)
      : run_(run),
        options_(options),
        latencies_(window_count),
        turns_(take_turns(run, soak_count(options))),
        schedule_(os::steady_now() + kStartsIn, options.rate, soak_count(options)) {}

  Result<void> load() {
    CHANCERY_TRY_VOID(look_now());
    Reader reader(run_.exchange, 0, run_.shape, [this](const Name& name, Clock::time_point now) {
      if (const std::optional<std::uint64_t> place = turns_.find(name)) {
        of(*place).delivery.record(micros_between(schedule_.due(*place), now));
      }
    });
    CHANCERY_TRY(
        last_,
        run_open_loop(run_,
                      {.schedule = schedule_,
                       .turns = turns_,
                       .logged = [this](std::uint64_t place,
                                        std::uint64_t micros) { of(place).logged.record(micros); },
                       .meanwhile = [this](std::uint64_t taken) { return meanwhile(taken); }}));
    CHANCERY_TRY_VOID(
        await_deliveries(run_.exchange, run_.published_count(), [](std::uint64_t) {}));
    do {  // Of a window that ended with the last notice nobody looked at the end.
      CHANCERY_TRY_VOID(look_now());
    } while (looks_.size() <= latencies_.size());
    return reader.finish(schedule_.count());
  }

  void add_figures() {
    text::Json windows = text::Json::array();
    Latencies all;
    for (std::size_t i = 0; i < latencies_.size(); ++i) {
      windows.push_back(window_figures(schedule_, looks_[i], looks_[i + 1], latencies_[i]));
      all.logged.merge(latencies_[i].logged);
      all.delivery.merge(latencies_[i].delivery);
    }
    const std::uint64_t count = schedule_.count();
    const double taken = std::chrono::duration<double>(last_ - schedule_.due(0)).count();
    run_.figures["published"] = count;
    run_.figures["published_per_s"] = rounded(ratio(static_cast<double>(count), taken));
    add_percentiles(run_.figures, "logged", all.logged);
    add_percentiles(run_.figures, "delivery", all.delivery);
    run_.figures.update(usage_figures(looks_.front(), looks_.back(), count));
    run_.figures["drift"] = summary_of(windows);
    run_.series = std::move(windows);
  }

 private:
  Latencies& of(std::uint64_t place) {
    return latencies_[place / (std::uint64_t{options_.rate} * options_.every)];
  }

  Result<void> look_now() {
    CHANCERY_TRY(Snapshot now, look(run_.exchange));
    looks_.push_back(std::move(now));
    return {};
  }

  // The last window ends where all has been delivered.
  Result<void> meanwhile(std::uint64_t taken) {
    run_.tell("publishing " + std::to_string(options_.rate) + "/s", taken, schedule_.count(), "");
    const auto end = schedule_.due(0) + std::chrono::seconds(options_.every * looks_.size());
    return looks_.size() < latencies_.size() && os::steady_now() >= end ? look_now()
                                                                        : Result<void>{};
  }

  Run& run_;
  const SoakOptions& options_;
  std::vector<Latencies> latencies_;  // Of each window, by when its notices were due.
  std::vector<Snapshot> looks_;       // At the start, and at the end of each window.
  Turns turns_;
  Schedule schedule_;
  Clock::time_point last_{};
};

Result<void> soak_work(Run& run, const SoakOptions& options, std::size_t windows) {
  run.connect(kOpenLoopWindow);
  CHANCERY_TRY_VOID(run.warm_up());
  Soak soak(run, options, windows);
  CHANCERY_TRY_VOID(soak.load());
  soak.add_figures();
  return run.compare_all(run.published());
}

}  // namespace

Result<std::size_t> windows_of(const SoakOptions& options) {
  const std::uint64_t in_one = std::uint64_t{options.rate} * options.every;
  const std::uint64_t windows = (soak_count(options) + in_one - 1) / in_one;
  if (windows == 0) {
    return fail(ErrorCode::kUsage, "--minutes and --rate: no notice is due in so short a time");
  }
  if (windows > kSoakWindowsMax) {
    return fail(ErrorCode::kUsage, "--every: " + std::to_string(windows) + " windows, at most " +
                                       std::to_string(kSoakWindowsMax) + " are kept");
  }
  return windows;
}

text::Json summary_of(const text::Json& windows) {
  text::Json summary = text::Json::array();
  for (const auto& [name, unused] : windows.front().items()) {
    if (name == kWindowEnd) {
      continue;
    }
    std::vector<double> values;
    for (const text::Json& window : windows) {
      if (window.at(name).is_number()) {
        values.push_back(window.at(name).get<double>());
      }
    }
    text::Json line = {{"figure", name},
                       {"first", nullptr},
                       {"median", nullptr},
                       {"last", nullptr},
                       {"drift", nullptr}};
    if (!values.empty()) {
      double drift = 0;
      for (const double value : values) {
        const double from_first = value - values.front();
        drift = std::abs(from_first) > std::abs(drift) ? from_first : drift;
      }
      line["first"] = rounded(values.front());
      line["last"] = rounded(values.back());
      line["drift"] = rounded(drift);
      line["median"] = rounded(median(std::move(values)));
    }
    summary.push_back(std::move(line));
  }
  return summary;
}

Result<int> run_soak(const SoakOptions& options, const Shared& shared) {
  CHANCERY_TRY(const std::size_t windows, windows_of(options));
  return run_scenario(
      "soak", options.common,
      {{"minutes", options.minutes}, {"rate", options.rate}, {"every", options.every}}, shared,
      [&](Run& run) { return soak_work(run, options, windows); });
}

}  // namespace chancery::cli::bench
