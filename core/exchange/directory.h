// The directory: a pure fold over the directory entries of the log.
//
// The state says who the members are, which keys speak for them and what they may do. Its root
//
//   RFC 6962 root over the Ds of the current entries: roster first, then slots in byte order
//
// stands in every leaf, so whoever follows the log folds to the same state or stops. An entry that
// breaks a rule is void and changes nothing. Rights come from the signatures on an entry, never
// from who sends it. Protocol chapter 6 (C-60 to C-79).

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/draft_form.h"
#include "core/exchange/envelope.h"
#include "core/ledger/note.h"

namespace chancery::exchange {

struct SealingKeyInfo {
  crypto::PublicKey key;
  v1::SealingKeyState state = v1::SEALING_KEY_STATE_UNSPECIFIED;
};

struct NodeInfo {
  std::string member;
  crypto::PublicKey signing_key;
  bool voice = false;
  std::optional<crypto::PublicKey> witness_key;
  crypto::PublicKey transport_key;
  std::vector<SealingKeyInfo> sealing_keys;

  [[nodiscard]] const crypto::PublicKey* current_sealing_key() const;
};

struct PersonInfo {
  std::string member;
  std::string name;
  crypto::PublicKey release_key;
};

// Where the log went on after what it had beyond was lost, by a roster that says so (C-152).
struct Continuation {
  std::uint64_t size = 0;
  Hash root{};
  Hash roster{};  // Its D.
};

class Directory {
 public:
  // The empty directory of the exchange with this genesis: only its first roster fits.
  explicit Directory(const Hash& genesis) : genesis_(genesis) {}

  // Judges the entry by the state so far and, if it is good, makes it part of the state. On error
  // nothing has changed.
  [[nodiscard]] Result<void> apply(const Envelope& envelope, RootCache& cache);

  [[nodiscard]] const Hash& genesis() const { return genesis_; }
  [[nodiscard]] bool founded() const { return roster_slot_.has_value(); }
  [[nodiscard]] const Hash& root() const;
  // How much of it there is, for who keeps several states.
  [[nodiscard]] std::size_t key_count() const { return uses_.size(); }
  // Nothing where there is no such member, or no roster yet.
  [[nodiscard]] const v1::Member* member(std::string_view code) const;
  // Of the roster, or one whose key was accepted once: nobody else can have been an origin.
  [[nodiscard]] bool is_or_was_member(std::string_view code) const;
  // These three ask for a founded directory.
  [[nodiscard]] const v1::Roster& roster() const { return *roster_; }
  // Log keys as note keys, newest last.
  [[nodiscard]] std::vector<ledger::NoteKey> log_keys() const;
  [[nodiscard]] int classification_rank(std::string_view name) const;  // -1 where unknown.

  // Active: enrolled, not revoked, of a member in the roster.
  [[nodiscard]] const NodeInfo* active_node(const Hash& signing_key_id) const;
  // The active node that a transport key belongs to, as long as that key is its own and not
  // revoked.
  [[nodiscard]] const NodeInfo* node_of_transport_key(const Hash& key_id) const;
  [[nodiscard]] std::vector<const NodeInfo*> active_nodes() const;
  [[nodiscard]] std::vector<const NodeInfo*> active_nodes_of(std::string_view member) const;
  [[nodiscard]] const PersonInfo* active_person(const Hash& release_key_id) const;
  // The member whose active node lists this sealing key as current or previous.
  [[nodiscard]] std::optional<std::string> sealing_key_owner(std::string_view key_id) const;
  [[nodiscard]] bool revoked(const Hash& key_id) const { return revoked_.contains(key_id); }

  // Of all rosters so far, in log order.
  [[nodiscard]] const std::vector<Continuation>& continuations() const { return continuations_; }
  // Whether as many authorities as this roster asks for a new one signed the entry, by their keys
  // in it; signatures by other keys are passed over. kAssentMissing. Asks for a founded directory.
  [[nodiscard]] Result<void> check_assent_to(const Envelope& entry, RootCache& cache) const;

