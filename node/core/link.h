// The node's side of the link, without its socket: what to say, and what is missing.
//
// Says hello on each connection, follows the log live or by pages, notices a delivery that was lost
// by its `previous index`, and holds what arrives ahead of the log until the log has caught up. It
// decides nothing about content: intake.h does. Protocol chapter 10 (C-130 to C-159).
//
// Bounded: deliveries held ahead of the log by the credits that this node gave, which the hub may
// not exceed; what exceeds them is dropped and asked for again.

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::node {

struct LinkConfig {
  Hash genesis{};
  std::string program;
  std::uint64_t credit_items = 1024;
  std::uint64_t credit_bytes = 8U << 20U;
};

// What the store says when a link begins.
struct LinkPosition {
  std::uint64_t followed_size = 0;
  Hash followed_root{};
  std::string checkpoint{};  // The signed note over that head.
  std::uint64_t cursor = 0;  // Everything for this member below it is stored.
};

// One envelope for Submit.
struct Outbound {
  std::string envelope;
  std::uint64_t previous_us = 0;  // Of its Predecessor; 0 where it has none.
};

enum class LinkPhase : std::uint8_t {
  kDown,
  kGreeting,  // Hello is sent.
  kUp,        // The hub said welcome.
  kAlarm,     // The hub's log contradicts ours: nothing more is taken from it.
};

class Link {
 public:
  Link(LinkConfig config, LinkPosition position)
      : config_(std::move(config)), position_(std::move(position)) {}

  // The connection is there, or there anew.
  void connected();
  void disconnected();

  // A DownMessage that concerns the session itself: Welcome, Pong, Fault. Others are the caller's.
  // kForeignLog where the hub's log is behind what this node verified.
  [[nodiscard]] Result<void> control(const v1::DownMessage& message);

  // Of a page or a push: the batches that go on where this node stands. A gap is asked for.
  [[nodiscard]] std::vector<v1::LogBatch> batches(v1::Batches batches);
  // After the caller followed and stored them.
  void followed(std::uint64_t size, const Hash& root, std::string checkpoint);

  // Deliveries in order, each once; a gap is asked for.
  void deliver(v1::Deliver deliver);
  // The next delivery whose leaf this node has.
  [[nodiscard]] std::optional<v1::Delivery> take_delivery();
  // This one, which take_delivery() gave, was not what was logged: the hub is asked for it again.
  void refetch(std::uint64_t index);
  // Stored, through this index.
  void stored(std::uint64_t index);

  // Asks the submitter to send again what is unacknowledged: true once after each welcome.
  [[nodiscard]] bool take_resend();

  void submit(const std::vector<Outbound>& notices);
  // Also states cursor and credits again.
  void ping(std::uint64_t nonce);
  // What take_outgoing() gave could not all be sent: credits are stated again.
  void unsent() { credit_due_ = true; }
  void alarm() { phase_ = LinkPhase::kAlarm; }

  [[nodiscard]] LinkPhase phase() const { return phase_; }
  [[nodiscard]] const LinkPosition& position() const { return position_; }
  [[nodiscard]] std::uint64_t hub_size() const { return hub_size_; }
  [[nodiscard]] std::size_t held_count() const { return held_.size(); }

  // UpMessages to send, as bytes, in order. Call it after the store's commit: credits say "stored".
  [[nodiscard]] std::vector<std::string> take_outgoing();

 private:
  void send(const v1::UpMessage& message);
  void fetch(v1::FetchKind kind, std::uint64_t from);

  LinkConfig config_;
  LinkPosition position_;
  LinkPhase phase_ = LinkPhase::kDown;
  std::uint64_t hub_size_ = 0;
  bool fetching_batches_ = false;
  bool resend_ = false;
  bool credit_due_ = false;
  std::uint64_t expected_ = 0;  // Index + 1 of the newest delivery held or stored.
  std::deque<v1::Delivery> held_;
  std::size_t held_bytes_ = 0;  // Of the envelopes held.
  std::vector<std::string> outgoing_;
};

}  // namespace chancery::node
