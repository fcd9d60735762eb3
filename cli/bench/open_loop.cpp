#include "cli/bench/open_loop.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

// What the callers of a loop have done.
struct Taken {
  std::mutex mutex;  // Of what follows.
  std::uint64_t count = 0;
  Clock::time_point last{};
  std::optional<Error> failed;
};

// Those that are due now and nobody took; waits for the next one. 0 where there are no more.
struct Due {
  std::uint64_t place = 0;
  std::size_t count = 0;
};
Due take_due(Taken& taken, const Schedule& schedule) {
  const std::scoped_lock lock(taken.mutex);
  if (taken.count == schedule.count() || taken.failed.has_value()) {
    return {};
  }
  // Under the lock: who comes meanwhile waits for what is due later.
  std::this_thread::sleep_until(schedule.due(taken.count));
  const std::uint64_t due = schedule.due_count(os::steady_now());
  const std::size_t count =
      std::clamp<std::uint64_t>(due - std::min(due, taken.count), 1, kDueTogetherMax);
  const Due next{.place = taken.count,
                 .count = std::min<std::size_t>(count, schedule.count() - taken.count)};
  taken.count += next.count;
  return next;
}

void publish_due(Run& run, const OpenLoop& loop, std::mutex& telling, Taken& taken) {
  Clock::time_point last{};
  for (Due due = take_due(taken, loop.schedule); due.count > 0;
       due = take_due(taken, loop.schedule)) {
    const Result<void> published =
        run.publishers.front()->publish(run.exchange, run.shape, loop.first + due.place, due.count);
    last = os::steady_now();
    if (!published.has_value()) {
      const std::scoped_lock lock(taken.mutex);
      taken.failed = taken.failed.value_or(published.error());
      return;
    }
    const std::scoped_lock lock(telling);
    for (std::size_t i = 0; i < due.count; ++i) {
      loop.logged(due.place + i, micros_between(loop.schedule.due(due.place + i), last));
    }
  }
  const std::scoped_lock lock(taken.mutex);
  taken.last = std::max(taken.last, last);
}

// How many were taken when nobody was taking any; nothing where somebody is.
std::optional<std::uint64_t> count_taken(Taken& taken, std::uint64_t all) {
  const std::unique_lock lock(taken.mutex, std::try_to_lock);
  if (!lock.owns_lock()) {
    return std::nullopt;
  }
  return taken.failed.has_value() ? all : taken.count;
}

void wait_for_all(Run& run, const OpenLoop& loop, Taken& taken) {
  const std::uint64_t all = loop.schedule.count();
  for (std::uint64_t count = 0; count < all;) {
    count = count_taken(taken, all).value_or(count);
    Result<void> good = run.exchange.check();
    if (good.has_value()) {
      good = loop.meanwhile(count);
    }
    if (!good.has_value()) {
      const std::scoped_lock lock(taken.mutex);
      taken.failed = taken.failed.value_or(good.error());
      return;
    }
    std::this_thread::sleep_for(kTellEvery);
  }
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

Result<Clock::time_point> run_open_loop(Run& run, const OpenLoop& loop) {
  Taken taken;
  std::mutex telling;
  {
    std::vector<std::jthread> callers;
    callers.reserve(kOpenLoopCallers);
    for (std::size_t i = 0; i < kOpenLoopCallers; ++i) {
      callers.emplace_back([&] { publish_due(run, loop, telling, taken); });
    }
    wait_for_all(run, loop, taken);
  }
  CHANCERY_TRY_VOID(run.exchange.check());
  if (taken.failed.has_value()) {
    return std::unexpected(*taken.failed);
  }
  return taken.last;
}

}  // namespace chancery::cli::bench
