#include "cli/bench/flood.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/bench/reader.h"
#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kFloodWindow = 1024;
constexpr std::chrono::seconds kStartWithin{60};

// FLASH notices of the first origin, one after the other.
struct Flashes {
  std::mutex mutex;
  std::vector<Clock::time_point> begun;  // By number, from kFlashFrom on.
  Histogram logged;
  Histogram delivery;
};

// `go_on` is asked before each.
Result<std::uint64_t> publish_flashes(Run& run, const FloodOptions& options, Flashes& flashes,
                                      std::uint64_t first,
                                      const std::function<Result<bool>()>& go_on) {
  std::uint64_t count = 0;
  for (; count < options.flashes; ++count) {
    CHANCERY_TRY(const bool more, go_on());
    if (!more) {
      break;
    }
    const Clock::time_point start = os::steady_now();
    {
      const std::scoped_lock lock(flashes.mutex);
      flashes.begun.push_back(start);
    }
    CHANCERY_TRY_VOID(
        run.publishers.front()->publish(run.exchange, run.shape, kFlashFrom + first + count, 1));
    flashes.logged.record(micros_between(start, os::steady_now()));
    run.tell("flashes", count, options.flashes, "");
    std::this_thread::sleep_for(std::chrono::milliseconds(options.between));
  }
  return count;
}

// What the application at the first recipient sees of them.
Reader::Seen into(Flashes& flashes, std::uint64_t first) {
  return [&flashes, first](const Name& name, Clock::time_point now) {
    if (name.number < kFlashFrom + first) {
      return;
    }
    const std::scoped_lock lock(flashes.mutex);
    const std::uint64_t place = name.number - kFlashFrom - first;
    flashes.delivery.record(place < flashes.begun.size() ? micros_between(flashes.begun[place], now)
                                                         : 0);
  };
}

// Durable at their nodes, and nothing more: the hub is away.
Result<void> pile_up(Run& run, std::uint64_t backlog) {
  constexpr std::size_t kTogether = 256;
  const std::size_t origins = run.publishers.size();
  std::vector<std::uint64_t> left(origins, backlog / origins);
  left.front() += backlog % origins;
  for (std::size_t origin = 0; origin < origins; ++origin) {
    while (left[origin] > 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kTogether, left[origin]));
      Publisher& publisher = *run.publishers[origin];
      CHANCERY_TRY_VOID(
          publisher.publish(run.exchange, run.shape, publisher.take(count), count, false));
      left[origin] -= count;
      run.tell("piling up", run.published_count(), backlog, "");
    }
  }
  return {};
}

// The hub admits again: more than that is at the first recipient. What it takes until then is a
// start, and no backlog.
Result<void> await_draining(Run& run, std::uint64_t before) {
  constexpr std::chrono::milliseconds kBetweenLooks{10};
  client::Client watching(
      client::Options::from_file(run.exchange.client_file(run.exchange.recipients().front())));
  const Clock::time_point until = os::steady_now() + kStartWithin;
  while (watching.cursors().newest_arrival <= before) {
    if (os::steady_now() >= until) {
      return fail(ErrorCode::kNoDaemon, "the hub admits nothing after its start");
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return {};
}

Result<void> flood_work(Run& run, const FloodOptions& options) {
  const std::string hub(kHub);
  run.connect(kFloodWindow);
  CHANCERY_TRY_VOID(run.warm_up());
  const std::uint64_t warmed = run.published_count();

  Flashes idle;
  Reader idle_reader(run.exchange, 0, run.shape, into(idle, 0));
  CHANCERY_TRY(const std::uint64_t idle_count,
               publish_flashes(run, options, idle, 0, []() -> Result<bool> { return true; }));
  CHANCERY_TRY_VOID(idle_reader.finish(idle_count));

  CHANCERY_TRY_VOID(run.exchange.stop(hub));
  CHANCERY_TRY_VOID(pile_up(run, options.backlog));
  const std::uint64_t routine = run.published_count();
  CHANCERY_TRY_VOID(run.exchange.run(hub));
  CHANCERY_TRY_VOID(await_draining(run, warmed + idle_count));
  CHANCERY_TRY(const Snapshot before, look(run.exchange));
  // As long as some of the backlog is not at its recipients.
  client::Client watching(
      client::Options::from_file(run.exchange.client_file(run.exchange.recipients().front())));
  std::uint64_t sent = idle_count;
  Flashes behind;
  std::uint64_t read_after = 0;
  Reader reader(run.exchange, 0, run.shape, into(behind, idle_count));
  CHANCERY_TRY(const std::uint64_t behind_count,
               publish_flashes(run, options, behind, idle_count, [&]() -> Result<bool> {
                 const std::uint64_t has = watching.cursors().newest_arrival;
                 read_after = routine + sent - std::min(has, routine + sent);
                 ++sent;
                 return read_after > 0;
               }));
  const std::uint64_t all = routine + idle_count + behind_count;
  CHANCERY_TRY(const Clock::time_point drained,
               await_deliveries(run.exchange, all, [&](std::uint64_t delivered) {
                 run.tell("delivering", delivered, all * run.exchange.recipients().size(), "");
               }));
  CHANCERY_TRY(const Snapshot after, look(run.exchange));
  CHANCERY_TRY_VOID(reader.finish(routine - warmed + behind_count));

  run.figures["backlog"] = routine - warmed;
  run.figures["flashes_idle"] = idle_count;
  run.figures["flashes_behind"] = behind_count;
  add_percentiles(run.figures, "idle_logged", idle.logged);
  add_percentiles(run.figures, "idle_delivery", idle.delivery);
  add_percentiles(run.figures, "logged", behind.logged);
  add_percentiles(run.figures, "delivery", behind.delivery);
  run.figures["drained_per_s"] =
      rounded(ratio(static_cast<double>(routine - warmed),
                    std::chrono::duration<double>(drained - before.at).count()));
  run.figures.update(usage_figures(before, after, routine - warmed + behind_count));
  std::vector<Published> published = run.published();
  published.front().flash = idle_count + behind_count;
  return run.compare_all(published);
}

}  // namespace

Result<int> run_flood(const FloodOptions& options, const Shared& shared) {
  const std::uint64_t most = kBacklogOfOriginMax * options.common.setup.origin_count;
  if (options.backlog > most) {
    return fail(ErrorCode::kUsage, "--backlog: " + std::to_string(options.backlog) + ", at most " +
                                       std::to_string(most) + " with so many --origins");
  }
  return run_scenario(
      "flood", options.common,
      {{"backlog", options.backlog}, {"flashes", options.flashes}, {"between_ms", options.between}},
      shared, [&](Run& run) { return flood_work(run, options); });
}

}  // namespace chancery::cli::bench
