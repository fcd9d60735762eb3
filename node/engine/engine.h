// The node without its sockets and its clock: link, log, inbox, outbox and local API around one
// store, in the one order that keeps its promises.
//
// A turn is: connected() or disconnected(), receive_from_hub() and receive_local() for what came
// in, and finish_turn(), which signs what the batch rule lets go, commits once and wakes those who
// wait; then take_to_hub() and take_replies() are sent. Nothing is in them before the commit that
// it speaks of has returned. An error of any of these means that the store failed: drop the engine
// and start anew from the store. After kDiskFull it is known that the turn wrote nothing: abandon()
// answers those who wanted something written, and start_over() goes on in the same process, where
// those who read or wait are served. What the hub or an application sends is never a reason for an
// error.
// The daemon (node/server.h) and the simulation (tests/sim) run the same engine. One thread.
// See docs/internals/node.md.

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "core/crypto/signer.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/scrub_pace.h"
#include "core/exchange/seal.h"
#include "core/exchange/urgency.h"
#include "core/exchange/witnesses.h"
#include "io/log/limiter.h"
#include "node/core/link.h"
#include "node/core/overdue.h"
#include "node/core/stamping.h"
#include "node/core/statement_pace.h"
#include "node/core/uplink.h"
#include "node/core/witness.h"
#include "node/engine/local_api.h"
#include "node/store/consultation.h"
#include "node/store/node_store.h"

namespace chancery::node {

struct EngineConfig {
  std::string member;
  std::string program;  // Name and version, for people.
  std::vector<Application> applications;
  LocalLimits local;
  DiskMarks disk{};
  OverdueLimits overdue{};
  std::size_t batch_size_max = kSignedTogetherMax;  // Notices under one signature.
};

// The two clocks, as the owner of the engine read them.
struct Now {
  SteadyTime steady;          // Time-outs.
  std::uint64_t unix_us = 0;  // Stamps and expiry.

  [[nodiscard]] std::uint64_t unix_ms() const { return unix_us / 1000; }
};

using RandomSource = std::function<std::string(std::size_t)>;

// How much of what waits is taken at once: the last may go over the bytes.
struct Portion {
  std::size_t count = std::numeric_limits<std::size_t>::max();
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
};

class Engine {
 public:
  // Loads the store and looks at its newest records again. `random` gives that many unpredictable
  // bytes: keys are made of them.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(
      EngineConfig config, std::unique_ptr<NodeStore> store, std::unique_ptr<crypto::Signer> signer,
      exchange::Opener opener, RandomSource random,
      std::unique_ptr<crypto::Signer> witness = nullptr);

  // From the store of an engine whose turn found no room on the disk; it is of no use afterwards.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start_over(std::unique_ptr<Engine> before);
  // Whoever had something written in the turn that failed is told why in take_replies().
  void abandon(const Error& why);

  // Before each turn: what the store's disk has room for. A full one takes nothing, neither of
  // applications nor of the hub, which keeps what it has; what is stored is served.
  void disk_has(std::uint64_t free_bytes, SteadyTime now);
  void set_disk_marks(const DiskMarks& marks) { disk_.set_marks(marks); }
  [[nodiscard]] const DiskGauge& disk() const { return disk_; }
  // Looked at anew in the next turn.
  void set_overdue_limits(const OverdueLimits& limits);

  // The connection to the hub is there, or there anew; or it is gone, for this reason if one is
  // known.
  void connected();
  void disconnected(std::string_view fault = {});

  [[nodiscard]] Result<void> receive_from_hub(const std::string& topic, std::string_view message,
                                              const Now& now);
  // `application` is the name that the transport authenticated.
  [[nodiscard]] Result<void> receive_local(const std::string& routing_id,
                                           std::string_view application, std::string_view frame,
                                           const Now& now);
  [[nodiscard]] Result<void> finish_turn(const Now& now);
  // Applications that wait get what there is: the last turn of a node.
  [[nodiscard]] Result<void> release_waiting(const Now& now);
  // From now on these have keys and grants. Whoever waits gets what there is, and may ask again.
  [[nodiscard]] Result<void> set_applications(std::vector<Application> applications,
                                              const Now& now);

