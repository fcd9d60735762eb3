#include "core/exchange/directory.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/minimize.h"
#include "core/exchange/names.h"
#include "core/exchange/roster_rules.h"
#include "core/exchange/strict.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {
namespace {

constexpr std::string_view kRosterSlot = "roster";
constexpr std::string_view kTransport = "transport";
constexpr std::string_view kSealing = "sealing";
constexpr std::uint32_t kKemX25519 = 32;  // DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1.

Result<crypto::PublicKey> signing_key(std::string_view spki, std::string_view what) {
  CHANCERY_TRY(crypto::PublicKey key, crypto::PublicKey::from_spki(as_bytes(spki)));
  if (key.algorithm() != crypto::Algorithm::kEd25519) {
    return broken("the " + std::string(what) + " key does not sign");
  }
  return key;
}

bool contains(const std::vector<Hash>& ids, const Hash& id) {
  return std::ranges::find(ids, id) != ids.end();
}

Result<void> require_signature(const std::vector<Hash>& signed_by, const crypto::PublicKey& key,
                               std::string_view whose) {
  if (!contains(signed_by, key.id())) {
    return fail(ErrorCode::kSignatureMissing, "the " + std::string(whose) + " did not sign");
  }
  return {};
}

Result<NodeInfo> parse_node(const v1::NodeEnrolment& enrolment) {
  CHANCERY_TRY(crypto::PublicKey signing, signing_key(enrolment.signing_key(), "signing"));
  CHANCERY_TRY(
      crypto::PublicKey transport,
      crypto::PublicKey::from_raw(crypto::Algorithm::kX25519, as_bytes(enrolment.transport_key())));
  NodeInfo node{.member = enrolment.member(),
                .signing_key = std::move(signing),
                .voice = enrolment.voice(),
                .witness_key = std::nullopt,
                .transport_key = std::move(transport),
                .sealing_keys = {}};
  if (!enrolment.witness_key().empty()) {
    CHANCERY_TRY(node.witness_key, signing_key(enrolment.witness_key(), "witness"));
    if (!node.voice) {
      return broken("only a node with voice holds the witness key");
    }
  }
  if (enrolment.sealing_keys().empty()) {
    return broken("a node has a sealing key");
  }
  if (static_cast<std::size_t>(enrolment.sealing_keys_size()) > kSealingKeysPerNodeMax) {
    return fail(ErrorCode::kLimitExceeded, "a node has at most 4 sealing keys");
  }
  int current_count = 0;
  for (const v1::SealingKey& sealing : enrolment.sealing_keys()) {
    if (sealing.kem() != kKemX25519) {
      return broken("kem " + std::to_string(sealing.kem()) + " is not known");
    }
    if (sealing.state() == v1::SEALING_KEY_STATE_UNSPECIFIED) {
      return broken("a sealing key is current, previous or next");
    }
    current_count += sealing.state() == v1::SEALING_KEY_STATE_CURRENT ? 1 : 0;
    CHANCERY_TRY(crypto::PublicKey key,
                 crypto::PublicKey::from_raw(crypto::Algorithm::kX25519, as_bytes(sealing.key())));
    node.sealing_keys.push_back({std::move(key), sealing.state()});
  }
  if (current_count != 1) {
    return broken("exactly one sealing key is current");
  }
  return node;
}

// Form that every directory entry has, whatever it says.
Result<v1::DirectoryEntry> parse_entry(const Envelope& envelope) {
  if (envelope.header.version() != kHeaderVersion) {
    return fail(ErrorCode::kUnknownVersion,
                "header version " + std::to_string(envelope.header.version()));
  }
  if (envelope.sealed()) {
    return broken("a directory entry is never sealed");
  }
  const v1::Draft& draft = envelope.draft;
  if (draft.recipients_size() != 0 || draft.status() != v1::STATUS_ACTUAL ||
      draft.expires_at_ms() != 0) {
    return broken("a directory entry has no recipients, status actual and no expiry");
  }
  if (as_view(text_digest(envelope.body.clear())) != draft.text_digest()) {
    return fail(ErrorCode::kTextDigestMismatch, "directory entry");
  }
  CHANCERY_TRY(v1::DirectoryEntry entry, parse_wire<v1::DirectoryEntry>(envelope.body.clear()));
  CHANCERY_TRY(const std::string slot, slot_for(entry));
  if (entry.slot() != slot) {
    return broken("the entry belongs in slot " + slot + ", not " + entry.slot());
  }
  if (draft.kind() != kind_for(entry)) {
    return fail(ErrorCode::kInvalidKind, draft.kind() + " holds " + kind_for(entry));
  }
  return entry;
}

}  // namespace

