#include "cli/bench/latency.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/bench/reader.h"
#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kLatencyCallers = 32;
constexpr std::size_t kDueTogetherMax = 64;  // Of what is due, in one call.
constexpr std::chrono::milliseconds kStartsIn{20};
constexpr std::chrono::milliseconds kLookEvery{100};

struct OpenLoop {
  std::mutex mutex;  // Of what follows.
  std::uint64_t taken = 0;
  Histogram logged;
  Clock::time_point last;
  std::optional<Error> failed;
};

// Those that are due now and nobody took; waits for the next one. 0 where there are no more.
struct Due {
  std::uint64_t place = 0;
  std::size_t count = 0;
};
Due take_due(OpenLoop& loop, const Schedule& schedule) {
  const std::scoped_lock lock(loop.mutex);
  if (loop.taken == schedule.count() || loop.failed.has_value()) {
    return {};
  }
  // Under the lock: who comes meanwhile waits for what is due later.
  std::this_thread::sleep_until(schedule.due(loop.taken));
  const std::uint64_t due = schedule.due_count(os::steady_now());
  const std::size_t count =
      std::clamp<std::uint64_t>(due - std::min(due, loop.taken), 1, kDueTogetherMax);
  const Due taken{.place = loop.taken,
                  .count = std::min<std::size_t>(count, schedule.count() - loop.taken)};
  loop.taken += taken.count;
  return taken;
}

void publish_due(Run& run, const Schedule& schedule, std::uint64_t first, OpenLoop& loop) {
  Histogram logged;
  Clock::time_point last{};
  for (Due due = take_due(loop, schedule); due.count > 0; due = take_due(loop, schedule)) {
    const Result<void> published =
        run.publishers.front()->publish(run.exchange, run.shape, first + due.place, due.count);
    last = os::steady_now();
    if (!published.has_value()) {
      const std::scoped_lock lock(loop.mutex);
      loop.failed = loop.failed.value_or(published.error());
      return;
    }
    for (std::size_t i = 0; i < due.count; ++i) {
      logged.record(micros_between(schedule.due(due.place + i), last));
    }
  }
  const std::scoped_lock lock(loop.mutex);
  loop.logged.merge(logged);
  loop.last = std::max(loop.last, last);
}

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
  OpenLoop loop;
  {
    std::vector<std::jthread> callers;
    callers.reserve(kLatencyCallers);
    for (std::size_t i = 0; i < kLatencyCallers; ++i) {
      callers.emplace_back([&] { publish_due(run, schedule, first, loop); });
    }
    for (std::uint64_t taken = 0; taken < count;) {
      {
        const std::unique_lock lock(loop.mutex, std::try_to_lock);
        if (lock.owns_lock()) {
          taken = loop.failed.has_value() ? count : loop.taken;
        }
      }
      if (!run.exchange.check().has_value()) {
        const std::scoped_lock lock(loop.mutex);
        loop.taken = count;
        break;
      }
      run.tell("publishing " + std::to_string(rate) + "/s", taken, count, "");
      std::this_thread::sleep_for(kLookEvery);
    }
  }
  CHANCERY_TRY_VOID(run.exchange.check());
  if (loop.failed.has_value()) {
    return std::unexpected(*loop.failed);
  }
  CHANCERY_TRY_VOID(await_deliveries(run.exchange, run.published_count(), [](std::uint64_t) {}));
  CHANCERY_TRY(const Snapshot after, look(run.exchange));
  CHANCERY_TRY_VOID(reader.finish(count));

  const double taken = std::chrono::duration<double>(loop.last - schedule.due(0)).count();
  const text::Json usage = usage_figures(before, after, count);
  text::Json figures = {{"rate", rate},
                        {"published", count},
                        {"published_per_s", rounded(ratio(static_cast<double>(count), taken))}};
  add_percentiles(figures, "logged", loop.logged);
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
  run.connect(kLatencyCallers * kDueTogetherMax);
  CHANCERY_TRY_VOID(run.warm_up());
  text::Json rates = text::Json::array();
  for (const std::uint32_t rate : options.rates) {
    CHANCERY_TRY_VOID(at_rate(run, rate, options.seconds, rates));
  }
  run.figures["rates"] = std::move(rates);
  return run.compare_all(run.published());
}

}  // namespace

Clock::time_point Schedule::due(std::uint64_t place) const {
  constexpr std::uint64_t kNanos = 1'000'000'000;
  const std::uint64_t nanos = ((place / rate_) * kNanos) + ((place % rate_) * kNanos / rate_);
  return start_ + std::chrono::nanoseconds(nanos);
}

std::uint64_t Schedule::due_count(Clock::time_point now) const {
  if (now < start_) {
    return 0;
  }
  constexpr std::uint64_t kNanos = 1'000'000'000;
  const auto nanos = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now - start_).count());
  const std::uint64_t due = ((nanos / kNanos) * rate_) + ((nanos % kNanos) * rate_ / kNanos) + 1;
  return std::min(due, count_);
}

Result<int> run_latency(const LatencyOptions& options, const Shared& shared) {
  return run_scenario("latency", options.common,
                      {{"rates", options.rates}, {"seconds", options.seconds}}, shared,
                      [&](Run& run) { return latency_work(run, options); });
}

}  // namespace chancery::cli::bench
