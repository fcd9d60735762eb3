// The clocks. core/ reads none of them: a loop reads the time here and passes it in.
//
// unix_* may jump when an operator sets the clock, steady_now() does not: time-outs use the latter.

#pragma once

#include <chrono>
#include <cstdint>

namespace chancery::os {

[[nodiscard]] std::uint64_t unix_ms();
[[nodiscard]] std::uint64_t unix_us();
[[nodiscard]] std::chrono::sys_time<std::chrono::microseconds> time_now();
[[nodiscard]] std::chrono::steady_clock::time_point steady_now();
// CPU that the calling thread has used: user and system.
[[nodiscard]] std::chrono::nanoseconds thread_cpu();

}  // namespace chancery::os
