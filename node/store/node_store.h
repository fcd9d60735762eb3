// What a node keeps: its outbox, its inbox, the log's leaves and all evidence, in one SQLite file.
//
//   exchange         genesis, member                                       one row
//   position         followed size, root, edge, accepted_at; cursors        one row
//   batch            first index -> size after, root, leaves (73 bytes each), checkpoint
//   directory_entry  index -> envelope
//   received         index -> envelope, verdict, code                       what was delivered, all
//   garbled          index -> bytes that were delivered there at first and are not what was logged
//   alarm            what the log was contradicted by: code, reason, the bytes that did
//   inbox            arrival -> what is shown, with the opened text
//   outbox           notice id -> draft, text, then the signed envelope, its index, its stage
//   undelivered      (urgent, index) -> who has not stated that it has what we sent there
//   erased           index -> when the body and the text there were erased
//   exchanged        index -> D, origin, recipients: what pairs count      not void, no statement
//   pair             (peer, end) -> how far it was counted, with both counts
//   statement        index -> what a peer stated: its size, text, verdict; early and unopened:
//                    (peer, index) -> the statement that says so first
//   acknowledged     (notice, member, level) -> by which entry people did, and when
//   cursor           (application, name) -> arrivals, of both lanes
//   handed           (application, cursor) -> up to which arrivals something was handed out
//   deferred         (application, cursor, arrival) -> what was given back: when due, how often
//   anchor           size -> edge                                          where a check may begin
//   quarantine       (part, index) -> code, reason, time                   what fails its hash
//   record           id -> of which arrival, or number in the outbox: kind, origin, status, time
//   record_words     id -> the words of subject and content, without endings (FTS5)
//   replaced         (notice, origin, status) -> that a later notice supersedes, or cancels it
//   recorded, unrecorded   which notices have no record yet
//   abandoned        branch -> where the log went on without what was followed, by which batch; and
//                    what witness and quorum had cosigned of it
//   abandoned_batch, abandoned_entry   (branch, index) -> batches and envelopes of that branch
//
// Writes belong between begin() and commit(), which is one durable transaction: whoever was told
// "stored" was told so after commit(). After an error of commit() the process stops and reloads;
// kDiskFull of any write says that nothing was written, and roll_back() and load() are enough.
// Nothing is deleted but bodies whose time has passed, rows of `deferred` that are done with, and
// records, which follow from the rest.
// What is read is hashed again. One owner, one thread.

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/completeness.h"
#include "core/exchange/damage.h"
#include "core/exchange/directory.h"
#include "core/exchange/lane.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/retention.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tiles.h"
#include "io/sqlite/backup.h"
#include "io/sqlite/store.h"
#include "node/core/intake.h"
#include "node/core/link.h"
#include "node/core/overdue.h"
#include "node/core/stamping.h"
#include "node/core/witness.h"

namespace chancery::node {

using sqlite::StoreUse;

inline constexpr std::uint32_t kNodeStoreApplicationId = 0x43484e64;  // "CHNd"
inline constexpr std::uint32_t kNodeStoreVersion = 15;

enum class OutboxStage : std::uint8_t { kQueued = 1, kSigned = 2, kLogged = 3, kRefused = 4 };

struct OutboxDraft {
  Waiting waiting;
  Hash notice{};   // N
  Hash request{};  // Of what the application asked for: tells a repetition from another notice.
  std::string application;
  std::uint64_t queued_at_ms = 0;
  std::vector<Hash> words_on{};  // Openings of consultations on which it is this member's word.
};

struct OutboxRow {
  std::string notice_id;
  Hash notice{};
  Hash request{};
  std::string draft;
  std::string text;  // As in Waiting: padded where sealed.
  bool sealed = true;
  OutboxStage stage = OutboxStage::kQueued;
  std::string envelope;  // From signed on.
  std::uint64_t index = 0;
  std::uint64_t accepted_at_ms = 0;
  std::uint64_t created_at_us = 0;
  std::uint64_t queued_at_ms = 0;
  std::uint32_t code = 0;
  std::string reason;
  std::uint64_t erased_at_ms = 0;  // When body and text were; 0 while they are there.
  bool was_aside = false;          // Now or once: others may have gone before it.
  bool aside = false;              // Now.
  std::uint64_t number = 0;        // In the order of the outbox.
  std::string application;
};

// Where a row of the outbox stands, as far as it is counted.
struct OutboxPlace {
  OutboxStage stage = OutboxStage::kQueued;
  bool aside = false;
  std::string application{};  // None: a statement of this node's.
  exchange::Lane lane = exchange::Lane::kPatient;
  std::size_t bytes = 0;  // Of draft and text.