  // In a quiet moment, with no transaction open: looks at some records that nobody asked for, and
  // names for good what was met that fails its hash; makes records by which notices are found.
  [[nodiscard]] Result<void> look_again(const Now& now);
  // Whether look_again() left some of the notices that have no record, in a quiet moment: the next
  // turn is to follow at once.
  [[nodiscard]] bool is_recording() const { return recording_; }
  // Whether a turn left something of what came: the next is to follow at once.
  [[nodiscard]] bool is_behind() const {
    return local_api_.is_behind() ||
           (!disk_.is_full() && link_.has_delivery(exchange::Lane::kPatient));
  }
  [[nodiscard]] std::uint64_t scrub_pass_count() const { return pace_.pass_count(); }

  // Hands an entry of the directory in at the hub, for whoever has a say about it: gives its notice
  // id. kUnavailable where there is no link, and what parsing fails with. What the hub says of it,
  // or that the link ended before it did, is in take_entry_outcomes() then; if the entry was logged
  // after all, the directory shows it.
  [[nodiscard]] Result<std::string> submit_entry(const std::string& envelope, const Now& now);
  struct EntryOutcome {
    std::string notice_id;
    Result<std::uint64_t> index;
  };
  [[nodiscard]] std::vector<EntryOutcome> take_entry_outcomes() {
    return std::exchange(entry_outcomes_, {});
  }

  // UpMessages, in order.
  [[nodiscard]] std::vector<std::string> take_to_hub() { return link_.take_outgoing(); }
  // What take_to_hub() gave could not all be sent: hello, credits and resending make up for it.
  void unsent(const Now& now);
  [[nodiscard]] std::vector<LocalReply> take_replies() { return local_api_.take_replies(); }

  [[nodiscard]] const Link& link() const { return link_; }
  [[nodiscard]] const LocalApi& local_api() const { return local_api_; }
  [[nodiscard]] const exchange::LogFollower& follower() const { return follower_; }
  [[nodiscard]] NodeStore& store() const { return *store_; }
  [[nodiscard]] const std::optional<Error>& alarm() const {
    return alarm_.has_value() ? alarm_ : foreign_;
  }
  // Each peer whose newest statement contradicts what this node counted, and how. Whether the hub
  // or the peer is at fault is not known, so the node trusts its hub as before.
  [[nodiscard]] std::map<std::string, Error> disputes() const;
  // What should have come by now, as of a few seconds ago.
  [[nodiscard]] const std::vector<Overdue>& overdue() const { return overdue_; }
  // The same notice by notice, as of `now`.
  [[nodiscard]] Result<v1::OverdueReply> list_overdue(const v1::OverdueRequest& request,
                                                      const Now& now);
  [[nodiscard]] const std::optional<CosignedNote>& cosigned() const { return cosigned_; }
  [[nodiscard]] bool is_witness() const { return witness_ != nullptr; }
  // What its witness answers to an outsider's add-checkpoint request; nothing where the checkpoint
  // is beyond the log that was followed, until which it is to be asked again. The answer may leave
  // once the turn is finished. Whoever asks, and whatever it is, nothing changes but what was
  // cosigned last.
  [[nodiscard]] Result<std::optional<WitnessAnswer>> add_checkpoint(std::string_view request,
                                                                    const Now& now);
  // Why its witness cosigns nothing.
  [[nodiscard]] const std::optional<Error>& witness_fault() const { return witness_fault_; }
  [[nodiscard]] const std::string& last_fault() const { return last_fault_; }
  // Pings since the hub said anything, or since the connection was made.
  [[nodiscard]] std::uint64_t pings_unanswered() const { return pings_unanswered_; }
  // Log indices of which the hub says that it has not got them whole, and that this node lacks: the
  // lane of each goes on when somebody who holds it has handed it in.
  [[nodiscard]] const std::set<std::uint64_t>& waits_for_hub() const { return waits_for_hub_; }
  // No more that is patient is submitted and unanswered at once, in bytes.
  [[nodiscard]] std::uint64_t uplink_pace() const { return uplink_.pace(); }
  [[nodiscard]] const Hash& node_id() const { return signer_->public_key().id(); }

