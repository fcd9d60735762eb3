// The hub's side of the link, without its sockets: messages in, messages and reads out.
//
// A session belongs to a node and to that node's latest connection. The transport authenticated a
// transport key; whose it is, and whether that node may speak, is asked of the directory for each
// message. Sequencing is sequencer.h's; this class turns its outcomes into messages. Protocol
// chapter 10 (C-130 to C-159). See docs/internals/broker.md for the order in which the daemon's
// loop calls it.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/delivery.h"
#include "broker/core/quota.h"
#include "broker/core/sequencer.h"
#include "broker/core/start_quorum.h"
#include "chancery/v1/link.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/waking_clock.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "core/exchange/link_pace.h"
#include "core/exchange/urgency.h"

namespace chancery::broker {

using SteadyTime = std::chrono::steady_clock::time_point;

struct HubConfig {
  std::string program;  // Name and version, for people.
  AdmissionLimits admission;
  WindowLimits window;  // Of each lane.
  exchange::PaceLimits pace{};
  QuotaLimits quota{};
  std::vector<crypto::PublicKey> log_keys;  // Those that checkpoints can be signed with.
};

// Where a page of deliveries stands in a feed.
struct FeedPlace {
  exchange::Lane lane = exchange::Lane::kPatient;
  std::uint64_t first = 0;  // Log index.
  std::size_t count = 0;    // Of deliveries.
};

struct Outgoing {
  PeerHandle peer = 0;
  std::string topic;
  std::string message;               // A DownMessage, as bytes.
  std::optional<FeedPlace> place{};  // Of deliveries.
};

// Frames of deliveries are filled up to this, a quarter of what pages of the log are. libzmq has
// one under way for each peer, in plain and encrypted, beside what waits in its queues: of hundreds
// of peers that is most of what a hub holds.
inline constexpr std::size_t kDeliverBytesTarget = 128U << 10U;

// A page of a lane of a member's feed to read from the store, for feed().
struct FeedRead {
  PeerHandle peer = 0;
  Hash node{};
  std::string member;
  exchange::Lane lane = exchange::Lane::kPatient;
  std::uint64_t from = 0;
  std::size_t count_max = 0;
  std::size_t bytes_max = kDeliverBytesTarget;  // And the one that goes over it.
};

struct FeedEntry {
  std::uint64_t index = 0;
  std::uint64_t previous = 0;                   // Index before it in the lane, plus one; 0 is none.
  std::shared_ptr<const std::string> envelope;  // Of which there is one for all its readers.
};

// A page of log batches that a node asked for, for batches().
struct BatchRead {
  PeerHandle peer = 0;
  std::uint64_t from = 0;
  std::size_t bytes_max = exchange::kFrameBytesTarget;  // And the batch that goes over it.
  std::size_t count_max = exchange::kBatchesCountMax;
  bool greets = false;  // In answer to a Hello, of a node that has no session.
};

// Whether there is room for a page on its way to a peer, for take_feed_reads() and
// take_batch_reads(): what finds none is read later.
using HasRoom = std::function<bool(PeerHandle)>;

// An entry whose record fails its hash, and whose feeds have it: of a directory entry nobody's, and
// every node has those.
struct DamagedEntry {
  std::uint64_t index = 0;
  std::vector<std::string> readers;
};

// An envelope that a node handed in for such an entry, to be judged by the store.
struct RestoreRequest {
  PeerHandle peer = 0;
  std::string member;
  std::uint64_t index = 0;
  std::string envelope;
};

// The root that the log had at a size that a node followed it to, for checked().
struct HeadCheck {
  PeerHandle peer = 0;
  std::uint64_t size = 0;
};

struct SessionInfo {
  PeerHandle peer = 0;
  std::string member;
  Hash node{};
  exchange::PerLane<std::uint64_t> cursors;
  std::uint64_t followed = 0;
  std::string program;
  exchange::PerLane<std::uint64_t> bytes_on_the_way;
  std::uint64_t pace_bytes = 0;  // No more that is patient goes on the way at once.
};

// What a node answered to a Round, for Rounds::answer().
struct WitnessAnswer {
  Hash node{};
  v1::Answer answer;
};

// What is on the way in a lane of one session, of the limits of all.
struct WindowFill {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
};

class Hub {
 public:
  Hub(HubConfig config, HubState state);