Result<std::string> slot_for(const v1::DirectoryEntry& entry) {
  switch (entry.content_case()) {
    case v1::DirectoryEntry::kRoster:
      return std::string(kRosterSlot);
    case v1::DirectoryEntry::kNode: {
      CHANCERY_TRY(const crypto::PublicKey key, signing_key(entry.node().signing_key(), "signing"));
      return "node/" + hex(key.id());
    }
    case v1::DirectoryEntry::kPerson: {
      CHANCERY_TRY(const crypto::PublicKey key,
                   signing_key(entry.person().release_key(), "release"));
      return "person/" + hex(key.id());
    }
    case v1::DirectoryEntry::kRevoked:
      if (entry.revoked().key_id().size() != 32) {
        return broken("a revocation names a key id of 32 bytes");
      }
      return "revoked/" + hex(as_bytes(entry.revoked().key_id()));
    case v1::DirectoryEntry::kState:
      if (!is_kind(entry.state().name())) {
        return broken("a state's name is written like a kind");
      }
      return "state/" + entry.state().name();
    case v1::DirectoryEntry::CONTENT_NOT_SET:
      break;
  }
  return broken("the entry is empty");
}

std::string kind_for(const v1::DirectoryEntry& entry) {
  switch (entry.content_case()) {
    case v1::DirectoryEntry::kRoster:
      return "directory.roster";
    case v1::DirectoryEntry::kNode:
      return "directory.node";
    case v1::DirectoryEntry::kPerson:
      return "directory.person";
    case v1::DirectoryEntry::kRevoked:
      return "directory.revoked";
    case v1::DirectoryEntry::kState:
      return "directory.state";
    case v1::DirectoryEntry::CONTENT_NOT_SET:
      break;
  }
  return "";
}

const crypto::PublicKey* NodeInfo::current_sealing_key() const {
  const auto current =
      std::ranges::find(sealing_keys, v1::SEALING_KEY_STATE_CURRENT, &SealingKeyInfo::state);
  return current == sealing_keys.end() ? nullptr : &current->key;
}

bool Directory::has_allowed(std::string_view draft, bool sealed) const {
  return sealed == allowed_sealed_ && allowed_.fits(draft);
}

void Directory::was_found_to_allow(std::string_view draft, bool sealed) const {
  allowed_ = DraftForm(draft);
  allowed_sealed_ = sealed;
}

Result<void> Directory::apply(const Envelope& envelope, RootCache& cache) {
  allowed_ = DraftForm();
  CHANCERY_TRY(const v1::DirectoryEntry entry, parse_entry(envelope));
  if (!founded() && !entry.has_roster()) {
    return broken("the first entry of an exchange is its roster");
  }
  const std::optional<Hash> standing = slot(entry.slot());
  const std::string_view expected = standing.has_value() ? as_view(*standing) : "";
  if (entry.replaces() != expected) {
    return fail(ErrorCode::kSlotConflict, entry.slot());
  }
  if (founded() && member(envelope.draft.origin()) == nullptr) {
    return fail(ErrorCode::kUnknownMember, "origin " + envelope.draft.origin());
  }
  switch (entry.content_case()) {
    case v1::DirectoryEntry::kRoster:
      return apply_roster(envelope, entry.roster(), cache);
    case v1::DirectoryEntry::kNode:
      return apply_node(envelope, entry, cache);
    case v1::DirectoryEntry::kPerson:
      return apply_person(envelope, entry, cache);
    case v1::DirectoryEntry::kRevoked:
      return apply_revocation(envelope, entry, cache);
    case v1::DirectoryEntry::kState:
      return apply_state(envelope, entry, cache);
    case v1::DirectoryEntry::CONTENT_NOT_SET:
      break;
  }
  return broken("the entry is empty");
}

