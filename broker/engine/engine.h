// The hub without its sockets and its clock: the pure Hub, its store and its log keys, in the one
// order that keeps its promises.
//
// A turn is: receive() for each frame that came in, sequence() (commit, then sign, then answers),
// serve_reads(), and then take_outgoing() is sent. Nothing is in take_outgoing() before the commit
// that it speaks of has returned. An error of start(), found(), sequence() or flush() means that
// what is in memory no longer follows from the store: drop the engine and start anew from it. A
// full disk is none: nothing was written then, what was to be is refused, and the rest goes on. The
// daemon (broker/server.h) and the simulation (sim/) run the same engine. One thread.
// See docs/internals/broker.md.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/hub.h"
#include "broker/core/rounds.h"
#include "broker/engine/stages.h"
#include "broker/store/hub_store.h"
#include "chancery/v1/directory.pb.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/crypto/signer.h"
#include "core/exchange/scrub_pace.h"
#include "core/ledger/note.h"
#include "io/log/limiter.h"

namespace chancery::broker {

// One for log_key, and one for log_key_next where there is one.
using LogSigners = std::vector<std::unique_ptr<crypto::Signer>>;
[[nodiscard]] std::vector<crypto::PublicKey> public_keys(const LogSigners& signers);

struct EngineConfig {
  std::string program;  // Name and version, for people.
  AdmissionLimits admission;
  WindowLimits window;
  exchange::PaceLimits pace{};
  QuotaLimits quota{};
  StageClock::Clocks clocks{};
};

struct EngineCounters {
  std::uint64_t accepted_count = 0;
  std::uint64_t refused_count = 0;
  std::uint64_t duplicate_count = 0;
  std::uint64_t commit_count = 0;
  std::uint64_t damaged_read_count = 0;  // Stored records that no longer match their hash.
  std::uint64_t restored_count = 0;      // … and that nodes gave back whole.
};

// As long a signed checkpoint waits for a commit to be stored with, and then for a quiet turn. It
// can be made again.
inline constexpr std::chrono::milliseconds kKeptFor{100};

// What a batch came to.
struct Sequenced {
  std::vector<Outcome> outcomes;
  bool directory_changed = false;  // Who may connect is another set now.
};

class Engine {
 public:
  // Loads the store and looks at its newest records again. Next come found(), where the log lacks
  // founding entries, and sign_missing_checkpoints().
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(const EngineConfig& config,
                                                             std::unique_ptr<HubStore> store,
                                                             LogSigners log_signers);

  // A log begins with the roster and the enrolments, a batch each; one that a crash cut short is
  // completed. `founding` has no fewer entries than the log. The errors name the entry of
  // `file_name`.
  [[nodiscard]] Result<void> found(const v1::FoundingFile& founding, const std::string& file_name,
                                   std::uint64_t now_ms);
  // A directory entry at once, by this machine's hands, whatever else is admitted: before anybody
  // is served, or where nobody is. Durable with flush().
  [[nodiscard]] Result<void> enter(std::string_view envelope, std::uint64_t now_ms);
  // The checkpoints of batches that were committed just before the last stop.
  [[nodiscard]] Result<void> sign_missing_checkpoints();

  // Before each turn, by a clock that never jumps: what the store's disk has room for.
  void disk_has(std::uint64_t free_bytes, DiskGauge::Time now);
  void set_disk_marks(const DiskMarks& marks) { hub_.sequencer().queue().disk().set_marks(marks); }
  [[nodiscard]] const DiskGauge& disk() const { return hub_.sequencer().queue().disk(); }