  // A frame from the connection `peer`, which was admitted with this transport key. What cannot be
  // served is answered with a Fault; the error comes back as well, for the log. kUnknownMember: cut
  // the connection.
  [[nodiscard]] Result<void> receive(PeerHandle peer, const Hash& transport_key_id,
                                     std::string_view frame);
  // Heads that greeting nodes name and that the store must look up; the answer to their Hello comes
  // with checked(). `root` is nothing where the log had no head of that size.
  [[nodiscard]] std::vector<HeadCheck> take_head_checks();
  [[nodiscard]] Result<void> checked(const HeadCheck& check, const std::optional<Hash>& root);
  // A head that this hub signed and that is not in its log, once a node has shown one: from then on
  // nothing is admitted (C-134), by later runs on this store neither.
  [[nodiscard]] const std::optional<Error>& contradiction() const { return contradiction_; }
  // Before it is there nothing is admitted either (C-150).
  [[nodiscard]] const StartQuorum& start_quorum() const { return start_quorum_; }
  // Why nothing is admitted now; nothing where it is.
  [[nodiscard]] std::optional<Error> admits_nothing() const;

  // What time it is in this turn, until a frame says a later one. Sessions that nothing was heard
  // from for long end here; but where it was this hub that stood still, what they said meanwhile is
  // still to be read.
  void at(SteadyTime now);

  // To be told at once: while a session's connection is there, no other daemon gets its place.
  void disconnected(PeerHandle peer);
  // What take_outgoing() gave could not be queued for this peer. Deliveries, of which `place` says
  // where they stand, are read again from there. Of anything else, once there is room for the peer
  // it is told how long the log is, and asks for what it lacks.
  void unsent(PeerHandle peer, const std::optional<FeedPlace>& place);
  void tell_who_missed_news(const HasRoom& has_room = {});

  // What the next batch of the log is to have: of notices at most, and whether patient ones.
  [[nodiscard]] std::size_t batch_count_max() const {
    return urgency_.is_on(now_) ? kSequencedCountUrgent : kSequencedCountMax;
  }
  [[nodiscard]] Takes batch_takes() const { return holds_patient() ? Takes::kUrgent : Takes::kAll; }
  // Whether there is anything for it.
  [[nodiscard]] bool has_work() const { return sequencer_.queue().has(batch_takes()); }
  // What is patient waits for what is urgent, and so its owner is to look again soon.
  [[nodiscard]] bool holds_patient() const { return urgency_.holds_patient(now_); }
  // Nothing waits any more: the last turns are to take all that there is.
  void holds_no_more() { urgency_ = {}; }

  // What members may still hand in; its owner says what time it is.
  [[nodiscard]] MemberQuotas& quotas() { return quotas_; }
  [[nodiscard]] const MemberQuotas& quotas() const { return quotas_; }

  [[nodiscard]] Sequencer& sequencer() { return sequencer_; }
  [[nodiscard]] const Sequencer& sequencer() const { return sequencer_; }

  // The answers to submitters: those that wait for no commit now, the others by committed().
  void refuse(const std::vector<Outcome>& outcomes);
  // The commit is durable and its checkpoint signed: followers and submitters may know.
  void committed(const Commit& commit, const std::string& checkpoint,
                 const std::vector<Outcome>& outcomes);

