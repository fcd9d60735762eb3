// The sequencer: what enters the log, at which index, under which directory.
//
// Pure: it asks what it must know of the store and decides. The loop that owns it does, in this
// order and no other:
//
//   1. offer()        for each envelope that arrived
//   2. begin()        takes a batch and says what to look up
//   3. decide()       with the answers: outcomes, and the Commit to store, if there is one
//   4. store the Commit in one transaction with compare-and-swap on the head
//   5. committed()    only then does the state move, and only then may anything leave the process;
//                     or not_committed(), where it is known that nothing was written
//
// Where the outcome of a commit is unknown, the process stops and reloads: it never guesses.
// Protocol chapters 7 and 8. See docs/internals/broker.md.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/core/admission.h"
#include "broker/core/heads.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"

namespace chancery::broker {

// Notices in one batch of the log, and while something urgent passes.
inline constexpr std::size_t kSequencedCountMax = 512;
inline constexpr std::size_t kSequencedCountUrgent = 32;

// The newest created_at of a signing key within a precedence.
struct KeyClock {
  Hash key_id{};
  std::uint32_t precedence = 0;
  std::uint64_t created_at_us = 0;
};

// What a store holds about the log, as the hub starts from it.
struct HubState {
  explicit HubState(const Hash& genesis) : directory(genesis) {}

  ledger::CompactTree tree;
  exchange::Directory directory;
  std::uint64_t accepted_at_ms = 0;
  std::vector<KeyClock> clocks;
  std::optional<CosignedHead> cosigned;        // The newest head at quorum.
  std::vector<WitnessChange> witness_changes;  // All that there were, in log order.
  std::string contradiction;  // A head that the hub signed and its log lacks; empty where none is.
};

struct NewEntry {
  std::uint64_t index = 0;
  exchange::Envelope envelope;
  ledger::Leaf leaf;
};

// One transaction: all of it or nothing.
struct Commit {
  std::uint64_t size_before = 0;
  Hash root_before{};
  std::uint64_t size_after = 0;
  Hash root_after{};
  std::string edge_after;  // CompactTree::edge_bytes()
  ledger::LeafType type = ledger::LeafType::kNotice;
  std::uint64_t accepted_at_ms = 0;
  Hash directory{};
  std::vector<NewEntry> entries;
  std::vector<KeyClock> clocks;
  // By this entry the log goes on where it stands, whatever it had beyond: what contradicted it
  // until now does so no more.
  bool continues = false;

  [[nodiscard]] std::string checkpoint_body(std::string_view origin_line) const;
};

struct Questions {
  struct Id {
    std::string origin;
    std::string notice_id;
  };
  std::vector<Id> ids;                    // Was anything logged under these, and which N?
  std::vector<std::uint64_t> head_sizes;  // What was the root at these sizes, if the log had them?
};

struct KnownNotice {
  Hash notice{};
  std::uint64_t index = 0;
};

struct Answers {
  std::vector<std::optional<KnownNotice>> known;  // One for each of Questions::ids.
  std::map<std::uint64_t, Hash> heads;            // The sizes that were heads.
};

// Two drafts under one notice id: the second, good but for that, is kept as proof against its
// origin.
struct Conflict {
  exchange::Envelope envelope;
  std::uint64_t index_first = 0;  // Of the entry that stands.
};

// What became of a submission. Exactly one of index and error is set.
struct Outcome {
  PeerHandle peer = 0;
  std::string notice_id;
  std::optional<std::uint64_t> index;
  std::optional<Error> error;
  bool duplicate = false;  // The same draft was accepted before.
  bool waits = false;      // Speaks of an entry of this batch: not to be told before its commit.
  std::uint64_t retry_after_ms = 0;  // Where it is known better than by the error's code.
};

struct Decision {
  std::vector<Outcome> outcomes;
  std::vector<Conflict> conflicts;
  std::optional<Commit> commit;
};

class Sequencer {
 public:
  // `log_keys` are those that the hub can sign with: a roster that asks for another is refused.
  Sequencer(HubState state, AdmissionLimits limits, std::vector<crypto::PublicKey> log_keys);

