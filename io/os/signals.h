// SIGINT, SIGTERM and SIGHUP as something to poll, instead of handlers that may do almost nothing.
//
// Made first in main(), before any thread: threads inherit the mask, and a signal that one of them
// did not block would end the process. SIGPIPE and SIGXFSZ are ignored: a peer that hangs up,
// or a file that may not grow, is an error, not the end. The mask stays when the object goes; Child
// gives its children a clean one. See signalfd(2).

#pragma once

#include <optional>

#include "core/base/result.h"
#include "io/os/fd.h"

namespace chancery::os {

class SignalFd {
 public:
  [[nodiscard]] static Result<SignalFd> open();

  // Readable when next() has something.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // The number of a signal that came, or nothing; never waits.
  [[nodiscard]] std::optional<int> next();

 private:
  explicit SignalFd(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
};

}  // namespace chancery::os