  [[nodiscard]] OutboxPlace at(OutboxStage other) const {
    OutboxPlace place = *this;
    place.stage = other;
    return place;
  }
};

// What became of a notice of ours, without what it says.
struct OutboxStanding {
  std::string notice_id{};
  std::uint64_t number = 0;  // In the order of the outbox.
  Hash notice{};
  OutboxPlace place{};
  std::uint64_t index = 0;           // Where it is logged, …
  std::uint64_t accepted_at_ms = 0;  // … and when.
  std::string kind{};  // Empty where it was read from the file, which has it in the draft alone.
};

// The newest directory states, each from the index of the entry that made it.
using DirectoryHistory = std::vector<std::pair<std::uint64_t, exchange::Directory>>;
inline constexpr std::size_t kHistoryCountMax = 256;        // States …
inline constexpr std::size_t kHistoryKeyCountMax = 65'536;  // … and keys in all of them.
// Adds the newest, which is always kept, and lets the oldest go.
void remember(DirectoryHistory& history, std::uint64_t index, const exchange::Directory& directory);

struct NodeState {
  exchange::LogFollower follower;
  DirectoryHistory history;
  LinkPosition position;
  std::uint64_t created_at_us = 0;  // Newest of this node's signing key.
  std::optional<Error> alarm;       // The first that was kept, or that an arrival gave reason for.
  std::optional<CosignedNote> cosigned{};
};

struct Unacknowledged {
  std::string envelope;
  std::uint64_t created_at_us = 0;
  v1::Precedence precedence = v1::PRECEDENCE_ROUTINE;
};

inline constexpr std::uint64_t kAnyTime = std::numeric_limits<std::int64_t>::max();  // µs.
using NewestStamps = std::map<v1::Precedence, std::uint64_t>;  // created_at, in µs.

struct OutboxCounts {
  std::uint64_t queued = 0;
  std::uint64_t aside = 0;  // Of the queued: the hub finds them expired, and this node does not.
  std::uint64_t signed_count = 0;
  std::uint64_t logged = 0;
  std::uint64_t refused = 0;
  std::uint64_t undelivered = 0;   // Of the logged: not delivered to every recipient yet.
  std::uint64_t statements = 0;    // This node's own, logged: not among the above.
  std::uint64_t bytes = 0;         // Drafts and texts of the queued and the signed …
  std::uint64_t signed_bytes = 0;  // … and of the signed alone.
};

// What one application has in the outbox of a lane that is not logged.
struct OutboxShare {
  exchange::Lane lane = exchange::Lane::kPatient;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;  // Drafts and texts.
};

// The two counts that a node keeps of each pair: the one that it states, and the one that goes only
// as far as what the peer stated, to be compared with it.
enum class PairEnd : std::uint8_t { kOurs = 0, kTheirs = 1 };

enum class StatementVerdict : std::uint8_t {
  kWaits = 0,  // Until all that is below its size has come.
  kAgrees = 1,
  kContradicts = 2,
  kPassedOver = 3,  // A later one was compared.
};

// By which entry of the log a peer said something, and when the hub accepted that.
struct StatedBy {
  std::string peer;
  std::uint64_t index = 0;
  std::uint64_t accepted_at_ms = 0;
};

struct Acknowledged {
  std::uint32_t level = 0;  // v1::AcknowledgementLevel
  StatedBy by;
};

// Whether both ends of a pair count this arrival: no statement, and not void.
[[nodiscard]] bool is_exchanged(const Arrival& arrival);

struct IntakeCounts {
  std::uint64_t shown = 0;
  std::uint64_t void_count = 0;
  std::uint64_t unopenable = 0;
  std::uint64_t garbled = 0;
  std::uint64_t erased = 0;  // Notices whose bodies were.
};

class NodeStore {
 public:
  // kWrongGenesis where the file belongs to another exchange or member. For an audit `genesis` may
  // be the zero hash and `member` empty: then the file's own word is taken.
  [[nodiscard]] static Result<std::unique_ptr<NodeStore>> open(const std::string& path,
                                                               const Hash& genesis,
                                                               std::string_view member,
                                                               StoreUse use,
                                                               const sqlite::Medium& medium = {});
  NodeStore(const NodeStore&) = delete;
  NodeStore& operator=(const NodeStore&) = delete;
  NodeStore(NodeStore&&) = delete;
  NodeStore& operator=(NodeStore&&) = delete;
  ~NodeStore();

