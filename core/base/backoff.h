// How long to wait before the next try: twice as long after each that failed, up to a limit, and at
// random up to twice of that, so that those who failed together do not come back together. Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace chancery {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds least, std::chrono::milliseconds most)
      : least_(least), most_(most), wait_(least) {}

  // After one more that failed: between the wait and twice the wait.
  [[nodiscard]] std::chrono::milliseconds next(std::uint16_t random) {
    const std::chrono::milliseconds wait = wait_;
    wait_ = std::min(2 * wait_, most_);
    return wait + wait * random / 65536;
  }
  void succeeded() { wait_ = least_; }

 private:
  std::chrono::milliseconds least_;
  std::chrono::milliseconds most_;
  std::chrono::milliseconds wait_;
};

}  // namespace chancery