  // Those of the urgent lane come first.
  [[nodiscard]] std::vector<FeedRead> take_feed_reads(const HasRoom& has_room = {});
  void feed(const FeedRead& read, const std::vector<FeedEntry>& page);
  [[nodiscard]] std::vector<BatchRead> take_batch_reads(const HasRoom& has_room = {});
  void batches(const BatchRead& read, std::vector<v1::LogBatch> page);
  // Those for which there is no room any more are among the next that are taken.
  void put_back(const FeedRead& read);
  void put_back(const BatchRead& read) { batch_reads_.push_back(read); }
  // Rounds: to the node of a witness, if it is there; what nodes answered since the last call; and
  // the newest head at quorum, to all who are there now and to each at its Welcome.
  [[nodiscard]] bool is_there(const exchange::NodeInfo& node) const;
  void ask(const exchange::NodeInfo& witness, const v1::Round& round);
  [[nodiscard]] std::vector<WitnessAnswer> take_answers();
  void set_cosigned(v1::RoundResult result) { cosigned_ = std::move(result); }
  void tell_cosigned();
  // Told before it to whoever has not taken it, at each Welcome (C-189).
  void add_witness_change(WitnessChange change) { witness_changes_.push_back(std::move(change)); }

  // Entries that the store has not got whole: from now on nodes are told at their Welcome.
  void set_damaged(std::vector<DamagedEntry> entries) { damaged_ = std::move(entries); }
  void tell_damaged();  // And all who are there now.
  // What nodes handed in for them since the last call.
  [[nodiscard]] std::vector<RestoreRequest> take_restores();
  // Its readers may have it.
  void restored(std::uint64_t index);
  void not_restored(const RestoreRequest& request, const Error& why);

  [[nodiscard]] std::vector<Outgoing> take_outgoing();
  [[nodiscard]] std::size_t outgoing_bytes() const { return outgoing_bytes_; }
  // Deliveries that were given out and not said to be unsent, over all sessions.
  [[nodiscard]] std::uint64_t delivered_count() const { return delivered_count_; }
  // Whether a node of this member, since this start, said that it has stored its feed beyond here.
  [[nodiscard]] bool has_stored(const std::string& member, exchange::Lane lane,
                                std::uint64_t index) const;
  // Connections whose node said hello on another one since, or nothing for long: to be cut, with
  // all that is on its way to them.
  [[nodiscard]] std::vector<PeerHandle> take_ended();
  [[nodiscard]] std::vector<SessionInfo> sessions() const;
  // Of the session that has the most bytes on the way in this lane.
  [[nodiscard]] WindowFill fullest(exchange::Lane lane) const;
  [[nodiscard]] const WindowLimits& window_limits() const { return config_.window; }
  [[nodiscard]] bool has_session(PeerHandle peer) const;  // Whether this connection is a session's.

 private:
  struct Feed {
    DeliveryWindow window;
    bool reading = false;    // A feed read is out.
    bool exhausted = false;  // Nothing more in the lane until the next commit.
    bool full = false;       // The window took no more: nothing is read until the node's next word.

    void go_back(std::uint64_t index) {
      window.rewind(index);
      exhausted = false;
      full = false;
    }
  };
  // A page of the log that the node asks to be followed by the next one.
  struct LogPage {
    std::uint64_t end = 0;
    std::uint64_t bytes = 0;
    SteadyTime sent_at;
  };
  struct Session {
    PeerHandle peer;
    Hash transport_key_id;
    std::string member;
    exchange::PerLane<Feed> feeds;
    std::uint64_t followed = 0;
    std::string program;
    std::string instance;  // Which of the daemons that have this node's keys.
    WakingClock::Time heard_at;
    exchange::LinkPace pace;
    std::optional<LogPage> log_page{};
    bool marked = false;  // Of those to look at.
  };
  [[nodiscard]] static std::uint64_t pace_of(const Session& session, exchange::Lane lane) {
    return lane == exchange::Lane::kUrgent ? DeliveryWindow::kNoPace : session.pace.bytes();
  }
  [[nodiscard]] std::map<Hash, Session>::iterator session_at(PeerHandle peer);
  [[nodiscard]] Session* session_of(PeerHandle peer);
  // There may be something for it that was not there before.
  void read_again(const Hash& node, Session& session);
  // Something changed by which more of its feeds may be read.
  void mark(const Hash& node, Session& session);
  // A size of the log below which everything for this node was sent, in both lanes.
  [[nodiscard]] std::uint64_t caught_up(const Session& session) const;