  [[nodiscard]] const Hash& genesis() const;
  [[nodiscard]] const std::string& member() const;
  [[nodiscard]] Result<NodeState> load();
  // After load(), and before anything is answered from it: what was read is durable from here on,
  // also where the node before was killed between a write and its sync.
  [[nodiscard]] Result<void> make_durable();
  // What commits left to be moved within the file, where that is much. An error means what one of
  // commit() does.
  [[nodiscard]] Result<void> write_back();
  // After make_durable(): what was written last is hashed again. The head is recomputed from the
  // newest kTailCount leaves and what they lie on: kStoreDamaged where it, or a batch's root, comes
  // out as another one. An envelope that does not hash to its leaf is named and does not stop the
  // start.
  [[nodiscard]] Result<std::vector<exchange::Damage>> check_tail();
  // Hashes records again that nobody asked for, where the last call ended: batches against their
  // roots, then what was received, the inbox and the outbox. At most `count_max`; the bytes that go
  // over `bytes_max` are the last.
  [[nodiscard]] Result<exchange::Scrubbed> scrub(std::size_t count_max, std::size_t bytes_max);
  // What reads, looks and check_tail() met since the last call.
  [[nodiscard]] std::vector<exchange::Damage> take_damages();
  // Names it for good, in the transaction that is open or, durably, in its own. False where it is
  // named already. A row of inbox or outbox that is named is not given by scans any more.
  [[nodiscard]] Result<bool> quarantine(const exchange::Damage& damage, std::uint64_t now_ms);
  [[nodiscard]] Result<std::vector<exchange::Damage>> quarantined();  // Oldest first.
  // The newest time that the clock of this machine has shown here, as far as can be told; 0 where
  // it cannot. The hub's times say nothing.
  [[nodiscard]] Result<std::uint64_t> clock_seen_ms();

  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> commit();
  [[nodiscard]] bool in_transaction() const;
  // After an error of a write: what was written since begin() is undone, and load() says what is
  // there.
  void roll_back();

  // What the log was contradicted by, with the bytes that did: kept for good, the first 16 of them.
  // load() gives the first.
  [[nodiscard]] Result<void> put_alarm(const Error& alarm, std::string_view evidence,
                                       std::uint64_t now_ms);

  // The log.
  [[nodiscard]] Result<void> put_batch(const exchange::FollowedBatch& batch,
                                       const exchange::LogFollower& after);
  // As it was at this size: kNotFound where no batch ended there.
  [[nodiscard]] Result<exchange::LogFollower> follower_at(std::uint64_t size);
  // The log goes on from `to`, which it had before, without what was followed since. All of that
  // stays as evidence, with `told_by`, the batch that says so. Of what stood on it: what this node
  // had signed or had logged is in the queue again, and its statements are not; what is shown stays
  // shown, as not logged, until it is logged again; what pairs counted is counted anew; the witness
  // and the head at quorum go back as well. load() gives the state after it.
  [[nodiscard]] Result<void> go_back(const exchange::LogFollower& to, std::string_view told_by,
                                     std::uint64_t now_ms);
  [[nodiscard]] Result<std::uint64_t> abandoned_count();  // Branches.
  // kNotFound beyond the log; one that does not parse is among the damages.
  [[nodiscard]] Result<ledger::Leaf> leaf(std::uint64_t index);
  // Nothing for either.
  [[nodiscard]] Result<std::optional<ledger::Leaf>> sound_leaf(std::uint64_t index);
  // The root at this size, where a batch of the log ended there.
  [[nodiscard]] Result<std::optional<Hash>> root_at(std::uint64_t size);
  // The bytes of a hash tile of the log as it was followed, for proofs. kStoreDamaged.
  [[nodiscard]] Result<std::string> tile(const ledger::Tile& tile);
  // What this node's witness cosigned last; size 0 before the first.
  [[nodiscard]] Result<WitnessState> witness_state();
  // In one step: kHeadMoved where the store does not have `last`.
  [[nodiscard]] Result<void> advance_witness(const WitnessState& last, const WitnessState& next);
  // The largest head in which a line by this witness key was seen that was not of this store's
  // making, so that the store is older than what the key signed; 0 where there was none.
  [[nodiscard]] Result<std::uint64_t> seen_line(const Hash& key_id);
  [[nodiscard]] Result<void> put_seen_line(const Hash& key_id, std::uint64_t size);
  [[nodiscard]] Result<void> forget_seen_line(const Hash& key_id);
  // What was seen before a store of version 8 was of this key.
  [[nodiscard]] Result<void> name_seen_line(const Hash& key_id);
  // kStoreDamaged where the log in this store is not what the witness cosigned.
  [[nodiscard]] Result<void> check_witness();
  // The newest head at quorum that the hub showed, as it was verified then.
  [[nodiscard]] Result<std::optional<CosignedNote>> cosigned();
  [[nodiscard]] Result<void> put_cosigned(const CosignedNote& head);
  // The directory that judges the entry at `index`, folded anew from the stored entries.
  [[nodiscard]] Result<exchange::Directory> directory_at(std::uint64_t index);
  // Envelopes of all directory entries below a size of the log, in its order.
  [[nodiscard]] Result<std::vector<std::string>> directory_entries(std::uint64_t size);
  // The note of the hub over the head at this size; kNotFound where no batch ends there.
  [[nodiscard]] Result<std::string> checkpoint_at(std::uint64_t size);