Result<void> Directory::apply_roster(const Envelope& envelope, const v1::Roster& roster,
                                     RootCache& cache) {
  CHANCERY_TRY_VOID(check_roster(roster));
  KeyUses uses;
  std::vector<crypto::PublicKey> own_authorities;
  for (const v1::Member& member : roster.members()) {
    CHANCERY_TRY(crypto::PublicKey key,
                 crypto::PublicKey::from_spki(as_bytes(member.authority_key())));
    if (member.role() == v1::MEMBER_ROLE_MEMBER) {
      own_authorities.push_back(key);
    }
    uses.emplace_back(
        std::move(key),
        Use{std::string(kRosterSlot), "authority " + member.code(), member.code(), {}});
  }
  for (const std::string& spki : roster.hub().log_keys()) {
    CHANCERY_TRY(crypto::PublicKey key, signing_key(spki, "log"));
    uses.emplace_back(std::move(key), Use{std::string(kRosterSlot), "log", "", {}});
  }
  CHANCERY_TRY(crypto::PublicKey transport,
               crypto::PublicKey::from_raw(crypto::Algorithm::kX25519,
                                           as_bytes(roster.hub().transport_key())));
  uses.emplace_back(std::move(transport), Use{std::string(kRosterSlot), "hub transport", "", {}});
  CHANCERY_TRY_VOID(check_new_keys(uses));
  std::vector<Continuation> continuations = continuations_;
  CHANCERY_TRY_VOID(take_continuation(roster.hub(), envelope.d, continuations));

  if (founded()) {
    // The log's name is in every checkpoint that witnesses hold: under another it is another log.
    if (roster.hub().origin_line() != roster_->hub().origin_line()) {
      return broken("the hub's origin line never changes");
    }
    CHANCERY_TRY(const std::vector<Hash> signed_by, signers_of(envelope, authorities(), cache));
    CHANCERY_TRY_VOID(check_assent(signed_by));
  } else {
    // The exchange is this roster: its genesis is made of it, and all its members sign it.
    if (genesis_hash(envelope.header_bytes, envelope.body_bytes) != genesis_) {
      return fail(ErrorCode::kWrongGenesis, "the first roster makes another exchange");
    }
    CHANCERY_TRY(const std::vector<Hash> signed_by, signers_of(envelope, own_authorities, cache));
    for (const crypto::PublicKey& authority : own_authorities) {
      CHANCERY_TRY_VOID(require_signature(signed_by, authority, "authority of a member"));
    }
  }
  remember(uses);
  continuations_ = std::move(continuations);
  roster_ = std::make_shared<const v1::Roster>(roster);
  fill_slot(std::string(kRosterSlot), envelope.d);
  return {};
}

// Later rosters may go on naming the newest one.
Result<void> Directory::take_continuation(const v1::HubIdentity& hub, const Hash& roster,
                                          std::vector<Continuation>& all) const {
  if (!hub.has_continues()) {
    return {};
  }
  const Hash root = hash_from(hub.continues().root());
  if (!all.empty() && all.back().size == hub.continues().size() && all.back().root == root) {
    return {};
  }
  if (all.size() >= kContinuationCountMax) {
    return fail(
        ErrorCode::kLimitExceeded,
        "the log went on after a loss " + std::to_string(kContinuationCountMax) + " times already");
  }
  all.push_back({.size = hub.continues().size(), .root = root, .roster = roster});
  return {};
}

