#include "daemon/start.h"

#include <string>

namespace chancery::daemon {

Result<void> require_clock(std::uint64_t stored_ms, std::uint64_t now_ms) {
  const std::uint64_t tolerance_ms = std::chrono::milliseconds(kClockTolerance).count();
  if (stored_ms <= now_ms || stored_ms - now_ms <= tolerance_ms) {
    return {};
  }
  return fail(ErrorCode::kClockBehind,
              "the clock is " + std::to_string((stored_ms - now_ms) / 1000) +
                  " s behind the newest time in the store; where it is right, and was ahead "
                  "before, start once with --trust-clock");
}

}  // namespace chancery::daemon
