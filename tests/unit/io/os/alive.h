// Whether a process runs: for tests of what ends others.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "io/os/clock.h"

namespace chancery::os {

inline bool is_alive(pid_t pid) {
  // A zombie that nobody waits for counts as dead.
  std::string state;
  if (FILE* const file = std::fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r")) {
    char text[512] = {};
    state.assign(text, std::fread(text, 1, sizeof text - 1, file));
    std::fclose(file);
  }
  const std::size_t end = state.rfind(')');
  return end != std::string::npos && state[end + 2] != 'Z';
}

// Waits for it, so long that only a failing test does.
inline bool dies(pid_t pid) {
  const auto deadline = steady_now() + std::chrono::seconds(20);
  while (is_alive(pid) && steady_now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return !is_alive(pid);
}

}  // namespace chancery::os
