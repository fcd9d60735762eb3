#include "cli/bench/publish.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kCallersMax = 16;  // Of an origin.

// What the callers of all origins have done.
struct Done {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> logged{0};
  std::mutex mutex;  // Of what follows.
  Histogram latency;
  Clock::time_point last;
  std::vector<std::vector<client::Time>> begun;  // Of each call of an origin, by its number.
  std::optional<Error> failed;
};

// Calls until it is told to stop. Each call takes the next numbers, so the place of a call among
// those of its origin follows from them.
void call(Run& run, std::size_t origin, std::size_t batch, std::uint64_t from, Done& done) {
  Publisher& publisher = *run.publishers[origin];
  Histogram latency;
  while (!done.stop) {
    const std::uint64_t first = publisher.take(batch);
    const std::size_t place = (first - from) / batch;
    {
      const std::scoped_lock lock(done.mutex);
      std::vector<client::Time>& begun = done.begun[origin];
      begun.resize(std::max(begun.size(), place + 1));
      begun[place] = os::time_now();
    }
    const Clock::time_point start = os::steady_now();
    const Result<void> published = publisher.publish(run.exchange, run.shape, first, batch);
    const Clock::time_point end = os::steady_now();
    if (!published.has_value()) {
      const std::scoped_lock lock(done.mutex);
      done.failed = done.failed.value_or(published.error());
      done.stop = true;
      return;
    }
    latency.record(micros_between(start, end), batch);
    done.logged += batch;
    const std::scoped_lock lock(done.mutex);
    done.last = std::max(done.last, end);
  }
  const std::scoped_lock lock(done.mutex);
  done.latency.merge(latency);
}

Result<void> saturate(Run& run, const Callers& callers, std::chrono::seconds time,
                      const std::vector<std::uint64_t>& from, Done& done) {
  done.begun.resize(run.publishers.size());
  const Clock::time_point start = os::steady_now();
  std::vector<std::jthread> threads;
  for (std::size_t origin = 0; origin < run.publishers.size(); ++origin) {
    for (std::size_t i = 0; i < callers.count; ++i) {
      threads.emplace_back([&run, &done, &from, origin, batch = callers.batch] {
        call(run, origin, batch, from[origin], done);
      });
    }
  }
  while (!done.stop && os::steady_now() - start < time && run.exchange.check().has_value()) {
    const double taken = std::chrono::duration<double>(os::steady_now() - start).count();
    run.tell("publishing, " +
                 std::to_string(static_cast<std::uint64_t>(
                     ratio(static_cast<double>(done.logged.load()), taken))) +
                 "/s logged",
             static_cast<std::uint64_t>(taken), static_cast<std::uint64_t>(time.count()), "s");
    std::this_thread::sleep_for(kTellEvery);
  }
  done.stop = true;
  threads.clear();  // Joins them.
  CHANCERY_TRY_VOID(run.exchange.check());
  return done.failed.has_value() ? Result<void>(std::unexpected(*done.failed)) : Result<void>{};
}

Result<void> publish_work(Run& run, const PublishOptions& options) {
  const Callers callers = callers_for(options.window);
  run.connect(options.window);
  CHANCERY_TRY_VOID(run.warm_up());
  std::vector<std::uint64_t> from;
  from.reserve(run.publishers.size());
  for (const auto& publisher : run.publishers) {
    from.push_back(publisher->taken());
  }
  CHANCERY_TRY(const Snapshot before, look(run.exchange));
  Done done;
  CHANCERY_TRY_VOID(saturate(run, callers, std::chrono::seconds(options.seconds), from, done));
  const std::uint64_t all = run.published_count();
  const std::uint64_t deliveries = all * run.exchange.recipients().size();
  CHANCERY_TRY(const Clock::time_point delivered_at,
               await_deliveries(run.exchange, all, [&](std::uint64_t delivered) {
                 run.tell("delivering", delivered, deliveries, "");
               }));
  CHANCERY_TRY(const Snapshot after, look(run.exchange));

  run.tell("comparing", 0, 0, "");
  std::vector<Histogram> delivery(run.exchange.recipients().size());
  CHANCERY_TRY(
      run.comparison,
      compare(run.exchange, run.shape, run.published(),
              [&](std::size_t recipient, const Name& name, client::Time arrived) {
                if (name.number < from[name.origin]) {
                  return;  // Of the warm-up.
                }
                const client::Time begun =
                    done.begun[name.origin][(name.number - from[name.origin]) / callers.batch];
                const auto taken = (arrived - begun).count();
                delivery[recipient].record(taken > 0 ? static_cast<std::uint64_t>(taken) : 0);
              }));
  Histogram deliveries_taken;
  for (const Histogram& one : delivery) {
    deliveries_taken.merge(one);
  }

  const std::uint64_t logged = done.logged;
  const auto rate = [&](Clock::time_point end) {
    return ratio(static_cast<double>(logged),
                 std::chrono::duration<double>(end - before.at).count());
  };
  run.figures["published"] = logged;
  run.figures["published_per_s"] = rounded(rate(done.last));
  run.figures["delivered_per_s"] = rounded(rate(delivered_at));
  add_percentiles(run.figures, "logged", done.latency);
  add_percentiles(run.figures, "delivery", deliveries_taken);
  run.figures.update(usage_figures(before, after, logged));
  return {};
}

}  // namespace

Callers callers_for(std::size_t window) {
  const std::size_t batch = std::max<std::size_t>(1, window / kCallersMax);
  return {.count = std::max<std::size_t>(1, window / batch), .batch = batch};
}

Result<int> run_publish(const PublishOptions& options, const Shared& shared) {
  return run_scenario("publish", options.common,
                      {{"window", options.window}, {"seconds", options.seconds}}, shared,
                      [&](Run& run) { return publish_work(run, options); });
}

}  // namespace chancery::cli::bench