Result<void> Directory::apply_node(const Envelope& envelope, const v1::DirectoryEntry& entry,
                                   RootCache& cache) {
  CHANCERY_TRY(NodeInfo node, parse_node(entry.node()));
  CHANCERY_TRY(const crypto::PublicKey authority, authority_of(node.member));
  const Hash id = node.signing_key.id();
  KeyUses uses = {{node.signing_key, {entry.slot(), "signing", node.member, id}},
                  {node.transport_key, {entry.slot(), std::string(kTransport), node.member, id}}};
  std::vector<crypto::PublicKey> signers = {authority, node.signing_key};
  if (node.witness_key.has_value()) {
    uses.emplace_back(*node.witness_key, Use{entry.slot(), "witness", node.member, id});
    signers.push_back(*node.witness_key);
  }
  for (const SealingKeyInfo& sealing : node.sealing_keys) {
    uses.emplace_back(sealing.key, Use{entry.slot(), std::string(kSealing), node.member, id});
  }
  CHANCERY_TRY_VOID(check_new_keys(uses));
  std::size_t other_count = 0;
  for (const NodeInfo* const other : active_nodes_of(node.member)) {
    if (other->signing_key == node.signing_key) {
      continue;
    }
    ++other_count;
    if (node.voice && other->voice) {
      return broken("member " + node.member + " has a node with voice already");
    }
  }
  if (other_count >= kNodesPerMemberMax) {
    return fail(ErrorCode::kLimitExceeded, "member " + node.member + " has too many nodes");
  }
  CHANCERY_TRY(const std::vector<Hash> signed_by, signers_of(envelope, signers, cache));
  CHANCERY_TRY_VOID(require_signature(signed_by, authority, "authority of " + node.member));
  CHANCERY_TRY_VOID(require_signature(signed_by, node.signing_key, "signing key"));
  if (node.witness_key.has_value()) {
    CHANCERY_TRY_VOID(require_signature(signed_by, *node.witness_key, "witness key"));
  }
  remember(uses);
  fill_slot(entry.slot(), envelope.d);
  nodes_of_[node.member].insert(id);
  nodes_.insert_or_assign(id, std::move(node));
  return {};
}

Result<void> Directory::apply_person(const Envelope& envelope, const v1::DirectoryEntry& entry,
                                     RootCache& cache) {
  const v1::PersonEnrolment& enrolment = entry.person();
  if (enrolment.name().empty() || enrolment.name().size() > kNameBytesMax) {
    return broken("a person has a name of at most 200 bytes");
  }
  CHANCERY_TRY(const crypto::PublicKey key, signing_key(enrolment.release_key(), "release"));
  CHANCERY_TRY(const crypto::PublicKey authority, authority_of(enrolment.member()));
  const KeyUses uses = {{key, {entry.slot(), "release", enrolment.member(), {}}}};
  CHANCERY_TRY_VOID(check_new_keys(uses));
  CHANCERY_TRY(const std::vector<Hash> signed_by, signers_of(envelope, {authority, key}, cache));
  CHANCERY_TRY_VOID(require_signature(signed_by, authority, "authority"));
  CHANCERY_TRY_VOID(require_signature(signed_by, key, "release key"));
  remember(uses);
  fill_slot(entry.slot(), envelope.d);
  people_.insert_or_assign(key.id(), PersonInfo{enrolment.member(), enrolment.name(), key});
  return {};
}

Result<void> Directory::apply_revocation(const Envelope& envelope, const v1::DirectoryEntry& entry,
                                         RootCache& cache) {
  const Hash key_id = hash_from(entry.revoked().key_id());
  const auto use = uses_.find(key_id);
  if (use == uses_.end() || use->second.slot == kRosterSlot) {
    return fail(ErrorCode::kUnknownKey, "only the key of a node or a person is revoked");
  }
  std::vector<crypto::PublicKey> signers = authorities();
  const Result<crypto::PublicKey> authority = authority_of(use->second.member);
  if (authority.has_value()) {
    signers.push_back(*authority);
  }
  CHANCERY_TRY(const std::vector<Hash> signed_by, signers_of(envelope, signers, cache));
  if (!authority.has_value() || !contains(signed_by, authority->id())) {
    CHANCERY_TRY_VOID(check_assent(signed_by));
  }
  revoked_.insert(key_id);
  fill_slot(entry.slot(), envelope.d);
  return {};
}