  // Parses and queues. `member` is the authenticated sender; nothing for the hub's own admin
  // socket. kWrongOrigin where a notice names another member; directory entries may come from
  // anybody.
  // `previous_us` is created_at of the notice that has to be in the log before this one, or 0.
  [[nodiscard]] Result<void> offer(PeerHandle peer, std::optional<std::string_view> member,
                                   std::string_view envelope_bytes);

  [[nodiscard]] Result<void> offer(PeerHandle peer, std::optional<std::string_view> member,
                                   exchange::Envelope envelope, std::uint64_t previous_us = 0);

  [[nodiscard]] bool has_work() const { return !queue_.empty(); }
  [[nodiscard]] AdmissionQueue& queue() { return queue_; }
  [[nodiscard]] const AdmissionQueue& queue() const { return queue_; }

  [[nodiscard]] Questions begin(std::size_t count_max = kSequencedCountMax,
                                Takes takes = Takes::kAll);
  // `judged` is called, for whoever measures, once all were and the tree is next.
  [[nodiscard]] Decision decide(const Answers& answers, std::uint64_t now_ms,
                                const std::function<void()>& judged = {});
  void committed();
  // The decision becomes the refusal of all that it was about: they are handed in again.
  void not_committed(Decision& decision, const Error& why);
  // Envelopes that are done with, and one of them, or another, to parse the next into: what they
  // allocated serves again. A few hundred are kept, and of those only small ones.
  void spare(std::vector<NewEntry> entries);
  [[nodiscard]] exchange::Envelope spare_envelope();
  // Instead of decide(): the batch is refused as a whole.
  [[nodiscard]] Decision refuse(const Error& error);

  [[nodiscard]] const exchange::Directory& directory() const { return directory_; }
  [[nodiscard]] const ledger::CompactTree& tree() const { return tree_; }
  [[nodiscard]] std::uint64_t accepted_at_ms() const { return accepted_at_ms_; }
  // The newest created_at of any signing key: what the clocks of the members say.
  [[nodiscard]] std::uint64_t newest_created_at_ms() const;

 private:
  using ClockKey = std::pair<Hash, std::uint32_t>;

  Decision decide_directory(const Answers& answers, std::uint64_t accepted_at_ms);
  Decision decide_notices(const Answers& answers, std::uint64_t accepted_at_ms,
                          std::uint64_t now_ms, const std::function<void()>& judged);
  void answer_known(Decision& decision, Submission& submission, const KnownNotice& known);
  Result<void> judge(const Submission& submission, const Answers& answers, std::uint64_t now_ms,
                     const std::map<ClockKey, std::uint64_t>& clocks_new);
  Result<void> check_log_keys(const exchange::Directory& next) const;
  [[nodiscard]] std::optional<Hash> head_at(std::uint64_t size, const Answers& answers) const;
  [[nodiscard]] Commit start_commit(ledger::LeafType type, std::uint64_t accepted_at_ms,
                                    const Hash& directory) const;
  void append(Commit& commit, ledger::CompactTree& tree, exchange::Envelope envelope) const;

  AdmissionQueue queue_;
  std::vector<crypto::PublicKey> log_keys_;
  ledger::CompactTree tree_;
  exchange::Directory directory_;
  std::uint64_t accepted_at_ms_;
  std::map<ClockKey, std::uint64_t> clocks_;
  exchange::RootCache cache_;

  std::vector<exchange::Envelope> spare_;
  std::vector<Submission> batch_;  // Between begin() and decide().
  // Between decide() and committed(): what the state will be. With 500 members a copy of directory
  // or clocks costs more than a small batch.
  struct Next {
    ledger::CompactTree tree;
    std::uint64_t accepted_at_ms = 0;
    std::optional<exchange::Directory> directory{};  // Where it changes.
    std::map<ClockKey, std::uint64_t> clocks{};      // Those that do.
  };
  std::optional<Next> next_;
};

}  // namespace chancery::broker
