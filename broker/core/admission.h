// The hub's waiting room: envelopes that parsed, in order of precedence, until the sequencer takes
// them.
//
// Bounded in items and bytes. Routine traffic may fill it up to the reserve; the reserve belongs to
// urgent notices (immediate and above), so that a backlog never keeps them out. Directory entries
// have few places of their own and take turns with notices, since whoever may connect can send
// them. Within a precedence first come is first served. Full means kQueueFull, and nothing was
// taken.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/exchange/envelope.h"

namespace chancery::broker {

// Who is owed the answer: an opaque handle of the daemon's. 0 is nobody (founding, admin socket).
using PeerHandle = std::uint64_t;

struct Submission {
  PeerHandle peer = 0;
  exchange::Envelope envelope;
};

struct AdmissionLimits {
  std::size_t count_max = 8192;
  std::size_t bytes_max = 48U << 20U;
  std::size_t reserve_count = 1024;  // Of count_max, for the urgent.
  std::size_t reserve_bytes = 8U << 20U;
  std::size_t directory_count_max = 64;  // Directory entries waiting: nothing is verified before.
};

class AdmissionQueue {
 public:
  explicit AdmissionQueue(AdmissionLimits limits) : limits_(limits) {}

  [[nodiscard]] Result<void> push(Submission submission);

  // The next batch: one directory entry alone, or up to `count_max` notices, urgent ones first.
  [[nodiscard]] std::vector<Submission> take(std::size_t count_max);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  // Directory entries first, then precedences from override down to deferred.
  static constexpr std::size_t kClassCount = 7;

  Submission pop(std::size_t which);

  AdmissionLimits limits_;
  std::array<std::deque<Submission>, kClassCount> classes_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  bool directory_was_last_ = false;
};

}  // namespace chancery::broker