Result<void> Directory::apply_state(const Envelope& envelope, const v1::DirectoryEntry& entry,
                                    RootCache& cache) {
  if (entry.state().value().size() > kNameBytesMax) {
    return broken("a state's value is at most 200 bytes");
  }
  if (entry.state().name() == kMinimizeState) {
    CHANCERY_TRY_VOID(parse_minimize(entry.state().value()));
  }
  const auto& rules = roster_->states();
  const auto rule = std::ranges::find(rules, entry.state().name(), &v1::StateRule::name);
  if (rule == rules.end()) {
    return broken("the roster has no state '" + entry.state().name() + "'");
  }
  std::vector<crypto::PublicKey> signers = authorities();
  std::vector<Hash> setters;
  for (const std::string& code : rule->members()) {
    if (const Result<crypto::PublicKey> authority = authority_of(code); authority.has_value()) {
      signers.push_back(*authority);
      setters.push_back(authority->id());
    }
  }
  CHANCERY_TRY(const std::vector<Hash> signed_by, signers_of(envelope, signers, cache));
  const bool set_alone =
      std::ranges::any_of(setters, [&](const Hash& id) { return contains(signed_by, id); });
  if (!set_alone) {
    CHANCERY_TRY_VOID(check_assent(signed_by));
  }
  states_.insert_or_assign(entry.state().name(), entry.state().value());
  fill_slot(entry.slot(), envelope.d);
  return {};
}

Result<void> Directory::check_new_keys(const KeyUses& uses) const {
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const auto& [key, use] = uses[i];
    if (revoked(key.id())) {
      return fail(ErrorCode::kRevokedKey, use.use + " key " + hex(key.id()));
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (uses[k].first.raw().size() == key.raw().size() &&
          std::ranges::equal(uses[k].first.raw(), key.raw())) {
        return fail(ErrorCode::kKeyReused, use.use + " key " + hex(key.id()));
      }
    }
    const auto known = uses_.find(key.id());
    if (known != uses_.end() && (known->second.slot != use.slot || known->second.use != use.use ||
                                 known->second.member != use.member)) {
      return fail(ErrorCode::kKeyReused, "the " + use.use + " key was accepted as " +
                                             known->second.use + " in " + known->second.slot);
    }
  }
  return check_key_count(uses);
}

// Of an enrolment, whose keys are all of one member. A roster has the assent that changes it.
Result<void> Directory::check_key_count(const KeyUses& uses) const {
  if (uses.front().second.slot == kRosterSlot) {
    return {};
  }
  const std::string& code = uses.front().second.member;
  const auto counted = key_counts_.find(code);
  std::size_t count = counted == key_counts_.end() ? 0 : counted->second;
  for (const auto& [key, use] : uses) {
    count += uses_.contains(key.id()) ? 0U : 1U;
  }
  if (count > kKeysPerMemberMax) {
    return fail(ErrorCode::kLimitExceeded,
                "member " + code + " has had " + std::to_string(kKeysPerMemberMax) + " keys");
  }
  return {};
}

void Directory::remember(const KeyUses& uses) {
  for (const auto& [key, use] : uses) {
    const bool is_new = uses_.insert_or_assign(key.id(), use).second;
    if (is_new && use.slot != kRosterSlot) {
      ++key_counts_[use.member];
    }
  }
}

