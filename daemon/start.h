// What a start asks of its machine besides places and keys: descriptors, and that its clock can be
// right.
//
// What is stored was stored in the past. A clock that stands behind the store was set wrongly, or
// lost its battery, and stamps of the past would be made by it. It is asked once, at the start:
// later the clock may jump as it likes, and nothing is refused for it.

#pragma once

#include <chrono>
#include <cstdint>

#include "core/base/result.h"

namespace chancery::daemon {

// What the command line says beside the configuration.
struct StartOptions {
  bool trust_clock = false;  // The store has seen a clock that was ahead.
  bool sockets = true;       // Of a check alone: their places, too …
  bool unit_keys = true;     // … and that the environment has the keys which a supervisor gives.
};

inline constexpr std::chrono::minutes kClockTolerance{10};

// For 512 connections of nodes or 64 of applications, 16 to the admin socket, about 50 files and
// sockets of its own, and connections that come before others are cut: without a descriptor for
// one of these, libzmq ends the process.
inline constexpr std::uint64_t kDescriptorsMin = 1024;

// Takes as many as the system gives. kConfigInvalid where that is less than kDescriptorsMin.
[[nodiscard]] Result<void> ensure_descriptors();

// kClockBehind where `now_ms` is behind `stored_ms` by more than kClockTolerance.
[[nodiscard]] Result<void> require_clock(std::uint64_t stored_ms, std::uint64_t now_ms);

}  // namespace chancery::daemon
