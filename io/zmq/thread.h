// A thread of io/zmq, which runs until it is asked to stop. Inner to io/zmq.
//
// Signals are for the daemon's own loop: all are blocked in it. Destroying it asks, and waits.

#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "core/base/result.h"

namespace chancery::zmq {

class Thread {
 public:
  // `run` returns soon after the descriptor that it is given can be read. kUnavailable when the
  // system gives no thread.
  [[nodiscard]] static Result<Thread> start(const char* name, std::function<void(int stop_fd)> run);

  // `run` is called each time that so much time passed, and where `wake_fd` can be read.
  [[nodiscard]] static Result<Thread> repeat(const char* name, std::chrono::milliseconds interval,
                                             std::function<void()> run, int wake_fd = -1);

  Thread() = default;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread();

  void stop();

 private:
  int stop_fd_ = -1;
  std::thread thread_;
};

}  // namespace chancery::zmq