 private:
  Engine(EngineConfig config, std::unique_ptr<NodeStore> store, NodeState state,
         std::unique_ptr<crypto::Signer> signer, exchange::Opener opener, RandomSource random,
         std::unique_ptr<crypto::Signer> witness);

  // Names for good what reads met that fails its hash.
  struct Met {
    std::size_t count = 0;
    std::size_t new_count = 0;
  };
  Result<Met> keep_damages();
  Result<void> despite_damage(const std::function<Result<void>()>& work,
                              const std::function<bool(const Error&)>& refused);
  Result<void> serve_waiting(const std::function<Result<void>()>& work);
  // Where nothing was written for a while; a few each second in any case.
  Result<void> keep_records();
  Result<void> write();   // Begins the turn's transaction where none is open.
  Result<void> commit();  // Where one is.

  // What comes from the hub: from_hub.cpp.
  Result<void> take_batches(v1::Batches batches);
  // Of what a hub shows whose log is not ours: whether the log went on without what this node has.
  Result<void> consider_going_back(const v1::Batches& batches);
  // kForeignLog, kNotFound, or what is wrong with it: where the node is to stay. Nothing where its
  // log has this entry.
  Result<std::optional<exchange::LogFollower>> judge_continuation(const v1::LogBatch& batch);
  Result<void> go_back(const exchange::LogFollower& to, const v1::LogBatch& told_by);
  Result<void> take_deliveries(exchange::Lane lane, const Portion& portion = {});
  Result<void> take_patient();
  Result<void> take_control(const v1::DownMessage& message);
  // Other bytes than were logged: true where they were put aside, to fetch what was.
  Result<bool> put_aside(Arrival& arrival);
  void check_erasure(Arrival& arrival, const ledger::Leaf& leaf) const;
  // What an alarm was raised for, to be kept with the arrival.
  Result<std::optional<Error>> judge_hub_by(const exchange::Envelope& envelope,
                                            const Arrival& arrival);
  Result<void> take_own(const Arrival& arrival, const ledger::Leaf& leaf);
  struct Sent {
    Hash entry{};                            // E of the newest stamping.
    std::shared_ptr<const v1::Draft> draft;  // Its own, or one of its form.
  };
  Result<std::optional<Sent>> take_sent(const std::string& notice_id);
  Result<void> take_accepted(const v1::Accepted& accepted);
  Result<void> try_again(const v1::RefusedItem& item, ErrorCode code,
                         std::chrono::milliseconds delay);
  Result<void> take_refused(const v1::Refused& refused);
  Result<void> take_damaged(const v1::Damaged& damaged);
  Result<bool> is_early(const v1::RefusedItem& item, ErrorCode code);
  // False where it is of no entry that was handed in.
  bool settle_entry(const std::string& notice_id, const Result<std::uint64_t>& outcome);
  // Of those that are remembered, or folded anew, into `folded`.
  Result<const exchange::Directory*> directory_at(std::uint64_t index,
                                                  std::optional<exchange::Directory>& folded);
  void raise_alarm(const Error& error);  // The first one stands.
  Result<void> keep_alarm(const Error& error, std::string_view evidence);
  static void tell_alarm(const Error& error);
  Result<void> stop_following(const Error& why, std::string_view evidence);

  // The node's witness, and what a quorum cosigned: witness.cpp.
  Result<void> look_at_rounds();  // What waited may be followed by now.
  enum class Asker : std::uint8_t { kHub, kOutsider };
  // By `key`, which is this witness's own; nothing where it is to wait. What only a hub may bring
  // about is an alarm, or that the witness stops.
  Result<std::optional<WitnessAnswer>> cosign(std::string_view request, const ledger::NoteKey& key,
                                              Asker asker);
  // Each false where it is to wait.
  Result<bool> answer_round(const v1::Round& round);
  Result<bool> take_round_result(const v1::RoundResult& result);
  // With the log's signature verified: kBadCheckpoint.
  [[nodiscard]] Result<ledger::SignedCheckpoint> open_head(const std::string& text) const;
  // The head, where it is at quorum; kGap where its lines are too few, kBadCheckpoint, and
  // kRootMismatch where it is another log's. `head` is what open_head() made of the text.
  Result<CosignedNote> judge_head(const std::string& text,
                                  const Result<ledger::SignedCheckpoint>& head);
  Result<void> judge_own_line(const std::string& text);
  Result<void> check_witness();
  void set_cosigned(CosignedNote head);
  void stop_cosigning(const Error& why);
  [[nodiscard]] std::optional<ledger::NoteKey> witness_key() const;
  // Of the directory at a size of the log.
  Result<exchange::WitnessSet> witnesses_at(std::uint64_t size);

