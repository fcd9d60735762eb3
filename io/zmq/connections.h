// The connections of one Router, by descriptor: how many there are, and which to cut. Inner to
// io/zmq.
//
// libzmq limits the size of a frame, not of a message: it holds the parts of an unfinished message
// without end, before anybody sees them. So the bytes that the kernel received on a connection
// (TCP_INFO, tcp(7)) since it last delivered a message are compared with a limit.
//
// Over connection_count_max, who has not completed a message goes first, and of these the one that
// has been silent the longest: connections that say nothing, which cost their maker nothing, do not
// keep out one that speaks at once. Where all have spoken, the newest goes.
//
// Descriptors are libzmq's: one that was closed is forgotten when the monitor says so, or at the
// next look at it. One owner, the Router's thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/zmq/monitor.h"

namespace chancery::zmq {

struct ConnectionLimits {
  std::size_t connection_count_max;
  std::uint64_t undelivered_bytes_max;
  std::uint64_t first_bytes_max;  // Instead, while it has completed no message.
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
  // A message of this connection was completed, under this routing id.
  void delivered(int fd, std::string_view routing_id);
  // Compares bytes with the limit, at most every kLookInterval. To be called when every connection
  // that has a complete message had its turn.
  void look(std::chrono::steady_clock::time_point now);
  void cut(int fd);
  // Only where the connection has spoken, under this routing id: not a later one that got its
  // descriptor.
  void cut(int fd, std::string_view routing_id);

  // Routing ids of connections that ended since the last call, where they had one: the newest
  // kGoneCountMax.
  [[nodiscard]] std::vector<std::string> take_gone();

  [[nodiscard]] std::size_t count() const { return connections_.size(); }
  [[nodiscard]] const ConnectionCounters& counters() const { return counters_; }
  [[nodiscard]] Monitor& monitor() { return monitor_; }

 private:
  struct Connection {
    std::uint64_t number = 0;  // In the order of arrival.
    std::string routing_id;    // Empty while it has completed no message.
    bool cut = false;          // On its way out, and in nobody's way.
    std::uint64_t bytes_at_delivery = 0;
    bool delivered = false;  // Since the last look.
  };

  void accepted(int fd);
  bool mark(int fd, std::string_view routing_id);
  void forget(std::map<int, Connection>::iterator item);
  void shut(int fd, Connection& connection);

  Monitor monitor_;
  ConnectionLimits limits_;
  ConnectionCounters counters_;
  std::map<int, Connection> connections_;
  std::map<std::uint64_t, int> silent_;  // By number: those that completed no message, uncut.
  std::size_t cut_count_ = 0;            // Of connections_.
  std::deque<std::string> gone_;
  std::chrono::steady_clock::time_point looked_at_{};
};

inline constexpr std::chrono::milliseconds kLookInterval{20};
inline constexpr std::size_t kGoneCountMax = 4096;

}  // namespace chancery::zmq