  // Deliveries. Gives the arrival number, where it is shown. Moves the cursor in the same
  // transaction. Of an index that was delivered before, in the other lane, only the cursor moves.
  [[nodiscard]] Result<std::optional<std::uint64_t>> put_arrival(const Arrival& delivered,
                                                                 const ledger::Leaf& leaf,
                                                                 std::uint64_t now_ms);

  // The first bytes at an index that are not what was logged there: kept aside, the cursor stays.
  // False where others were kept there before: then it is for put_arrival().
  [[nodiscard]] Result<bool> put_garbled(const Arrival& delivered, std::uint64_t now_ms);

  // Completeness: what was exchanged with each peer, counted by both ends. A size of the log at
  // which a batch ended, and not above this one.
  [[nodiscard]] Result<std::uint64_t> boundary_before(std::uint64_t size);
  [[nodiscard]] Result<std::vector<std::string>> pairs();  // Peers of which something was counted.
  [[nodiscard]] Result<exchange::PairCount> pair_count(std::string_view peer, PairEnd end);
  [[nodiscard]] Result<void> put_pair_count(std::string_view peer, PairEnd end,
                                            const exchange::PairCount& count);
  // Counts on to a size, of at most `count_max` entries; false where that was not enough.
  [[nodiscard]] Result<bool> count_on(exchange::PairCount& count, std::string_view peer,
                                      std::uint64_t size, std::size_t count_max);
  // Whether anything from an index on was exchanged with the peer.
  [[nodiscard]] Result<bool> has_exchanged(std::string_view peer, std::uint64_t from);
  // Urgent ones that came from the peer, from an index on; and those that could not be opened,
  // below a size. At most kStatementIndicesMax.
  [[nodiscard]] Result<std::vector<std::uint64_t>> early_of(std::string_view peer,
                                                            std::uint64_t from);
  [[nodiscard]] Result<std::vector<std::uint64_t>> unopenable_of(std::string_view peer,
                                                                 std::uint64_t size);
  // What a member sent to another below a size, in index order, as both count it: each index and D.
  [[nodiscard]] Result<void> each_exchanged(
      std::string_view origin, std::string_view recipient, std::uint64_t size,
      const std::function<void(std::uint64_t index, const Hash& d)>& take);
  // Our statement that was logged first after an index, to this peer and of a size above the index;
  // of the kStatementsSeenMax entries of ours that were logged next.
  static constexpr std::size_t kStatementsSeenMax = 4096;
  [[nodiscard]] Result<std::optional<std::uint64_t>> stated_to(std::string_view peer,
                                                               std::uint64_t index);
  // What a peer stated, to be compared; `text` is what the draft's text_digest covers.
  [[nodiscard]] Result<void> put_statement(const StatedBy& by, const v1::Statement& statement,
                                           std::string_view text, bool sealed);
  [[nodiscard]] Result<std::vector<std::string>> peers_with_statements();  // That wait.
  struct PeerStatement {
    std::uint64_t index = 0;
    std::string text;  // Without padding.
  };
  // Of those that wait and are of no larger size, the one of the largest.
  [[nodiscard]] Result<std::optional<PeerStatement>> waiting_statement(std::string_view peer,
                                                                       std::uint64_t size);
  // That one; those of the peer that are of no larger size do not wait any more.
  [[nodiscard]] Result<void> judge_statement(std::string_view peer, std::uint64_t index,
                                             std::uint64_t size, StatementVerdict verdict);
  // The peer's statement of the largest size that was compared, where it contradicts.
  [[nodiscard]] Result<std::optional<PeerStatement>> dispute(std::string_view peer);
  // To whom our notice at an index is not delivered yet: members.
  [[nodiscard]] Result<std::vector<std::string>> undelivered_to(std::uint64_t index);
  // What has waited since before a time, all of it of status actual (overdue.cpp). Of the
  // applications' notices those that are not logged, since they were queued; not what waits aside,
  // nor what MINIMIZE holds back below `lowest`.
  [[nodiscard]] Result<std::vector<Late>> late_unlogged(const LateQuery& query,
                                                        v1::Precedence lowest);
  // Those that the member asked for has not stated to have, since they were accepted.
  [[nodiscard]] Result<std::vector<Late>> late_undelivered(const LateQuery& query);
  // Those that people of recipients for action have not acknowledged or answered: own ones since
  // they were accepted, and others since they were shown here; not what has expired.
  [[nodiscard]] Result<std::vector<Late>> late_unacknowledged(bool own, const LateQuery& query,
                                                              std::uint64_t now_ms);
  // A member acknowledged or answered a notice, by its N; or its origin replaced it.
  [[nodiscard]] Result<void> end_owed_by(std::string_view member, std::string_view notice);
  // Whether it is a notice of ours whose status is actual.
  [[nodiscard]] Result<bool> raises_alarms(std::string_view notice);
  // A member left: it owes nothing of this member's.
  [[nodiscard]] Result<void> end_owed_by(std::string_view member);
  [[nodiscard]] Result<void> end_owed_of(std::string_view origin, std::string_view notice);
  // The first statement by which a peer has our notice at an index, and does not say that it cannot
  // open it.
  [[nodiscard]] Result<std::optional<StatedBy>> delivered(std::string_view peer,
                                                          std::uint64_t index);
  [[nodiscard]] Result<void> put_acknowledged(const StatedBy& by, std::string_view notice,
                                              std::uint32_t level);
  // Each level once, by its first acknowledgement; the lowest first.
  [[nodiscard]] Result<std::vector<Acknowledged>> acknowledged(const Hash& notice,
                                                               std::string_view member);

