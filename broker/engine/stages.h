// What the hub's loop does with its CPU, by stage of a notice: for status, metrics and benchmarks.
//
// By a clock of the thread (os::thread_cpu) what others of the machine or of this process use does
// not count: libzmq's threads, which encrypt and write to sockets, are not in it. Two calls of it a
// stage and turn, none for a notice.

#pragma once

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
  using Cpu = std::chrono::nanoseconds (*)();  // What the calling thread has used.

  // Without a clock all stages stay at nothing.
  explicit StageClock(Cpu cpu) : cpu_(cpu) {}

  // Returns the stage before.
  Stage enter(Stage stage) {
    const std::chrono::nanoseconds now = cpu_ == nullptr ? at_ : cpu_();
    used_.at(static_cast<std::size_t>(stage_)) += now - at_;
    at_ = now;
    return std::exchange(stage_, stage);
  }
  // Up to the last enter().
  [[nodiscard]] std::chrono::nanoseconds used(Stage stage) const {
    return used_.at(static_cast<std::size_t>(stage));
  }

 private:
  Cpu cpu_;
  Stage stage_ = Stage::kOther;
  std::chrono::nanoseconds at_{};
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
