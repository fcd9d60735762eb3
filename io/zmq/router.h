// The listening end of a link: a ROUTER that knows its peers by their ZAP user id, never by routing
// id, which a peer chooses for itself (CurveZMQ RFC 26, ZAP RFC 27).
//
// What libzmq 4.3.4 leaves open is closed here:
//   - option 93 (ZMQ_ZAP_ENFORCE_DOMAIN): without a ZAP handler nobody is admitted;
//   - a peer with a routing id of its own choosing is dropped at its first message. Ids that libzmq
//     gave out count up from a random start that this class learns at bind and keeps secret: they
//     are handles for send() and are not for logs, metrics or the wire;
//   - what a peer lets lie inside libzmq, in messages that nobody took yet or in one that never
//     ends (backlog.h): over waiting_bytes_max its connection is cut, and before its first message
//     already at first_bytes_max. Of all, who has most under one user id. At a socket file no more
//     gets in, and who keeps others out with what never ends is cut (inlet.h, connections.h);
//   - the number of connections: over it the one goes that has been silent the longest;
//     a thread sees to both;
//   - what waits to be sent, in bytes: a peer may have as much in libzmq's queues as all leave free
//     of leaving_bytes_max. So one alone has half of it, many that do not read leave the others
//     their room, and one message always goes to a peer for whom nothing waits.
//
// It does not judge who may say what, and admission is only judged at the handshake: the caller
// checks the user id of every message, and drops a message without one.
//
// One owner, one thread. No call waits, except bind().

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/zmq/context.h"
#include "io/zmq/curve.h"

namespace chancery::zmq {

struct PollHandles;

struct RouterOptions {
  std::string endpoint{};  // tcp://address:port ("*" for any), or ipc://path.
  CurveSecret secret{};
  std::string zap_domain{};  // Never empty.
  std::size_t frame_bytes_max = 1U << 20U;
  std::size_t part_count_max = 4;              // Without the routing id.
  int send_count_max = 1000;                   // Messages queued per peer.
  std::size_t leaving_bytes_max = 64U << 20U;  // Queued for all peers.
  std::chrono::milliseconds handshake_max{3000};
  std::chrono::milliseconds linger{200};     // How long sent messages outlive the Router.
  std::chrono::milliseconds bind_max{1000};  // A port closed a moment ago is still taken: wait.
  int backlog = 128;
  int connection_count_max = 512;              // Those in the handshake count as well.
  std::size_t waiting_bytes_max = 64U << 20U;  // Of one connection: at ipc no less than a message …
  std::size_t first_bytes_max = 8U << 20U;     // … and before its first message.
  std::size_t all_waiting_bytes_max = 64U << 20U;  // Of all. Over tcp, who has most is cut.
  std::chrono::milliseconds stuck_max{5000};  // Nothing complete, and in the way: cut. ipc only.
  std::uint32_t ipc_mode = 0600;
};

struct Received {
  std::string routing_id;  // Secret: see above.
  std::string user_id;     // Empty: nobody authenticated this message; drop it.
  std::string peer_address;
  int source_fd = -1;  // For disconnect().
  std::vector<std::string> frames;
  bool oversized = false;  // There were more parts than part_count_max; the rest is gone.
};

// Queued for all peers together.
struct LeavingCount {
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

struct RouterCounters {
  std::uint64_t foreign_id_count = 0;       // Messages under a routing id of the peer's choosing.
  std::uint64_t oversized_count = 0;        // Messages of too many parts.
  std::uint64_t connection_over_count = 0;  // Connections cut for connection_count_max.
  std::uint64_t waiting_cut_count = 0;      // … for what waits of them.
};

class Router {
 public:
  // kConfigInvalid for an option that cannot be, kAddressInUse when another socket has the
  // address after bind_max, kUnavailable or kIo when the system refuses.
  [[nodiscard]] static Result<Router> bind(Context& context, const RouterOptions& options);

  Router(Router&& other) noexcept;
  Router& operator=(Router&& other) noexcept;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  // With the port that the system chose where a wildcard was asked for.
  [[nodiscard]] const std::string& endpoint() const;

  // The next message; nothing when none is complete.
  [[nodiscard]] std::optional<Received> receive();

  // kNotFound when the peer is gone, kQueueFull when it reads too slowly. Success means queued.
  [[nodiscard]] Result<> send(const std::string& routing_id, std::vector<std::string> frames);

  // Whether one more page of so many bytes should be queued for this peer now: there is room for
  // the bytes, and half of the messages that may wait for one peer are left to what is no page.
  [[nodiscard]] bool has_room(const std::string& routing_id, std::size_t bytes) const;
  [[nodiscard]] LeavingCount leaving() const;

  // What waits to be read, of the connection of which most does: at the last look.
  [[nodiscard]] std::uint64_t waiting_bytes() const;
  // The same of all, at a socket file, and what that can be at most.
  [[nodiscard]] std::uint64_t all_waiting_bytes() const;
  [[nodiscard]] std::uint64_t all_waiting_bytes_max() const;

  // Cuts the connection that a message came from, where that is still the one of this descriptor.
  // It may come back through the handshake.
  void disconnect(const std::string& routing_id, int source_fd);

  // The routing ids of connections that had brought a message and ended since the last call; known
  // before receive() gives the first message of a connection that came later. The newest
  // kGoneCountMax are kept.
  [[nodiscard]] std::vector<std::string> take_gone();

  [[nodiscard]] std::size_t connection_count();
  [[nodiscard]] const RouterCounters& counters() const;
  [[nodiscard]] std::shared_ptr<const PollHandles> poll_handles() const;  // For Poller.

 private:
  friend Result<Router> bind_router(Context& context, const RouterOptions& options, bool curve);
  struct State;
  explicit Router(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace chancery::zmq