  // As Hub::receive().
  [[nodiscard]] Result<void> receive(PeerHandle peer, const Hash& transport_key_id,
                                     std::string_view frame);
  // A line of the log where nothing is admitted, and why.
  void tell_admission() const;
  // How long after the first turn a quorum had met the hub and it could admit something; nothing
  // before.
  [[nodiscard]] std::optional<std::chrono::milliseconds> quorum_after() const {
    return quorum_after_;
  }
  // A batch of what waits, if anything does. Where a node has shown that this log is not the one
  // that the hub signed, or no quorum has met the hub since its start, all of it is refused.
  [[nodiscard]] Result<Sequenced> sequence(std::uint64_t now_ms);
  // Pages of feeds and of the log, within credits and what the links drain, to the peers that have
  // room. What is damaged is logged and not served. `send` is to send what take_outgoing() has: it
  // is called whenever that is much.
  void serve_reads(const HasRoom& has_room = {}, const std::function<void()>& send = {});
  // The rounds in which witnesses cosign the log, a step further (broker/core/rounds.h).
  [[nodiscard]] Result<void> run_rounds(SteadyTime now);
  [[nodiscard]] const Rounds& rounds() const { return rounds_; }
  // A step of the pass that erases the bodies whose time has passed; where work waits, one a
  // second. A body stays until each recipient in the roster has said, since this start, that it has
  // stored it.
  [[nodiscard]] Result<void> retain(bool idle, SteadyTime now, std::uint64_t now_ms);
  // Names what was met that fails its hash, tells the nodes that may hold it, and puts in its place
  // what they hand in; looks at some more records that nobody asked for. At the end
  // of each turn.
  [[nodiscard]] Result<void> look_again(bool idle, SteadyTime now, std::uint64_t now_ms);
  [[nodiscard]] std::uint64_t scrub_pass_count() const { return pace_.pass_count(); }
  // Makes durable what may wait for the next commit: for the end.
  [[nodiscard]] Result<void> flush();
  // The same for quiet moments, once something has waited for kKeptFor: a commit that comes sooner
  // takes it along.
  [[nodiscard]] Result<void> flush_when_due();
  // Whether something waits: for whoever plans the turns of a simulation.
  [[nodiscard]] bool keeps() const { return kept_since_.has_value(); }

  [[nodiscard]] std::vector<Outgoing> take_outgoing();

  [[nodiscard]] Hub& hub() { return hub_; }
  [[nodiscard]] const Hub& hub() const { return hub_; }
  [[nodiscard]] HubStore& store() const { return *store_; }
  [[nodiscard]] const EngineCounters& counters() const { return counters_; }
  // What it does in its calls is in there; its owner enters what else a turn does.
  [[nodiscard]] StageClock& stages() { return stages_; }
  [[nodiscard]] const StageClock& stages() const { return stages_; }
  [[nodiscard]] std::vector<crypto::PublicKey> log_keys() const {
    return public_keys(log_signers_);
  }

 private:
  Engine(const EngineConfig& config, std::unique_ptr<HubStore> store, HubState state,
         LogSigners log_signers);

  // A proof that holds.
  struct Proven {
    std::uint64_t old_size = 0;
    std::uint64_t size = 0;
    std::vector<Hash> proof;
  };

  // What was signed for the head of now.
  void log_is(const std::string& note);
  Result<std::vector<Hash>> proof_of(const ProofRead& read);
  Result<Decision> decide(std::uint64_t now_ms);
  Result<void> restore(std::uint64_t now_ms);
  // Whether something is new.
  Result<bool> name_damages(std::uint64_t now_ms);
  Result<void> tell_damaged(bool is_new, SteadyTime now);
  Result<void> check_heads();
  Result<void> keep_contradiction(std::uint64_t now_ms);
  // By each log key of the roster that this hub holds; the newest has to be one of them.
  Result<std::string> sign_checkpoint(std::uint64_t size, const Hash& root);
  [[nodiscard]] crypto::Signer* signer_of(const ledger::NoteKey& key) const;
  Result<void> keep_conflicts(Decision& decision, std::uint64_t now_ms);
  Result<void> commit(Decision& decision);
  // Whether it was written; false where it is known that the disk had no room for it.
  Result<bool> had_room(const Result<void>& written);
  Result<void> write_back();
  Result<bool> write_kept();  // False where there is no room.
  Result<void> tell_heads();
  void count(const std::vector<Outcome>& outcomes);
  // Of the quorum at the start, when it is there.
  void note_quorum();

  std::unique_ptr<HubStore> store_;
  LogSigners log_signers_;
  Rounds rounds_;
  std::vector<CosignedHead> untold_;  // In the order they came; the last may change nothing.
  std::optional<Proven> proven_;      // Most witnesses of a round go on from one size.
  Hub hub_;
  EngineCounters counters_;
  StageClock stages_;
  bool contradiction_is_new_ = false;  // Not written down yet.
  exchange::RetentionPass retention_;
  SteadyTime retain_busy_at_{};
  exchange::PacedClock paced_;
  exchange::ScrubPace pace_;
  std::optional<SteadyTime> tell_damaged_at_ = SteadyTime{};  // While there is something to tell.
  DiskGauge::Time now_{};                                     // Of the turn.
  std::optional<DiskGauge::Time> kept_since_;                 // Of what waits for the next commit.
  std::optional<DiskGauge::Time> first_turn_;
  std::optional<std::chrono::milliseconds> quorum_after_;
  log::Limiter refusals_;
};

}  // namespace chancery::broker
