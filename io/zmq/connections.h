// The connections of one Router or Publisher, by descriptor: how many there are, and which to cut.
// Inner to io/zmq.
//
// A connection of which more lies inside libzmq than it may (backlog.h) is cut. Over tcp also where
// more lies there of all than of all may, or with what those left that ended, until it is taken,
// twice as much: then one of the user (ZAP) goes of whom most lies there, on all connections and
// left. Who has no more than spared_bytes_max is not cut for what others have.
// At a socket file no more than that gets in (inlet.h): there a connection is cut that is in the
// way and has nothing complete, for stuck_max. It has as much in there as it may, or most of all
// where all have, and nothing of it was taken although nothing was left to take. While it waits for
// room that others have, its time does not begin. At a Publisher nothing is ever taken: who brought
// more than it may is cut, and of all, where they brought more than all may, the one that brought
// most; and where it has no room for what it tells, who has not read for longest.
//
// Over connection_count_max, who has not completed a message goes first, and of these the one that
// has been silent the longest: connections that say nothing, which cost their maker nothing, do not
// keep out one that speaks at once. Where all have spoken, the newest goes.
//
// It matters that this is at once: where libzmq 4.3.4 finds no descriptor for a connection to a
// socket file, it ends the process. So there are descriptors for as many as there may be, and for
// those that come before a cut (os::raise_descriptor_limit).
//
// Descriptors are libzmq's: one that was closed is forgotten when the monitor says so, or at the
// next look at it. Any thread: the Router's, and one that looks while that is busy.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/zmq/backlog.h"
#include "io/zmq/inlet.h"
#include "io/zmq/monitor.h"
#include "io/zmq/thread.h"

namespace chancery::zmq {

struct ConnectionLimits {
  std::size_t connection_count_max = 0;
  bool newest_goes = false;               // Over it, whoever has said what.
  Inlet* inlet = nullptr;                 // Outlives this; where there is one, it counts.
  std::chrono::milliseconds stuck_max{};  // With an inlet.
  bool most_goes = false;  // With an inlet: where all may bring no more, at the next look.
  std::uint64_t waiting_bytes_max = 0;
  std::uint64_t first_bytes_max = 0;        // Instead, while it has completed no message.
  std::uint64_t all_waiting_bytes_max = 0;  // Without an inlet.
  std::uint64_t spared_bytes_max = 0;
};

struct ConnectionCounters {
  std::uint64_t accepted_count = 0;
  std::uint64_t over_count = 0;
  std::uint64_t waiting_cut_count = 0;
  std::uint64_t behind_cut_count = 0;
};

class Connections {
 public:
  Connections(Monitor monitor, const ConnectionLimits& limits);

  // Of more connections than kLookedAtTogether a part is looked at each time, of each at the latest
  // every kLooksForAllMax times: looking costs a call of the system.
  static constexpr std::size_t kLookedAtTogether = 64;
  static constexpr std::size_t kLooksForAllMax = 8;

  // From now on a thread cuts at once what is over connection_count_max, and looks at connections
  // every kLookInterval.
  [[nodiscard]] Result<> watch();

  // A message of this connection was completed, under this routing id, by this user, and taken.
  void delivered(int fd, std::string_view routing_id, std::string_view user_id,
                 std::uint64_t bytes);
  // No message of any connection is left that is complete.
  void drained(std::chrono::steady_clock::time_point now);
  void cut(int fd);
  // With an inlet: of those that have been behind for so long (inlet.h), the one for longest.
  void cut_who_is_behind(std::chrono::steady_clock::time_point now,
                         std::chrono::milliseconds behind_max);
  // Only where the connection has spoken, under this routing id: not a later one that got its
  // descriptor.
  void cut(int fd, std::string_view routing_id);

  // Routing ids of connections that ended since the last call, where they had one: the newest
  // kGoneCountMax.
  [[nodiscard]] std::vector<std::string> take_gone();

  [[nodiscard]] std::size_t count();
  [[nodiscard]] ConnectionCounters counters();
  // Of the connection of which most waits, at the last look.
  [[nodiscard]] std::uint64_t waiting_bytes();
  [[nodiscard]] std::uint64_t all_waiting_bytes();  // Of all that are not cut, then.

 private:
  struct Connection {
    std::uint64_t number = 0;  // In the order of arrival.
    std::string routing_id;    // Empty while it has completed no message.
    std::string user_id;       // As well.
    std::uint64_t waits = 0;   // At the last look.
    bool cut = false;          // On its way out, and in nobody's way.
    Backlog backlog;
    std::shared_ptr<Passage> passage;
    std::optional<std::chrono::steady_clock::time_point> stuck_at;
  };

  // Under the mutex, all of them.
  void read_monitor();
  void look();
  void taken_from(Connection& connection);
  void cut_who_is_stuck(std::chrono::steady_clock::time_point now);
  void cut_who_brought_most();
  void cut_who_has_most();
  // Without what those left who went: that is on its way.
  [[nodiscard]] std::uint64_t shared_bytes() const;
  [[nodiscard]] static Look look_at_one(int fd, const Connection& connection);
  void accepted(int fd);
  // Whether it was known under this id before.
  bool mark(Connection& connection, std::string_view routing_id);
  void forget(std::map<int, Connection>::iterator item);
  void shut(int fd);

  std::mutex mutex_;
  Monitor monitor_;
  ConnectionLimits limits_;
  ConnectionCounters counters_;
  std::map<int, Connection> connections_;
  std::map<std::uint64_t, int> silent_;  // By number: those that completed no message, uncut.
  std::size_t cut_count_ = 0;            // Of connections_.
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t all_waiting_bytes_ = 0;
  std::size_t look_count_ = 0;
  // Of connections that ended with something untaken, by user: until all is taken.
  std::map<std::string, std::uint64_t> left_;
  std::uint64_t delivered_count_ = 0;
  std::deque<std::string> gone_;
  std::chrono::steady_clock::time_point drained_at_{};
  std::chrono::steady_clock::time_point looked_at_{};
  Thread thread_;  // Ends before what it uses.
};

inline constexpr std::size_t kGoneCountMax = 4096;

}  // namespace chancery::zmq
