#include "io/os/clock.h"

#include <ctime>

namespace chancery::os {
namespace {

template <class Unit>
std::uint64_t unix_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  // A clock before 1970 is a broken one: zero is the least wrong answer.
  return since.count() < 0
             ? 0
             : static_cast<std::uint64_t>(std::chrono::duration_cast<Unit>(since).count());
}

}  // namespace

std::uint64_t unix_ms() {
  return unix_time<std::chrono::milliseconds>();
}

std::uint64_t unix_us() {
  return unix_time<std::chrono::microseconds>();
}

std::chrono::sys_time<std::chrono::microseconds> time_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point steady_now() {
  return std::chrono::steady_clock::now();
}

std::chrono::nanoseconds thread_cpu() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);  // Fails for no thread that runs.
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace chancery::os
