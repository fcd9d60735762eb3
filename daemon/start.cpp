#include "daemon/start.h"

#include <string>

#include "io/os/process.h"

namespace chancery::daemon {

Result<void> ensure_descriptors() {
  CHANCERY_TRY(const std::uint64_t count, os::raise_descriptor_limit());
  if (count < kDescriptorsMin) {
    return fail(ErrorCode::kConfigInvalid, "this process may open " + std::to_string(count) +
                                               " files and sockets, and needs " +
                                               std::to_string(kDescriptorsMin) +
                                               " (ulimit -n; LimitNOFILE= of its unit)");
  }
  return {};
}

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
