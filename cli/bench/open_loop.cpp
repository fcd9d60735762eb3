#include "cli/bench/open_loop.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cli/bench/round.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

// What the callers of an origin have taken.
struct Taken {
  std::mutex mutex;         // Of what follows, and held by the one who waits for the next.
  std::uint64_t count = 0;  // Of its own.
};

// What all callers have done.
struct LoopDone {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> taken{0};
  std::mutex mutex;  // Of what follows.
  Clock::time_point last{};
  std::optional<Error> failed;

  void fail_with(const Error& error) {
    const std::scoped_lock lock(mutex);
    failed = failed.value_or(error);
    stop = true;
  }
};

// Those of an origin that are due now and nobody took; waits for the next one. 0 where there are no
// more.
struct Due {
  std::uint64_t own_place = 0;
  std::size_t count = 0;
};
Due take_due(Taken& taken, LoopDone& done, const OpenLoop& loop, std::size_t origin) {
  const std::scoped_lock lock(taken.mutex);
  const std::uint64_t all = loop.turns.count_of(origin, loop.schedule.count());
  if (taken.count == all || done.stop) {
    return {};
  }
  // Under the lock: who comes meanwhile waits for what is due later.
  const Clock::time_point due_at = loop.schedule.due(loop.turns.place_of(origin, taken.count));
  while (os::steady_now() < due_at) {
    std::this_thread::sleep_until(std::min(due_at, os::steady_now() + kTellEvery));
    if (done.stop) {
      return {};
    }
  }
  const std::uint64_t due = loop.turns.count_of(origin, loop.schedule.due_count(os::steady_now()));
  const std::size_t count =
      std::clamp<std::uint64_t>(due - std::min(due, taken.count), 1, kDueTogetherMax);
  const Due next{.own_place = taken.count,
                 .count = std::min<std::size_t>(count, all - taken.count)};
  taken.count += next.count;
  done.taken += next.count;
  return next;
}

void publish_due(Run& run, const OpenLoop& loop, std::size_t origin, Taken& taken, LoopDone& done) {
  for (Due due = take_due(taken, done, loop, origin); due.count > 0;
       due = take_due(taken, done, loop, origin)) {
    const Result<void> published = run.publishers[origin]->publish(
        run.exchange, run.shape, loop.turns.number_of(origin, due.own_place), due.count);
    const Clock::time_point now = os::steady_now();
    if (!published.has_value()) {
      done.fail_with(published.error());
      return;
    }
    const std::scoped_lock lock(done.mutex);
    for (std::size_t i = 0; i < due.count; ++i) {
      const std::uint64_t place = loop.turns.place_of(origin, due.own_place + i);
      loop.logged(place, micros_between(loop.schedule.due(place), now));
    }
    done.last = std::max(done.last, now);
  }
}

void wait_for_all(Run& run, const OpenLoop& loop, LoopDone& done) {
  while (!done.stop && done.taken < loop.schedule.count()) {
    Result<void> good = run.exchange.check();
    if (good.has_value()) {
      good = loop.meanwhile(done.taken);
    }
    if (!good.has_value()) {
      done.fail_with(good.error());
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

std::uint64_t Turns::count_of(std::size_t origin, std::uint64_t places) const {
  return (places + first_.size() - 1 - origin) / first_.size();
}

std::optional<std::uint64_t> Turns::find(const Name& name) const {
  if (name.origin >= first_.size() || name.number < first_[name.origin]) {
    return std::nullopt;
  }
  const std::uint64_t own_place = name.number - first_[name.origin];
  return own_place < count_of(name.origin, count_) ? std::optional(place_of(name.origin, own_place))
                                                   : std::nullopt;
}

Turns take_turns(Run& run, std::uint64_t count) {
  const Turns counting(std::vector<std::uint64_t>(run.publishers.size()), count);
  std::vector<std::uint64_t> first;
  first.reserve(run.publishers.size());
  for (std::size_t origin = 0; origin < run.publishers.size(); ++origin) {
    first.push_back(run.publishers[origin]->take(counting.count_of(origin, count)));
  }
  return {std::move(first), count};
}

Result<Clock::time_point> run_open_loop(Run& run, const OpenLoop& loop) {
  const std::size_t origins = loop.turns.origin_count();
  std::vector<Taken> taken(origins);
  LoopDone done;
  {
    std::vector<std::jthread> callers;
    for (std::size_t origin = 0; origin < origins; ++origin) {
      for (std::size_t i = 0; i < std::max<std::size_t>(1, kOpenLoopCallers / origins); ++i) {
        callers.emplace_back([&, origin] { publish_due(run, loop, origin, taken[origin], done); });
      }
    }
    wait_for_all(run, loop, done);
  }
  CHANCERY_TRY_VOID(run.exchange.check());
  if (done.failed.has_value()) {
    return std::unexpected(*done.failed);
  }
  return done.last;
}

}  // namespace chancery::cli::bench
