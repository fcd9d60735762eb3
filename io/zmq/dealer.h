// The connecting end of a link: a DEALER that says what becomes of its connection.
//
// libzmq tries until there is a connection. Once that is lost, or was refused (ZAP 400), the event
// is `final`: the owner waits with jitter and calls reconnect(), which makes the socket anew. What
// was in flight is lost with a connection; the protocol above resends.
//
// ZMQ_IMMEDIATE is not used: with it libzmq takes a connection's queue away while it is being read,
// and where that is between two parts of a message, an assertion ends the process (`!_more`).
//
// The peer is not trusted with memory: messages of too many parts are dropped, and where more lies
// inside libzmq than waiting_bytes_max, the connection is cut (backlog.h; tcp only).
//
// One owner, one thread. No call waits.

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

struct DealerOptions {
  std::string endpoint{};  // tcp://address:port, or ipc://path.
  CurveKeyPair own{};
  CurveKey server_public{};
  std::size_t frame_bytes_max = 1U << 20U;
  std::size_t part_count_max = 4;
  int send_count_max = 1000;
  int receive_count_max = 1000;                // ipc only.
  std::size_t waiting_bytes_max = 64U << 20U;  // tcp only.
  std::chrono::milliseconds reconnect_min{250};
  std::chrono::milliseconds reconnect_max{30000};
  std::chrono::milliseconds handshake_max{5000};
  std::chrono::milliseconds linger{0};
  bool immediate = true;  // send() fails while there is no finished connection.
};

enum class LinkState : std::uint8_t {
  kConnected,        // The handshake succeeded.
  kRefused,          // The server's ZAP handler said no. Silence follows: reconnect().
  kDisconnected,     // A connection was lost.
  kFlooded,          // More waited than waiting_bytes_max: kDisconnected follows.
  kHandshakeFailed,  // The handshake ended without a verdict: another key, another protocol.
};

struct LinkEvent {
  LinkState state{};
  int status = 0;      // kRefused: the ZAP status, as 400.
  bool final = false;  // Nothing is tried any more: only reconnect() helps.
};

class Dealer {
 public:
  // Returns before there is a connection. kConfigInvalid for an option that cannot be.
  [[nodiscard]] static Result<Dealer> connect(Context& context, const DealerOptions& options);

  Dealer(Dealer&& other) noexcept;
  Dealer& operator=(Dealer&& other) noexcept;
  Dealer(const Dealer&) = delete;
  Dealer& operator=(const Dealer&) = delete;
  ~Dealer();

  // kUnavailable while there is no connection, kQueueFull when the peer reads too slowly; nothing
  // was taken then. Success means queued.
  [[nodiscard]] Result<> send(const std::vector<std::string>& frames);

  [[nodiscard]] std::optional<std::vector<std::string>> receive();

  // What happened to the connection since, oldest first; at most kLinkEventCountMax are kept.
  [[nodiscard]] std::optional<LinkEvent> next_event();

  // A new socket under the same options; what was queued is lost.
  [[nodiscard]] Result<> reconnect();

  [[nodiscard]] std::uint64_t waiting_bytes() const;    // To be read: at the last look, tcp only.
  [[nodiscard]] std::uint64_t oversized_count() const;  // Messages dropped for their part count.
  [[nodiscard]] std::shared_ptr<const PollHandles> poll_handles() const;  // For Poller.

 private:
  friend Result<Dealer> connect_dealer(Context& context, const DealerOptions& options, bool curve);
  struct State;
  explicit Dealer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

inline constexpr std::size_t kLinkEventCountMax = 64;

}  // namespace chancery::zmq