  // D of what stands in a slot, as `replaces` has to name it.
  [[nodiscard]] std::optional<Hash> slot(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> slots() const;
  // The value of a state that was set, while the roster has a rule for it.
  [[nodiscard]] std::optional<std::string_view> state(std::string_view name) const;

  // Whether a draft that was parsed from these bytes has the form of the one that this state was
  // last found to allow, sealed or not: for policy.h, which finds it.
  [[nodiscard]] bool has_allowed(std::string_view draft, bool sealed) const;
  void was_found_to_allow(std::string_view draft, bool sealed) const;

 private:
  struct Use {
    std::string slot;
    std::string use;     // "signing", "authority AM" …
    std::string member;  // Whose it is; empty for the hub's.
    Hash node{};         // Its node, by signing key id; zero where it is of none.
  };
  using KeyUses = std::vector<std::pair<crypto::PublicKey, Use>>;

  [[nodiscard]] Result<void> check_new_keys(const KeyUses& uses) const;
  [[nodiscard]] Result<void> check_key_count(const KeyUses& uses) const;
  void remember(const KeyUses& uses);
  void fill_slot(const std::string& name, const Hash& d);
  // The active node that a key was accepted for, where it was accepted for this use.
  [[nodiscard]] const NodeInfo* node_of_key(const Hash& key_id, std::string_view use) const;
  Result<void> apply_roster(const Envelope& envelope, const v1::Roster& roster, RootCache& cache);
  Result<void> apply_node(const Envelope& envelope, const v1::DirectoryEntry& entry,
                          RootCache& cache);
  Result<void> apply_person(const Envelope& envelope, const v1::DirectoryEntry& entry,
                            RootCache& cache);
  Result<void> apply_revocation(const Envelope& envelope, const v1::DirectoryEntry& entry,
                                RootCache& cache);
  Result<void> apply_state(const Envelope& envelope, const v1::DirectoryEntry& entry,
                           RootCache& cache);
  // Every signature on the entry verifies under one of `signers`; the answer says whose they are.
  Result<std::vector<Hash>> signers_of(const Envelope& envelope,
                                       const std::vector<crypto::PublicKey>& signers,
                                       RootCache& cache) const;
  [[nodiscard]] std::vector<crypto::PublicKey> authorities() const;
  [[nodiscard]] Result<crypto::PublicKey> authority_of(std::string_view member) const;
  [[nodiscard]] Result<void> check_assent(const std::vector<Hash>& signed_by) const;

  Result<void> take_continuation(const v1::HubIdentity& hub, const Hash& roster,
                                 std::vector<Continuation>& all) const;

  Hash genesis_;
  std::vector<Continuation> continuations_;
  // Shared, since copies of a directory are made to try an entry and the roster is the large part.
  std::shared_ptr<const v1::Roster> roster_;
  std::optional<Hash> roster_slot_;
  std::map<std::string, Hash, std::less<>> slots_;  // Without the roster.
  mutable std::optional<Hash> root_;  // Over the slots as they stand, once somebody asked.
  mutable DraftForm allowed_;
  mutable bool allowed_sealed_ = false;
  std::map<Hash, NodeInfo> nodes_;                               // By signing key id.
  std::map<std::string, std::set<Hash>, std::less<>> nodes_of_;  // Member -> signing key ids.
  std::map<Hash, PersonInfo> people_;                            // By release key id.
  std::map<Hash, Use> uses_;                                     // Every key ever accepted.
  std::map<std::string, std::size_t, std::less<>> key_counts_;   // Of a member\'s nodes and people.
  std::map<std::string, std::string, std::less<>> states_;       // By name.
  std::set<Hash> revoked_;  // Key ids: what the revoked/ slots name.
};

// Where `after` has a continuation that `before` lacks, it names the log as it stood between them:
// its size and root. kInvalidEntry.
[[nodiscard]] Result<void> check_continues(const Directory& before, const Directory& after,
                                           std::uint64_t size, const Hash& root);
// The slot that content of an entry belongs in: "node/<key id>".
[[nodiscard]] Result<std::string> slot_for(const v1::DirectoryEntry& entry);
// "directory.roster" and so on.
[[nodiscard]] std::string kind_for(const v1::DirectoryEntry& entry);

}  // namespace chancery::exchange