  // What both ends of a pair count: completeness.cpp.
  struct Pair {
    StatementPace pace{};
    std::string stated{};           // Our last statement, by notice id, until it is logged.
    std::uint64_t early_through{};  // Index + 1 of the last early entry that was stated.
    std::optional<exchange::PairCount> counting{};  // Where there is more than a turn counts.
    std::optional<Error> dispute{};
  };
  // What the draft's text_digest covers, without its padding.
  static Result<std::string> text_of(const Arrival& arrival);
  std::string new_notice_id();
  Result<void> load_pairs();
  Result<void> exchanged_with(const std::string& peer, exchange::Lane lane);
  // A notice that was received or sent, as it is stored; whether it entered the inbox.
  Result<void> take_exchanged(const Arrival& arrival, const ledger::Leaf& leaf, bool shown);
  Result<void> take_statement(const Arrival& arrival, const StatedBy& by);
  Result<void> take_acknowledgement(const Arrival& arrival, const StatedBy& by);
  Result<void> compare_statements();
  Result<void> compare_with(const std::string& peer, Pair& pair);
  Result<std::optional<Error>> foreign(const v1::Statement& statement);
  Result<void> state_pairs();
  Result<void> state_when_whole(const std::string& peer, Pair& pair);
  Result<void> state(const std::string& peer, Pair& pair, const exchange::PairCount& count,
                     std::vector<std::uint64_t> early);
  void ask_how_far();  // A Pong says up to where nothing is missing.

  // What this member's word is on what it was consulted about: consultation.cpp.
  struct Consulted {
    NodeStore::Consulted held{};
    std::uint64_t deadline_ms = 0;      // Not before this; 0 where it is to be looked up.
    std::optional<CosignedNote> cut{};  // The first head at quorum that was late enough.
    bool is_done = false;
  };
  Result<void> load_consultations();
  Result<void> take_consultation(const Arrival& arrival);
  Result<void> tally_consultations();
  Result<void> tally(Consulted& consulted);
  // False where nobody else could be told.
  Result<bool> put_tally(const Consulted& consulted, const HeldConsultation& held, StoredLog& log);
  [[nodiscard]] bool has_voice() const;

  // What should have come by now: overdue.cpp.
  Result<void> look_for_overdue();
  // Of each sort, member and lane so many at most.
  Result<std::vector<Overdue>> find_late(std::size_t of_each_max, std::string_view member = {});
  Result<void> forget_who_left();
  // Adds the bytes that were read of its text.
  Result<std::optional<v1::InboxItem>> listed(const Hash& notice, std::size_t& bytes);
  void add_stale_cosignatures(std::vector<Overdue>& found);
  // Whether the log, as far as it was followed, has witnesses enough for a quorum.
  [[nodiscard]] bool expects_quorum() const;
  void tell_overdue(std::vector<Overdue> found);

  // What goes to the hub: to_hub.cpp.
  enum class Signs : std::uint8_t {
    kAll,
    kUrgent,   // Under the directory at hand: the log is not followed to its end.
    kNothing,  // The hub has another directory: not before it is followed.
  };
  void choose_what_to_sign();
  std::vector<SignedSet> sign(const StampedBatch& batch);
  Result<void> sign_and_submit();
  void await_answer();
  Result<bool> answer_is_overdue();
  Result<void> resend_when_due();
  Result<void> resend_more();
  void submit_again(std::vector<Outbound> notices);
  Result<std::uint64_t> bytes_on_the_way();
  Result<void> end_aside_when_due();

  Result<void> greet_or_ping_when_due();
  void greet_later();
  // A step of the pass that erases bodies whose time has passed; own ones once they are
  // delivered to each recipient in the roster.
  Result<void> retain();
  // Each with the one before it in its precedence; `newest` is what is unacknowledged before them.
  static std::vector<Outbound> in_order(std::vector<Unacknowledged> notices,
                                        NewestStamps newest = {});
  [[nodiscard]] LocalContext local_context() const;