Result<std::vector<Hash>> Directory::signers_of(const Envelope& envelope,
                                                const std::vector<crypto::PublicKey>& signers,
                                                RootCache& cache) const {
  std::vector<Hash> signed_by;
  for (const Signature& signature : envelope.signatures) {
    if (!signature.batch.has_value()) {
      return fail(ErrorCode::kMalformed, "a directory entry carries no release");
    }
    const auto key = std::ranges::find_if(signers, [&](const crypto::PublicKey& candidate) {
      return candidate.id() == signature.key_id;
    });
    if (key == signers.end()) {
      return fail(ErrorCode::kUnknownKey,
                  "key " + hex(signature.key_id) + " has no say about this entry");
    }
    CHANCERY_TRY_VOID(verify_batch_signature(genesis_, envelope.d, signature, *key, cache));
    signed_by.push_back(key->id());
  }
  return signed_by;
}

std::vector<crypto::PublicKey> Directory::authorities() const {
  std::vector<crypto::PublicKey> keys;
  for (const v1::Member& member : roster_->members()) {
    if (member.role() != v1::MEMBER_ROLE_MEMBER) {
      continue;
    }
    if (Result<crypto::PublicKey> key = authority_of(member.code()); key.has_value()) {
      keys.push_back(std::move(*key));
    }
  }
  return keys;
}

Result<crypto::PublicKey> Directory::authority_of(std::string_view code) const {
  const v1::Member* const found = member(code);
  if (found == nullptr) {
    return fail(ErrorCode::kUnknownMember, std::string(code));
  }
  return crypto::PublicKey::from_spki(as_bytes(found->authority_key()));
}

Result<void> Directory::check_assent(const std::vector<Hash>& signed_by) const {
  std::uint32_t assent = 0;
  for (const crypto::PublicKey& authority : authorities()) {
    assent += contains(signed_by, authority.id()) ? 1U : 0U;
  }
  if (assent < roster_->assent()) {
    return fail(ErrorCode::kAssentMissing, std::to_string(assent) + " authorities signed, " +
                                               std::to_string(roster_->assent()) + " must");
  }
  return {};
}

Result<void> Directory::check_assent_to(const Envelope& entry, RootCache& cache) const {
  const std::vector<crypto::PublicKey> keys = authorities();
  std::vector<Hash> signed_by;
  for (const Signature& signature : entry.signatures) {
    const auto key = std::ranges::find_if(keys, [&](const crypto::PublicKey& candidate) {
      return candidate.id() == signature.key_id;
    });
    if (key != keys.end()) {
      CHANCERY_TRY_VOID(verify_batch_signature(genesis_, entry.d, signature, *key, cache));
      signed_by.push_back(key->id());
    }
  }
  return check_assent(signed_by);
}

Result<void> check_continues(const Directory& before, const Directory& after, std::uint64_t size,
                             const Hash& root) {
  if (after.continuations().size() == before.continuations().size()) {
    return {};
  }
  const Continuation& newest = after.continuations().back();
  return newest.size == size && newest.root == root
             ? Result<void>()
             : broken("the roster continues at size " + std::to_string(newest.size) +
                      ", and the log has another head, of size " + std::to_string(size));
}

void Directory::fill_slot(const std::string& name, const Hash& d) {
  if (name == kRosterSlot) {
    roster_slot_ = d;
  } else {
    slots_[name] = d;
  }
  root_.reset();
}

const Hash& Directory::root() const {
  if (!root_.has_value()) {
    std::vector<Hash> leaves;
    leaves.reserve(slots_.size() + 1);
    if (roster_slot_.has_value()) {
      leaves.push_back(ledger::leaf_hash(*roster_slot_));
    }
    for (const auto& [name, d] : slots_) {
      leaves.push_back(ledger::leaf_hash(d));
    }
    root_ = ledger::tree_root(leaves);
  }
  return *root_;
}

bool Directory::is_or_was_member(std::string_view code) const {
  return member(code) != nullptr || key_counts_.contains(code);
}

const v1::Member* Directory::member(std::string_view code) const {
  if (!founded()) {
    return nullptr;
  }
  const auto& members = roster_->members();
  const auto found = std::ranges::lower_bound(members, code, {}, &v1::Member::code);
  return found == members.end() || found->code() != code ? nullptr : &*found;
}

