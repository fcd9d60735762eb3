// What happened in a simulation: a hash over all of it, which the same seed must give again, and on
// request the story, line by line, for a person.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/crypto/sha256.h"
#include "tests/sim/scheduler.h"

namespace chancery::sim {

class Trace {
 public:
  using Sink = std::function<void(const std::string& line)>;

  // Without a sink nothing is told.
  Trace(const Scheduler& scheduler, Sink sink) : scheduler_(scheduler), sink_(std::move(sink)) {}

  // Part of the hash: who did what, and bytes that only the hash sees.
  void event(std::string_view who, std::string_view what, std::string_view bytes = {}) {
    const std::string head = std::to_string(scheduler_.now()) + ' ' + std::string(who) + ' ' +
                             std::string(what) + ' ' + std::to_string(bytes.size()) + '\n';
    hash_.update(as_bytes(head));
    hash_.update(as_bytes(bytes));
  }
  // An event that the story tells as well.
  void tell(std::string_view who, std::string_view what) {
    event(who, what);
    remark(who, what);
  }
  // Whose program runs now: the lines that it logs are its.
  void set_speaker(std::string_view who) { speaker_ = who; }
  void logged(std::string_view line) const { remark(speaker_, line); }
  // Only for the story.
  void remark(std::string_view who, std::string_view what) const {
    if (sink_) {
      std::string time = std::to_string(scheduler_.now() / kMillisecond);
      time.insert(0, time.size() < 7 ? 7 - time.size() : 0, ' ');
      sink_(time + " ms  " + std::string(who) +
            (who.size() < 4 ? std::string(4 - who.size(), ' ') : "") + " " + std::string(what));
    }
  }
  [[nodiscard]] bool tells() const { return static_cast<bool>(sink_); }
  [[nodiscard]] Hash finish() { return hash_.finish(); }

 private:
  const Scheduler& scheduler_;
  Sink sink_;
  std::string speaker_;
  crypto::Sha256 hash_;
};

}  // namespace chancery::sim