  // Threads. An entry of the log is about each notice that it refers to; an opening of a
  // consultation about itself as well.
  [[nodiscard]] Result<void> put_about(const Hash& notice, std::uint64_t index);
  // About all that the text of an envelope refers to; it is padded where that is sealed. What
  // cannot be read refers to nothing. Its origin owes no acknowledgement any more of what it refers
  // to, and nobody one of what it replaces.
  [[nodiscard]] Result<void> put_references_of(std::uint64_t index, std::string_view text,
                                               const exchange::Envelope& envelope);
  // The first so many, in the order of the log.
  [[nodiscard]] Result<std::vector<std::uint64_t>> about(const Hash& notice,
                                                         std::size_t count_max = kAnyTime);
  [[nodiscard]] Result<std::vector<Hash>> referred_to(std::uint64_t index);
  // Nothing where the notice is not here, or not logged.
  [[nodiscard]] Result<std::optional<std::uint64_t>> index_of(const Hash& notice);

  // Consultations.
  //
  // Openings of N or a prefix of it; of no bytes the newest. At most `count_max`, newest first.
  [[nodiscard]] Result<std::vector<Hash>> openings(std::string_view prefix, std::size_t count_max);
  // An opening that is held.
  struct Consulted {
    Hash opening{};
    std::uint64_t index = 0;
    std::uint64_t held_since_ms = 0;  // By this machine's clock.
  };
  [[nodiscard]] Result<void> put_consulted(const Consulted& consulted);
  [[nodiscard]] Result<std::vector<Consulted>> not_tallied();
  [[nodiscard]] Result<void> mark_tallied(const Hash& opening);
  // What this member's applications said about an opening, and has not been refused; newest first.
  struct OwnWord {
    Hash n{};
    std::uint64_t queued_at_ms = 0;
    std::optional<std::uint64_t> index{};  // Where it is logged.
  };
  [[nodiscard]] Result<std::vector<OwnWord>> own_words(const Hash& opening);
  // Whether an opening of this N is logged.
  [[nodiscard]] Result<bool> opens_consultation(std::string_view notice);
  // The origin of a notice of this N that is shown here; nothing of one's own.
  [[nodiscard]] Result<std::optional<std::string>> received_from(std::string_view notice);
  // The index of the newest directory entry below a size; nothing where there is none.
  [[nodiscard]] Result<std::optional<std::uint64_t>> directory_entry_below(std::uint64_t size);

