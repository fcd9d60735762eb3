// The hub's waiting room: envelopes that parsed, by precedence and by the member that submitted
// them, until the sequencer takes them.
//
// Nothing but the parse was checked, so what waits may be garbage, at any precedence: no member
// can take another's place. What one may have waiting is bounded, a batch is shared out among
// those who wait, and within a precedence they take turns. Who submits is who the transport
// authenticated, whatever the envelope says.
//
// Bounded in items and bytes. Routine traffic may fill it up to the reserve; the reserve belongs to
// urgent notices (immediate and above), so that a backlog never keeps them out. A member's share
// has such a reserve of its own, and as much of the hub's is the most that it can use. Directory
// entries have few places of their own and take turns with notices, since whoever may connect can
// send them. Within a member's precedence first come is first served: the order of created_at
// depends on it. Full means kQueueFull, and nothing was taken; so does kDiskLow, where the disk has
// room for the urgent and for directory entries only, and kDiskFull.
//
// Pure. A push costs O(log members), a batch O(members + batch). See docs/internals/broker.md.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "core/exchange/envelope.h"

namespace chancery::broker {

// Who is owed the answer: an opaque handle of the daemon's. 0 is nobody (founding, admin socket).
using PeerHandle = std::uint64_t;

struct Submission {
  PeerHandle peer = 0;
  std::string member{};  // The authenticated sender; empty for the hub's own admin socket.
  exchange::Envelope envelope;
  std::uint64_t previous_us = 0;  // Of its Predecessor; 0 where it has none.
};

struct AdmissionLimits {
  std::size_t count_max = 8192;
  std::size_t bytes_max = 48U << 20U;
  std::size_t reserve_count = 1024;  // Of count_max, for the urgent.
  std::size_t reserve_bytes = 8U << 20U;
  std::size_t directory_count_max = 64;  // Directory entries waiting: nothing is verified before.
  // Of these, what one member may have waiting. Its routine notices: as many as a node has
  // unacknowledged and sends again at once.
  std::size_t member_count_max = 1280;
  std::size_t member_bytes_max = 8U << 20U;
  std::size_t member_reserve_count = 256;  // Of member_count_max, and the most of reserve_count.
  std::size_t member_reserve_bytes = 2U << 20U;
  std::size_t member_directory_count_max = 8;
  DiskMarks disk{};
};

enum class Takes : std::uint8_t {
  kAll,
  kUrgent,  // And directory entries.
};

class AdmissionQueue {
 public:
  struct Waiting {
    std::size_t count = 0;
    std::size_t bytes = 0;
  };

  explicit AdmissionQueue(AdmissionLimits limits) : limits_(limits), disk_(limits.disk) {}

  [[nodiscard]] Result<void> push(Submission submission);

  // The next batch: one directory entry alone, or up to `count_max` notices, urgent ones first.
  // Each member that waits gets its part of the places, if it has need of them, before any gets
  // more.
  [[nodiscard]] std::vector<Submission> take(std::size_t count_max, Takes takes = Takes::kAll);

  // Of the store's disk: its owner measures.
  [[nodiscard]] DiskGauge& disk() { return disk_; }
  [[nodiscard]] const DiskGauge& disk() const { return disk_; }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  // Whether take() would take anything.
  [[nodiscard]] bool has(Takes takes) const;
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t directory_count() const;
  // What waits of the member of which most does, by bytes.
  [[nodiscard]] Waiting fullest_share() const;
  [[nodiscard]] const AdmissionLimits& limits() const { return limits_; }
  // How often push() said kQueueFull.
  [[nodiscard]] std::uint64_t full_count() const { return full_count_; }

 private:
  // Directory entries first, then precedences from override down to deferred.
  static constexpr std::size_t kClassCount = 7;

  struct Share {
    Waiting all;
    Waiting reserved;  // Of all: what may use a reserve, the urgent and directory entries.
    std::size_t directory_count = 0;
  };
  struct Class {
    std::map<std::string, std::deque<Submission>> queues;  // By member; none is empty.
    std::size_t count = 0;
    std::string last;  // The member that was served last: the one after it is next.
  };
  using Counts = std::map<std::string, std::size_t>;

  // Whether the queue and the member's share have room.
  [[nodiscard]] Result<void> check_room(const std::string& member, std::size_t which,
                                        std::size_t size) const;
  [[nodiscard]] Result<void> check_share(const std::string& member, std::size_t which,
                                         std::size_t size) const;
  [[nodiscard]] static std::vector<std::string> turns(const Class& from);
  Submission pop(std::size_t which, const std::string& member);
  void take_in_turn(std::size_t which, std::size_t& places, std::size_t share_count_max,
                    Counts& given, std::vector<Submission>& taken);

  AdmissionLimits limits_;
  DiskGauge disk_;
  std::array<Class, kClassCount> classes_;
  std::map<std::string, Share> shares_;  // Of the members that have anything waiting.
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t full_count_ = 0;
  bool directory_was_last_ = false;
};

}  // namespace chancery::broker