  void push(Outgoing outgoing);
  void send(PeerHandle peer, std::string topic, const v1::DownMessage& message);
  void fault(PeerHandle peer, const Error& error);
  Result<void> hello(PeerHandle peer, const exchange::NodeInfo& node, const v1::Hello& hello);
  // Whether another daemon has this node's session, and is alive as far as can be told.
  [[nodiscard]] bool runs_elsewhere(PeerHandle peer, const exchange::NodeInfo& node,
                                    const v1::Hello& hello) const;
  void welcome(PeerHandle peer, const exchange::NodeInfo& node, const v1::Hello& hello);
  // The node followed another log. Its proof, where it has one, stops admission; but one that is on
  // a branch of this log that was abandoned is shown by which roster.
  Result<void> foreign(PeerHandle peer, const exchange::NodeInfo& node, const v1::Hello& hello);
  [[nodiscard]] const exchange::Continuation* continuation_for(const v1::Hello& hello) const;
  void submit(PeerHandle peer, const std::string& member, const v1::Submit& submit);
  // Within the member's quota, into the queue: nothing, or what to answer.
  std::optional<Outcome> take(PeerHandle peer, const std::string& member,
                              exchange::Envelope envelope, std::uint64_t previous_us);
  void credit(Session& session, exchange::Lane lane, std::uint64_t cursor,
              const v1::Credits& credits);
  void tell_damaged(const Session& session);
  void tell_cosigned(const Session& session);
  void tell_witness_changes(const Session& session, std::uint64_t cosigned_size);
  void restore(PeerHandle peer, const Session& session, v1::Restore restore);
  Result<void> fetch(PeerHandle peer, Session& session, const v1::Fetch& fetch);
  void answer(const std::vector<Outcome>& outcomes, bool waiting);

  HubConfig config_;
  SteadyTime now_{};  // Of the turn.
  SteadyTime look_for_silence_at_{};
  WakingClock waking_;
  std::optional<Error> contradiction_;
  std::vector<WitnessChange> witness_changes_;
  StartQuorum start_quorum_;
  Sequencer sequencer_;
  MemberQuotas quotas_;
  exchange::Urgency urgency_;
  std::map<Hash, Session> sessions_;  // By node: its signing key's id.
  std::vector<Hash> marked_;          // Nodes; their sessions may be gone.
  struct Greeting {                   // A Hello whose head is being looked up.
    Hash transport_key_id{};
    v1::Hello hello;
  };
  std::map<PeerHandle, Greeting> greetings_;
  std::vector<HeadCheck> head_checks_;
  std::vector<PeerHandle> ended_;
  std::set<PeerHandle> missed_news_;
  std::vector<Outgoing> outgoing_;
  std::size_t outgoing_bytes_ = 0;  // Of the messages in it.
  std::uint64_t delivered_count_ = 0;
  std::vector<BatchRead> batch_reads_;
  std::vector<DamagedEntry> damaged_;
  std::vector<WitnessAnswer> answers_;    // Of one turn: bounded as its frames are.
  v1::RoundResult cosigned_;              // Empty before the first.
  std::vector<RestoreRequest> restores_;  // Of one turn: bounded as its frames are.
  // Of each member, how far any of its nodes has stored its feed, as they said since this start.
  std::map<std::string, exchange::PerLane<std::uint64_t>> stored_;
};

// The id of the transport key that ZAP admitted a message's connection with, from its User-Id.
// kNoIdentity where there is none: such a message is of nobody.
[[nodiscard]] Result<Hash> transport_key_of(std::string_view user_id);

// The batch of a commit as followers get it.
[[nodiscard]] v1::LogBatch log_batch(const Commit& commit, const std::string& checkpoint);

}  // namespace chancery::broker