  // Records, by which notices are found: find.cpp.
  // Makes those of at most so many notices that have none yet, of the inbox and own ones that are
  // logged; the one that goes over the bytes of texts is the last.
  [[nodiscard]] Result<void> record(std::size_t count_max, std::size_t bytes_max);
  [[nodiscard]] Result<bool> has_unrecorded();
  // A portion of what deleted words leave behind; nothing to do where none were deleted.
  [[nodiscard]] Result<void> sweep_words();
  [[nodiscard]] Result<bool> has_unswept();
  // kUsage where what is asked for is no question.
  [[nodiscard]] Result<v1::FindReply> find(const v1::FindRequest& request);

  // The outbox. What is put there has been read strictly.
  [[nodiscard]] Result<void> put_draft(const OutboxDraft& draft);
  [[nodiscard]] Result<std::optional<OutboxRow>> find_outbox(std::string_view notice_id);
  [[nodiscard]] Result<std::optional<OutboxStanding>> outbox_standing(std::string_view notice_id);
  // Its draft is not hashed again: for what is judged by notice, stage and envelope.
  [[nodiscard]] Result<std::optional<OutboxRow>> outbox_as_it_is(std::string_view notice_id);
  // Urgent first; the one that goes over `bytes_max` is the last. Below `lowest` only what MINIMIZE
  // does not hold back.
  [[nodiscard]] Result<std::vector<Waiting>> waiting(
      std::size_t count_max, std::size_t bytes_max,
      v1::Precedence lowest = v1::PRECEDENCE_UNSPECIFIED);
  // The urgent alone, which MINIMIZE never holds back.
  [[nodiscard]] Result<std::vector<Waiting>> waiting_urgent(std::size_t count_max,
                                                            std::size_t bytes_max);
  // By number, after this one, in whatever stage; the one that goes over `bytes_max` is the last.
  [[nodiscard]] Result<std::vector<OutboxRow>> scan_outbox(std::uint64_t after,
                                                           std::size_t count_max,
                                                           std::size_t bytes_max);
  [[nodiscard]] Result<void> put_signed(const Stamped& stamped, std::string_view envelope);
  // Signed and not yet answered, in the order of signing: of a lane, those that were stamped after
  // a time. The one that goes over `bytes_max` is the last.
  struct UnacknowledgedScan {
    exchange::Lane lane = exchange::Lane::kPatient;
    std::uint64_t after_us = 0;
    std::size_t bytes_max = 0;
  };
  [[nodiscard]] Result<std::vector<Unacknowledged>> unacknowledged(const UnacknowledgedScan& scan);
  // Of the drafts and texts of the urgent ones, and of those that were stamped no later.
  [[nodiscard]] Result<std::uint64_t> unacknowledged_bytes(std::uint64_t through_us);
  // Its created_at.
  [[nodiscard]] Result<std::optional<std::uint64_t>> oldest_unacknowledged();
  // The newest created_at in each precedence, of those that were stamped no later.
  [[nodiscard]] Result<NewestStamps> newest_unacknowledged(std::uint64_t through_us = kAnyTime);
  // What this node's signing key stamps next comes after it.
  void raise_clock(std::uint64_t created_at_us);
  // A row as it stands now, and its draft, or one of its form. The first acceptance stands: of two
  // indices the lower one.
  [[nodiscard]] Result<void> mark_logged(const OutboxStanding& row, const v1::Draft& draft,
                                         std::uint64_t index, std::uint64_t accepted_at_ms);