std::vector<ledger::NoteKey> Directory::log_keys() const {
  std::vector<ledger::NoteKey> keys;
  for (const std::string& spki : roster_->hub().log_keys()) {
    if (Result<crypto::PublicKey> key = crypto::PublicKey::from_spki(as_bytes(spki));
        key.has_value()) {
      keys.push_back({.name = roster_->hub().origin_line(),
                      .type = ledger::kNoteEd25519,
                      .key = std::move(*key)});
    }
  }
  return keys;
}

int Directory::classification_rank(std::string_view name) const {
  if (name.empty()) {
    return 0;
  }
  const auto& names = roster_->classifications();
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

const NodeInfo* Directory::active_node(const Hash& signing_key_id) const {
  const auto found = nodes_.find(signing_key_id);
  if (found == nodes_.end() || revoked(signing_key_id) || member(found->second.member) == nullptr) {
    return nullptr;
  }
  return &found->second;
}

std::vector<const NodeInfo*> Directory::active_nodes() const {
  std::vector<const NodeInfo*> active;
  for (const auto& [id, node] : nodes_) {
    if (active_node(id) != nullptr) {
      active.push_back(&node);
    }
  }
  return active;
}

std::vector<const NodeInfo*> Directory::active_nodes_of(std::string_view code) const {
  std::vector<const NodeInfo*> active;
  if (const auto found = nodes_of_.find(code); found != nodes_of_.end()) {
    for (const Hash& id : found->second) {
      if (const NodeInfo* const node = active_node(id); node != nullptr) {
        active.push_back(node);
      }
    }
  }
  return active;
}

const PersonInfo* Directory::active_person(const Hash& release_key_id) const {
  const auto found = people_.find(release_key_id);
  if (found == people_.end() || revoked(release_key_id) ||
      member(found->second.member) == nullptr) {
    return nullptr;
  }
  return &found->second;
}

const NodeInfo* Directory::node_of_key(const Hash& key_id, std::string_view use) const {
  const auto found = uses_.find(key_id);
  if (found == uses_.end() || found->second.use != use || revoked(key_id)) {
    return nullptr;
  }
  return active_node(found->second.node);
}

const NodeInfo* Directory::node_of_transport_key(const Hash& key_id) const {
  const NodeInfo* const node = node_of_key(key_id, kTransport);
  // The key may be one that the node had before.
  return node != nullptr && node->transport_key.id() == key_id ? node : nullptr;
}

std::optional<std::string> Directory::sealing_key_owner(std::string_view key_id) const {
  if (key_id.size() != Hash{}.size()) {
    return std::nullopt;
  }
  const NodeInfo* const node = node_of_key(hash_from(key_id), kSealing);
  if (node == nullptr) {
    return std::nullopt;
  }
  const bool in_force = std::ranges::any_of(node->sealing_keys, [&](const SealingKeyInfo& sealing) {
    return as_view(sealing.key.id()) == key_id && sealing.state != v1::SEALING_KEY_STATE_NEXT;
  });
  return in_force ? std::optional(node->member) : std::nullopt;
}

std::optional<Hash> Directory::slot(std::string_view name) const {
  if (name == kRosterSlot) {
    return roster_slot_;
  }
  const auto found = slots_.find(name);
  return found == slots_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Directory::slots() const {
  std::vector<std::string> names;
  if (roster_slot_.has_value()) {
    names.emplace_back(kRosterSlot);
  }
  for (const auto& [name, d] : slots_) {
    names.push_back(name);
  }
  return names;
}

std::optional<std::string_view> Directory::state(std::string_view name) const {
  const auto set = states_.find(name);
  if (set == states_.end() ||
      std::ranges::find(roster_->states(), name, &v1::StateRule::name) == roster_->states().end()) {
    return std::nullopt;
  }
  return set->second;
}

}  // namespace chancery::exchange
