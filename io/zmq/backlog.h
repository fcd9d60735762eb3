// How much of what one connection brought still lies inside libzmq: the bytes received, less those
// of the messages that were taken. Over tcp the kernel counts them (TCP_INFO, tcp(7)), at a socket
// file the Inlet does. Inner to io/zmq.
//
// libzmq's own limit of a queue is none: it counts messages, never sees the parts of one that does
// not end, and where it stops reading, a peer can end the process: a PING that was read before the
// stop is answered after it, and an assertion fails if the connection broke in between. So queues
// have no limit in messages, and who lets too much lie is cut. For this somebody has to look while
// the owner of the socket is busy elsewhere: a Thread, each kLookInterval.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace chancery::zmq {

inline constexpr std::chrono::milliseconds kLookInterval{20};
inline constexpr std::uint64_t kNoMessagesBytesMax = 64U << 10U;

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
  // No message is left that is complete. What was received now may be a handshake's and other bytes
  // that are no messages', and counts as taken; but no more than those have, as it may also be of
  // a message that never ends.
  void drained(std::uint64_t received) {
    taken_ = std::min(received, taken_ + kNoMessagesBytesMax);
    moved_ = false;
  }

  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::uint64_t waiting(std::uint64_t received) const {
    return received > taken_ ? received - taken_ : 0;
  }

 private:
  std::uint64_t taken_ = 0;
  bool moved_ = false;  // Since it was drained.
};

}  // namespace chancery::zmq
