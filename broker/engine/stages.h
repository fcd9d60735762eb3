// What the hub's loop does with its CPU, by stage of a notice: for status, metrics and benchmarks.
//
// By a clock of the thread (os::thread_cpu) what others of the machine or of this process use does
// not count: libzmq's threads, which encrypt and write to sockets, are not in it. Two calls a stage
// and turn, none for a notice; and the thread's clock, which is asked of the system, is read for
// what took a while only.

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace chancery::broker {

enum class Stage : std::uint8_t {
  kOther,   // Waiting, admin, scrubbing, retention, backups.
  kParse,   // What nodes sent: read from the socket, parsed, queued or answered.
  kVerify,  // Whether a notice is good: signatures, directory, policy.
  kTree,    // Leaves, and the root over them.
  kStore,  // What a batch asks of the store, writes to it and makes durable; its checkpoint signed.
  kRounds,  // Witnesses: what they are asked, and their cosignatures verified.
  kRead,    // Feeds and pages of the log read from the store, and deliveries put together.
  kSend,    // Answers and news put together, and all handed to libzmq.
};
inline constexpr std::array<std::string_view, 8> kStageNames = {
    "other", "parse", "verify", "tree", "store", "rounds", "read", "send"};

class StageClock {
 public:
  struct Clocks {
    std::chrono::nanoseconds (*cpu)() = nullptr;  // What the calling thread has used.
    std::chrono::steady_clock::time_point (*steady)() = nullptr;
  };
  // What is over sooner counts as the time that it took. If the thread was not running for all of
  // it, the next that takes longer has that much less: all together are what the thread used.
  static constexpr std::chrono::microseconds kShort{20};

  // Without clocks all stages stay at nothing.
  explicit StageClock(Clocks clocks) : clocks_(clocks) {}

  // Returns the stage before.
  Stage enter(Stage stage) {
    if (clocks_.cpu != nullptr) {
      count();
    }
    return std::exchange(stage_, stage);
  }
  // Up to the last enter().
  [[nodiscard]] std::chrono::nanoseconds used(Stage stage) const {
    return used_.at(static_cast<std::size_t>(stage));
  }

 private:
  void count() {
    const std::chrono::steady_clock::time_point now = clocks_.steady();
    std::chrono::nanoseconds used = now - entered_at_;
    entered_at_ = now;
    if (used < kShort) {
      by_time_ += used;
    } else {
      const std::chrono::nanoseconds cpu = clocks_.cpu() - cpu_at_;
      used = std::max(cpu - by_time_, std::chrono::nanoseconds(0));
      by_time_ = std::max(by_time_ - cpu, std::chrono::nanoseconds(0));
      cpu_at_ += cpu;
    }
    used_.at(static_cast<std::size_t>(stage_)) += used;
  }

  Clocks clocks_;
  Stage stage_ = Stage::kOther;
  std::chrono::steady_clock::time_point entered_at_{};
  std::chrono::nanoseconds cpu_at_{};
  std::chrono::nanoseconds by_time_{};  // What was counted by time, and not made up for yet.
  std::array<std::chrono::nanoseconds, kStageNames.size()> used_{};
};

// A stage for as long as this is there, and then the one before again.
class During {
 public:
  During(StageClock& clock, Stage stage) : clock_(clock), before_(clock.enter(stage)) {}
  ~During() { clock_.enter(before_); }
  During(const During&) = delete;
  During& operator=(const During&) = delete;
  During(During&&) = delete;
  During& operator=(During&&) = delete;

 private:
  StageClock& clock_;
  Stage before_;
};

}  // namespace chancery::broker