  EngineConfig config_;
  std::unique_ptr<NodeStore> store_;
  std::unique_ptr<crypto::Signer> signer_;
  exchange::Opener opener_;
  Arrival arrival_;  // That is being taken; the next one uses its memory.
  RandomSource random_;
  std::unique_ptr<crypto::Signer> witness_;  // Null where the node is none.
  exchange::ScrubPace pace_;
  exchange::RootCache cache_;
  exchange::LogFollower follower_;
  DirectoryHistory history_;
  Link link_;
  LocalApi local_api_;
  DiskGauge disk_;
  std::optional<Error> alarm_;
  std::optional<Error> foreign_;    // An alarm for as long as the hub's log is not ours.
  std::optional<v1::Round> round_;  // To be answered …
  std::optional<v1::RoundResult> round_result_;  // … and taken, once the log is followed so far.
  std::optional<CosignedNote> cosigned_;         // The newest that was taken.
  SteadyTime greet_for_heads_at_{};              // No sooner.
  std::optional<Error> witness_fault_;
  std::map<std::string, Pair> pairs_;    // By peer.
  bool statements_wait_ = true;          // Some may, to be compared.
  std::map<Hash, Consulted> consulted_;  // By opening: those that wait for this node's tally.
  SteadyTime asked_how_far_at_{};
  std::set<std::string> entries_;  // Handed in at the hub, by notice id, and not answered.
  std::vector<EntryOutcome> entry_outcomes_;
  std::vector<Overdue> overdue_;
  std::set<std::string> left_;  // Peers that are in the roster no more.
  SteadyTime written_at_{};     // The last turn that wrote something.
  bool recording_ = false;
  SteadyTime recorded_at_{};                    // When records were made last.
  SteadyTime overdue_at_{};                     // To be looked for then.
  std::uint64_t cosigned_behind_since_ms_ = 0;  // The log has grown, and this is cosigned of it.
  std::uint64_t cosigned_behind_size_ = 0;
  std::uint64_t welcomed_since_ms_ = 0;  // The first time of this run.
  std::string last_fault_;
  std::set<std::uint64_t> waits_for_hub_;
  std::set<std::uint64_t> handed_in_;  // Restored at the hub, over this connection.
  log::Limiter refusals_;

  Now now_;  // Of the call that is under way.
  std::uint64_t created_at_us_;
  bool outbox_changed_ = true;  // Something may be waiting to be signed.
  // By MINIMIZE nothing below this goes.
  v1::Precedence lowest_ = v1::PRECEDENCE_UNSPECIFIED;
  Signs signs_ = Signs::kAll;
  bool in_step_ = false;  // Followed to where the hub was at its welcome.
  News news_;             // What waiting applications may want to know.
  SteadyTime sign_not_before_{};
  std::chrono::milliseconds restamp_delay_;  // Doubles until something is logged.
  struct Awaited {  // Stamped after those before it in the list, and no later than this.
    SteadyTime since;
    std::uint64_t through_us = 0;
  };
  // By notice id: of what was signed and not answered as much as there is room for.
  std::unordered_map<std::string, Sent> sent_;
  std::deque<Awaited> awaited_;         // What the hub may be silent about; a second or more each.
  std::optional<SteadyTime> retry_at_;  // What the hub refused for now.
  std::optional<SteadyTime> aside_until_ = SteadyTime{};  // What was set aside, if anything.
  SteadyTime ping_at_{};
  std::uint64_t pings_unanswered_ = 0;
  Uplink uplink_;
  exchange::Urgency urgency_;
  // While what is unanswered is sent again: of the patient, up to the one that was stamped then.
  std::optional<std::uint64_t> resent_through_us_;
  exchange::RetentionPass retention_;
  exchange::PacedClock paced_;
  std::optional<SteadyTime> greet_again_at_;   // While no Welcome has come.
  std::chrono::milliseconds elsewhere_delay_;  // Doubles until a Welcome comes.
};

}  // namespace chancery::node