  // At most `count_max` notices that were received, from index `from` on, whose bodies were not
  // erased; not those that are evidence.
  [[nodiscard]] Result<std::vector<exchange::Kept>> kept(std::uint64_t from, std::size_t count_max);
  // Erases their bodies and texts, wherever they stand, and records it. Those that do not hash to
  // their leaves are left as they are, and come back.
  [[nodiscard]] Result<std::vector<std::uint64_t>> erase_bodies(
      std::span<const std::uint64_t> indices, std::uint64_t now_ms);
  [[nodiscard]] Result<void> mark_refused(std::string_view notice_id, const Error& error);
  // It is refused for now, and stays signed: so that people see why.
  [[nodiscard]] Result<void> note_refusal(std::string_view notice_id, const Error& why);
  // What was refused, or waits aside, is in the queue again as if it came now.
  [[nodiscard]] Result<void> mark_wanted(std::string_view notice_id);
  // Back to the queue, to be stamped again, with all that were signed after it in its precedence:
  // they must not overtake it. The reason stays visible.
  [[nodiscard]] Result<void> mark_queued(std::string_view notice_id, const Error& why);
  // The same, and it waits by itself until end_aside(): the others go before it.
  [[nodiscard]] Result<void> mark_aside(std::string_view notice_id, const Error& why);
  [[nodiscard]] Result<void> end_aside();  // All that were.
  // Counted at each write: one row, whatever there is.
  [[nodiscard]] Result<OutboxCounts> outbox_counts();
  [[nodiscard]] Result<OutboxShare> outbox_share(std::string_view application, exchange::Lane lane);
  [[nodiscard]] Result<OutboxShare> largest_outbox_share();  // By bytes, of all.
  [[nodiscard]] Result<IntakeCounts> intake_counts();

  // A cursor of an application, whether it ever moved or not.
  struct CursorKey {
    std::string application;
    std::string name;
    auto operator<=>(const CursorKey&) const = default;
  };
  // The inbox, by arrival: first what a filter asks for, then whole notices one by one, so that a
  // scan neither reads nor holds the texts of what it passes over.
  struct InboxHead {
    std::uint64_t arrival = 0;
    std::uint64_t accepted_at_ms = 0;
    v1::Draft draft;
  };
  struct InboxScan {
    std::uint64_t after = 0;                   // Arrivals above this …
    std::optional<std::uint64_t> before = {};  // … and below this, then newest first.
    std::size_t count_max = 0;
    std::optional<exchange::Lane> lane = {};  // Only of this one; oldest first.
    const CursorKey* along = nullptr;         // With a lane: not what was given back along it.
  };
  [[nodiscard]] Result<std::vector<InboxHead>> scan_inbox(const InboxScan& scan);
  [[nodiscard]] Result<v1::InboxItem> inbox_item(std::uint64_t arrival);  // kNotFound.
  [[nodiscard]] Result<std::uint64_t> newest_arrival();
  // By N or a prefix of it, by notice id, or by index. More than one match is kUsage.
  [[nodiscard]] Result<std::optional<v1::InboxItem>> find_notice(const v1::ShowRequest& request);
  [[nodiscard]] Result<std::optional<OutboxRow>> find_own(const v1::ShowRequest& request);
  [[nodiscard]] Result<std::string> received_envelope(std::uint64_t index);
  // The envelope that was logged at `index`, wherever this store has it: received, as a directory
  // entry or in the outbox. Nothing where it has not, or not whole.
  [[nodiscard]] Result<std::optional<std::string>> held_envelope(std::uint64_t index);
  // What the text_digest of the notice at `index` covers, where this store has it. Not checked.
  [[nodiscard]] Result<std::optional<std::string>> held_plaintext(std::uint64_t index);

  // Up to which arrival of each lane an application is done.
  [[nodiscard]] Result<exchange::PerLane<std::uint64_t>> cursor(std::string_view application,
                                                                std::string_view name);
  [[nodiscard]] Result<void> put_cursor(std::string_view application, std::string_view name,
                                        const exchange::PerLane<std::uint64_t>& arrivals);
  // The same, also backwards.
  [[nodiscard]] Result<void> reset_cursor(std::string_view application, std::string_view name,
                                          const exchange::PerLane<std::uint64_t>& arrivals);
  struct NamedCursor {
    std::string name;
    exchange::PerLane<std::uint64_t> arrivals;
  };
  [[nodiscard]] Result<std::vector<NamedCursor>> cursors(std::string_view application);  // By name.

  // Up to which arrival of each lane something may have been handed out along it.
  struct Handed {
    exchange::PerLane<std::uint64_t> arrivals;  // Stored, or remembered only.
    bool stored = false;                        // All of that is.
    bool has_row = false;
  };
  [[nodiscard]] Result<Handed> handed(const CursorKey& cursor);
  [[nodiscard]] Result<void> put_handed(const CursorKey& cursor,
                                        const exchange::PerLane<std::uint64_t>& arrivals);
  // In memory, where the disk takes nothing. Of more than 1,024 cursors it is remembered together.
  void remember_handed(const CursorKey& cursor, const exchange::PerLane<std::uint64_t>& arrivals);
  // With the transaction that is open; it is forgotten once that is committed. An application has
  // so many rows at most: of what has none everything may have been handed out.
  [[nodiscard]] Result<void> put_remembered(std::uint64_t count_max);
  [[nodiscard]] Result<std::uint64_t> handed_count(std::string_view application);  // Cursors.

