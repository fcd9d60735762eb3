// The connections of one Router, by descriptor: how many there are, and which to cut. Inner to
// io/zmq.
//
// libzmq limits the size of a frame, not of a message: it holds the parts of an unfinished message
// without end, before anybody sees them. So the bytes that the kernel received on a connection
// (TCP_INFO, tcp(7)) since it last delivered a message are compared with a limit. Heartbeats count
// too: a connection on which nobody says anything for days is cut once, and comes back.
//
// Descriptors are libzmq's: one that was closed is forgotten when the monitor says so, or at the
// next look at it. One owner, the Router's thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "io/zmq/monitor.h"

namespace chancery::zmq {

struct ConnectionLimits {
  std::size_t connection_count_max;
  std::uint64_t undelivered_bytes_max;
};

struct ConnectionCounters {
  std::uint64_t accepted_count = 0;
  std::uint64_t over_count = 0;
  std::uint64_t undelivered_cut_count = 0;
};

class Connections {
 public:
  Connections(Monitor monitor, const ConnectionLimits& limits);

  // Reads the monitor; cuts what is over connection_count_max.
  void update();
  // A message of this connection was completed.
  void delivered(int fd);
  // Compares bytes with the limit, at most every kLookInterval. To be called when every connection
  // that has a complete message had its turn.
  void look(std::chrono::steady_clock::time_point now);
  void cut(int fd);

  [[nodiscard]] std::size_t count() const { return connections_.size(); }
  [[nodiscard]] const ConnectionCounters& counters() const { return counters_; }
  [[nodiscard]] Monitor& monitor() { return monitor_; }

 private:
  struct Connection {
    std::uint64_t bytes_at_delivery = 0;
    bool delivered = false;  // Since the last look.
  };

  Monitor monitor_;
  ConnectionLimits limits_;
  ConnectionCounters counters_;
  std::map<int, Connection> connections_;
  std::chrono::steady_clock::time_point looked_at_{};
};

inline constexpr std::chrono::milliseconds kLookInterval{20};

}  // namespace chancery::zmq
