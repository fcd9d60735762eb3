// The node's side of the link, without its socket: what to say, and what is missing.
//
// Says hello on each connection, follows the log live or by pages, notices a delivery that was lost
// by its `previous index`, and holds what arrives ahead of the log until the log has caught up. It
// decides nothing about content: intake.h does. Protocol chapter 10 (C-130 to C-159).
//
// Bounded: deliveries held ahead of the log by the credits that this node gave in their lane, which
// the hub may not exceed; what exceeds them is dropped and asked for again.

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
#include "core/exchange/lane.h"

namespace chancery::node {

// What a node takes in a lane before it has stored what it took.
struct Window {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
};

struct LinkConfig {
  Hash genesis{};
  std::string program;
  std::string instance{};  // Of this run of the daemon, kInstanceBytes.
  exchange::PerLane<Window> windows{.patient = {.items = 1024, .bytes = 8U << 20U},
                                    .urgent = {.items = 256, .bytes = 4U << 20U}};
};

// What the store says when a link begins.
struct LinkPosition {
  std::uint64_t followed_size = 0;
  Hash followed_root{};
  std::string checkpoint{};         // The signed note over that head.
  std::uint64_t cosigned_size = 0;  // The newest head at quorum that was taken.
  Hash cosigned_root{};
  exchange::PerLane<std::uint64_t> cursors;  // Everything for this member below is stored.
  std::vector<Hash> continued{};             // Rosters by which that log went on after a loss.
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
  kForeign,   // The hub says itself that its log is not ours: it is shown ours at each connection.
  kAlarm,     // The hub's log contradicts ours: nothing more is taken from it.
};

enum class Takes : std::uint8_t { kAll, kUrgentOnly, kNothing };

class Link {
 public:
  Link(LinkConfig config, LinkPosition position)
      : config_(std::move(config)), position_(std::move(position)) {}

  // The connection is there, or there anew.
  void connected();
  void disconnected();

  // So many Welcomes of a log that is behind what this node verified, one after the other, are
  // believed: one alone may be late, or come twice.
  static constexpr std::uint32_t kContradictionsBelieved = 3;

  // A DownMessage that concerns the session itself: Welcome, Pong, Fault. Others are the caller's.
  // kForeignLog where the hub's log is behind what this node verified.
  [[nodiscard]] Result<void> control(const v1::DownMessage& message);

  // Of a page or a push: the batches that go on where this node stands. What comes after them is
  // asked for, a page at a time.
  [[nodiscard]] std::vector<v1::LogBatch> batches(v1::Batches batches);
  // After the caller followed and stored one of them.
  void followed(std::uint64_t size, const Hash& root, std::string checkpoint);
  // By this roster, which was followed, the log went on after a loss.
  void continued(const Hash& roster) { position_.continued.push_back(roster); }
  // The node goes on from an earlier place of its log: says hello from there.
  void go_back(LinkPosition position);
  // Whether batches that come now say where the log went on without what this node followed.
  [[nodiscard]] bool may_go_back() const {
    return phase_ == LinkPhase::kGreeting || phase_ == LinkPhase::kForeign;
  }
  // This head at quorum was taken: the next Hello says so.
  void cosigned(std::uint64_t size, const Hash& root);

  // Deliveries of a lane in order, each once; a gap is asked for.
  void deliver(v1::Deliver deliver);
  // The next delivery of a lane, where this node has its leaf.
  [[nodiscard]] bool has_delivery(exchange::Lane lane) const;
  [[nodiscard]] std::optional<v1::Delivery> take_delivery(exchange::Lane lane);
  // This one, which take_delivery() gave, was not what was logged: the hub is asked for it again.
  void refetch(exchange::Lane lane, std::uint64_t index);
  // This one cannot be judged here: its lane stands before it, and goes on asking with each Pong.
  void stand(exchange::Lane lane, std::uint64_t index);
  // Stored in this lane, through this index.
  void stored(exchange::Lane lane, std::uint64_t index);

  // Asks the submitter to send again what is unacknowledged: true once after each welcome.
  [[nodiscard]] bool take_resend();

  void submit(std::vector<Outbound> notices);
  // Also states cursor and credits again.
  void ping(std::uint64_t nonce);
  // What this node's witness says to a round.
  void answer(const v1::Answer& answer);
  // The envelope of an entry that the hub has not got whole.
  void restore(std::uint64_t index, std::string envelope);
  // What take_outgoing() gave could not all be sent: credits are stated again.
  void unsent() { credit_due_ = true; }
  // Credits for the lanes of which this node can store something.
  void take(Takes takes) {
    credit_due_ = credit_due_ || takes != takes_;
    takes_ = takes;
  }
  void alarm() { phase_ = LinkPhase::kAlarm; }

  [[nodiscard]] LinkPhase phase() const { return phase_; }
  [[nodiscard]] const LinkPosition& position() const { return position_; }
  [[nodiscard]] std::uint64_t hub_size() const { return hub_size_; }
  // A size of the log that was followed, below which everything for this node is stored, if what
  // the hub said last is so: deliveries show no gap, and nothing else is for it, says the hub.
  [[nodiscard]] std::uint64_t complete() const;
  [[nodiscard]] std::size_t held_count_max() const {
    return config_.windows.patient.items + config_.windows.urgent.items;
  }
  [[nodiscard]] std::size_t held_count() const {
    return lanes_.patient.held.size() + lanes_.urgent.held.size();
  }

  [[nodiscard]] std::size_t held_bytes() const {
    return lanes_.patient.held_bytes + lanes_.urgent.held_bytes;
  }
  [[nodiscard]] std::size_t held_bytes_max() const {
    return config_.windows.patient.bytes + config_.windows.urgent.bytes;
  }

  // UpMessages to send, as bytes, in order. Call it after the store's commit: credits say "stored".
  [[nodiscard]] std::vector<std::string> take_outgoing();

 private:
  struct Lane {
    std::uint64_t expected = 0;  // Index + 1 of the newest delivery held or stored.
    std::deque<v1::Delivery> held;
    std::size_t held_bytes = 0;  // Of the envelopes held.
  };

  void send(const v1::UpMessage& message);
  void fetch_batches(std::uint64_t from);
  void fetch_batches_if_behind(std::uint64_t size);
  void fetch_deliveries(exchange::Lane lane);  // From what is expected there.
  [[nodiscard]] Window window_of(exchange::Lane lane) const;
  [[nodiscard]] bool urgent_waits_for_log() const;

  LinkConfig config_;
  LinkPosition position_;
  LinkPhase phase_ = LinkPhase::kDown;
  std::uint64_t hub_size_ = 0;
  std::uint32_t contradiction_count_ = 0;          // Welcomes since the last good one.
  std::uint64_t caught_up_ = 0;                    // As complete(), of what is held or stored.
  std::optional<std::uint64_t> fetching_;          // A page from here on was asked for …
  std::optional<std::uint64_t> fetching_at_ping_;  // … and from here when the last Ping was sent.
  bool resend_ = false;
  bool credit_due_ = false;
  bool hurries_ = false;  // Towards an urgent one: no credits for what is patient.
  Takes takes_ = Takes::kAll;
  exchange::PerLane<Lane> lanes_;
  std::vector<std::string> outgoing_;
};

}  // namespace chancery::node