  // What was given back along a cursor.
  struct Deferral {
    std::uint64_t arrival = 0;
    exchange::Lane lane = exchange::Lane::kPatient;
    std::uint64_t attempts = 0;         // So often was it given back, …
    std::uint64_t attempts_before = 0;  // … and so often before it was last redriven.
    std::uint64_t due_at_ms = 0;
    std::uint64_t quarantined_at_ms = 0;  // 0: it comes again when it is due.
    std::string reason = {};
  };
  [[nodiscard]] Result<std::optional<Deferral>> deferral(const CursorKey& cursor,
                                                         std::uint64_t arrival);
  [[nodiscard]] Result<void> put_deferral(const CursorKey& cursor, const Deferral& deferral);
  // Done with, unless it was given back again since it had that many attempts.
  [[nodiscard]] Result<void> end_deferral(const CursorKey& cursor, std::uint64_t arrival,
                                          std::uint64_t attempts);
  // All that are quarantined along it are due now. Gives how many.
  [[nodiscard]] Result<std::uint64_t> redrive_all(const CursorKey& cursor, std::uint64_t now_ms);
  // By arrival, after this one; quarantined or not. Not those whose record is damaged.
  [[nodiscard]] Result<std::vector<Deferral>> scan_deferred(const CursorKey& cursor,
                                                            std::uint64_t after,
                                                            std::size_t count_max);
  struct DueHead {
    InboxHead head;
    std::uint64_t attempts = 0;
    std::uint64_t due_at_ms = 0;
  };
  struct DueScan {
    exchange::Lane lane = exchange::Lane::kPatient;
    std::uint64_t from_ms = 0;  // Due at this time, with a higher arrival than this, or later …
    std::uint64_t after_arrival = 0;
    std::uint64_t until_ms = 0;  // … and at this time or before.
    std::size_t count_max = 0;
  };
  // By due time, then by arrival; not those that are quarantined.
  [[nodiscard]] Result<std::vector<DueHead>> scan_due(const CursorKey& cursor, const DueScan& scan);
  // The first due time after this one; nothing where there is none.
  [[nodiscard]] Result<std::optional<std::uint64_t>> next_due_ms(const CursorKey& cursor,
                                                                 std::uint64_t after_ms);
  struct DeferredCounts {
    std::uint64_t waiting = 0;
    std::uint64_t quarantined = 0;
    std::uint64_t most_of_one = 0;  // Both, of the application that has the most.
  };
  [[nodiscard]] Result<DeferredCounts> deferred_counts();
  [[nodiscard]] Result<std::uint64_t> deferred_count(std::string_view application);  // Both.

  // For an auditor of a store that nobody runs: what a start relies on (load()), what is counted,
  // and the file's own order, down to its indexes. Reads all of it. kStoreDamaged.
  [[nodiscard]] Result<void> check();
  // The beginning of a copy of the store, to be stepped while no transaction is open.
  [[nodiscard]] Result<sqlite::Backup> begin_backup(const std::string& path);
  // For an auditor: the bytes as they are stored, not checked here. A page that was looked at may
  // come back as `used`, so that its memory serves again.
  [[nodiscard]] Result<v1::AuditPageReply> audit_page(std::uint64_t from_index,
                                                      std::size_t bytes_max,
                                                      v1::AuditPageReply used = {});
  // The same without entries, and of the last page the checkpoint at quorum alone.
  [[nodiscard]] Result<v1::AuditPageReply> audit_leaves(std::uint64_t from_index,
                                                        std::size_t bytes_max);

 private:
  [[nodiscard]] Result<v1::AuditPageReply> audit_batches(std::uint64_t from_index,
                                                         std::size_t bytes_max, bool entries,
                                                         v1::AuditPageReply used);
  struct Shown {
    bool other = false;  // Another draft of its id is logged and shown.
    std::optional<std::uint64_t> arrival;
  };
  [[nodiscard]] Result<Shown> shown_of_id(const exchange::Envelope& envelope);
  [[nodiscard]] Result<std::optional<Error>> first_alarm();

  struct Impl;
  explicit NodeStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace chancery::node
