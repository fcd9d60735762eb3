// How much of what one connection brought still lies inside libzmq: the kernel's count of received
// bytes (TCP_INFO, tcp(7)), less those of the messages that were taken. Inner to io/zmq.
//
// libzmq's own limit of a queue is none: it counts messages, never sees the parts of one that does
// not end, and where it stops reading, a peer can end the process: a PING that was read before the
// stop is answered after it, and an assertion fails if the connection broke in between. So queues
// have no limit in messages, and who lets too much lie is cut. For this somebody has to look while
// the owner of the socket is busy elsewhere: a Thread, each kLookInterval. tcp only.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace chancery::zmq {

inline constexpr std::chrono::milliseconds kLookInterval{20};

struct Look {
  bool gone = false;                      // The descriptor is no connection any more.
  std::optional<std::uint64_t> received;  // Bytes, as CURVE sent them. Nothing for ipc.
};

[[nodiscard]] Look look_at(int fd);

class Backlog {
 public:
  // A message of so many bytes.
  void took(std::uint64_t bytes) {
    taken_ += bytes;
    moved_ = true;
  }
  // Whether drained() would change anything.
  [[nodiscard]] bool moved() const { return moved_; }
  // No message is left that is complete. What was received now counts as taken: with it the
  // handshake and other bytes that are no messages'.
  void drained(std::uint64_t received) {
    taken_ = received;
    moved_ = false;
  }

  [[nodiscard]] std::uint64_t waiting(std::uint64_t received) const {
    return received > taken_ ? received - taken_ : 0;
  }

 private:
  std::uint64_t taken_ = 0;
  bool moved_ = false;  // Since it was drained.
};

}  // namespace chancery::zmq
