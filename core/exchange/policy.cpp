#include "core/exchange/policy.h"

#include <algorithm>
#include <map>
#include <set>

#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/crypto/aead.h"
#include "core/crypto/signer.h"
#include "core/exchange/limits.h"
#include "core/exchange/minimize.h"
#include "core/exchange/names.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"

namespace chancery::exchange {
namespace {

Result<void> check_founded(const Directory& directory) {
  if (!directory.founded()) {
    return fail(ErrorCode::kUnknownMember, "the exchange has no roster yet");
  }
  return {};
}

bool is_outsider(const v1::Member& member) {
  return member.role() == v1::MEMBER_ROLE_PARTNER || member.role() == v1::MEMBER_ROLE_OBSERVER;
}

Result<void> check_ceiling(const v1::Member& member, int rank, const Directory& directory) {
  if (rank > directory.classification_rank(member.ceiling())) {
    return fail(ErrorCode::kClassificationExceeded, "member " + member.code());
  }
  return {};
}

Result<void> check_outsider(const v1::Member& member, const v1::Label& label) {
  if (!is_outsider(member)) {
    return {};
  }
  const bool tlp_forbids = label.tlp() == v1::TLP_RED || label.tlp() == v1::TLP_AMBER_STRICT;
  const bool handling_forbids =
      std::ranges::find(label.handling(), kMembersOnly) != label.handling().end();
  if (tlp_forbids || handling_forbids) {
    return fail(ErrorCode::kPartnerForbidden, "the label keeps " + member.code() + " out");
  }
  return {};
}

Result<void> check_recipient(const v1::Draft& draft, std::string_view code, int rank,
                             const Directory& directory) {
  const v1::Member* const member = directory.member(code);
  if (member == nullptr) {
    return fail(ErrorCode::kUnknownRecipient, std::string(code));
  }
  CHANCERY_TRY_VOID(check_outsider(*member, draft.label()));
  if (!any_matches(member->receive(), draft.kind())) {
    return fail(is_outsider(*member) ? ErrorCode::kPartnerForbidden : ErrorCode::kKindNotReceivable,
                member->code() + " does not receive " + draft.kind());
  }
  return check_ceiling(*member, rank, directory);
}

Result<const NodeInfo*> signing_node(const Envelope& envelope, const Signature& signature,
                                     const Directory& directory) {
  if (directory.revoked(signature.key_id)) {
    return fail(ErrorCode::kRevokedKey, "signing key " + hex(signature.key_id));
  }
  const NodeInfo* const node = directory.active_node(signature.key_id);
  if (node == nullptr) {
    return fail(ErrorCode::kUnknownKey, "signing key " + hex(signature.key_id));
  }
  if (node->member != envelope.draft.origin()) {
    return fail(ErrorCode::kWrongOrigin,
                "a node of " + node->member + " signed a notice of " + envelope.draft.origin());
  }
  return node;
}

// The node of the origin that made the one batch signature.
Result<const NodeInfo*> check_signature(const Envelope& envelope, const Directory& directory,
                                        RootCache& cache) {
  const NodeInfo* node = nullptr;
  for (const Signature& signature : envelope.signatures) {
    if (!signature.batch.has_value()) {
      continue;
    }
    if (node != nullptr) {
      return fail(ErrorCode::kMalformed, "a notice has one batch signature");
    }
    CHANCERY_TRY(node, signing_node(envelope, signature, directory));
    CHANCERY_TRY_VOID(verify_batch_signature(directory.genesis(), envelope.d, signature,
                                             node->signing_key, cache));
  }
  if (node == nullptr) {
    return fail(ErrorCode::kSignatureMissing, "no node of the origin signed");
  }
  return node;
}

// All other signatures are releases by the origin's people, and there are as many as a rule asks.
Result<void> check_releases(const Envelope& envelope, const Directory& directory) {
  std::set<Hash> releases;  // Ids of people's keys.
  for (const Signature& signature : envelope.signatures) {
    if (signature.batch.has_value()) {
      continue;
    }
    const Hash& key_id = signature.key_id;
    const PersonInfo* const person = directory.active_person(key_id);
    if (person == nullptr || person->member != envelope.draft.origin()) {
      return fail(ErrorCode::kUnknownKey, "release key " + hex(key_id));
    }
    CHANCERY_TRY_VOID(crypto::verify(
        person->release_key,
        as_bytes(release_message(directory.genesis(), key_id, envelope.notice)), signature.value));
    releases.insert(key_id);
  }
  for (const v1::ReleaseRule& rule : directory.roster().releases()) {
    if (matches(rule.kinds(), envelope.draft.kind()) && releases.size() < rule.people()) {
      return fail(ErrorCode::kReleaseMissing, std::to_string(releases.size()) +
                                                  " people released it, " +
                                                  std::to_string(rule.people()) + " must");
    }
  }
  return {};
}

// Stanzas go to the nodes of origin and recipients: to none else, and to none less.
Result<void> check_seal(const Envelope& envelope, const Directory& directory) {
  const v1::SealedBody& sealed = envelope.body.sealed();
  std::set<std::string> parties = {envelope.draft.origin()};
  for (const v1::Recipient& recipient : envelope.draft.recipients()) {
    parties.insert(recipient.member());
  }
  std::set<std::string_view> sealed_to;
  for (const v1::Stanza& stanza : sealed.stanzas()) {
    const std::optional<std::string> owner = directory.sealing_key_owner(stanza.key_id());
    if (!owner.has_value()) {
      return fail(ErrorCode::kStaleDirectory,
                  "sealing key " + hex(as_bytes(stanza.key_id())) + " is not in force");
    }
    if (!parties.contains(*owner)) {
      return fail(ErrorCode::kSealForOthers, "a stanza is for " + *owner);
    }
    sealed_to.insert(stanza.key_id());
  }
  for (const std::string& code : parties) {
    for (const NodeInfo* const node : directory.active_nodes_of(code)) {
      const bool has_stanza =
          std::ranges::any_of(node->sealing_keys, [&](const SealingKeyInfo& sealing) {
            return sealed_to.contains(as_view(sealing.key.id()));
          });
      if (!has_stanza) {
        return fail(ErrorCode::kStaleDirectory, "no stanza is for a node of " + code);
      }
    }
  }
  const std::size_t text_bytes = sealed.ciphertext().size() < crypto::kAeadTagBytes
                                     ? 0
                                     : sealed.ciphertext().size() - crypto::kAeadTagBytes;
  if (text_bytes < size_class(kTextPrefixBytes) || text_bytes != size_class(text_bytes)) {
    return fail(ErrorCode::kSealMalformed, "the ciphertext is of no size class");
  }
  for (const std::string& code : parties) {
    if (directory.active_nodes_of(code).empty()) {
      return fail(ErrorCode::kRecipientWithoutNode, code);
    }
  }
  return {};
}

}  // namespace

Result<void> judge_draft(const v1::Draft& draft, bool sealed, const Directory& directory) {
  CHANCERY_TRY_VOID(check_founded(directory));
  CHANCERY_TRY_VOID(check_draft(draft));
  if (is_directory_kind(draft.kind())) {
    return fail(ErrorCode::kInvalidKind, draft.kind() + " is not a kind of notice");
  }
  const v1::Member* const origin = directory.member(draft.origin());
  if (origin == nullptr) {
    return fail(ErrorCode::kUnknownMember, "origin " + draft.origin());
  }
  if (!any_matches(origin->publish(), draft.kind())) {
    return fail(ErrorCode::kKindNotGranted, draft.origin() + " may not publish " + draft.kind());
  }
  if (draft.recipients_size() == 0) {
    return fail(ErrorCode::kNoRecipients, draft.kind());
  }
  const int rank = directory.classification_rank(draft.label().classification());
  if (rank < 0) {
    return fail(ErrorCode::kUnknownClassification, "'" + draft.label().classification() + "'");
  }
  CHANCERY_TRY_VOID(check_ceiling(*origin, rank, directory));
  for (const v1::Recipient& recipient : draft.recipients()) {
    CHANCERY_TRY_VOID(check_recipient(draft, recipient.member(), rank, directory));
  }
  if (!sealed && any_matches(directory.roster().sealed_kinds(), draft.kind())) {
    return fail(ErrorCode::kSealRequired, draft.kind());
  }
  return {};
}

Result<void> check_not_expired(std::uint64_t expires_at_ms, std::uint64_t now_ms) {
  if (expires_at_ms != 0 && expires_at_ms <= now_ms) {
    return fail(ErrorCode::kExpired, "it expired before it was logged");
  }
  return {};
}

Result<void> judge_notice(const Envelope& envelope, const Directory& directory, RootCache& cache) {
  CHANCERY_TRY_VOID(check_founded(directory));
  if (envelope.header.version() != directory.roster().header_version()) {
    return fail(ErrorCode::kUnknownVersion,
                "header version " + std::to_string(envelope.header.version()) + ", in force is " +
                    std::to_string(directory.roster().header_version()));
  }
  const bool erased = envelope.erased.has_value();  // Then nothing is asked of its body.
  const bool sealed = envelope.sealed() || erased;
  if (!directory.has_allowed(envelope.header.draft(), sealed)) {
    CHANCERY_TRY_VOID(judge_draft(envelope.draft, sealed, directory));
    directory.was_found_to_allow(envelope.header.draft(), sealed);
  }
  CHANCERY_TRY_VOID(check_minimize(envelope.draft, lowest_that_goes(directory)));
  CHANCERY_TRY(const NodeInfo* const node, check_signature(envelope, directory, cache));
  if (matches("consultation.*", envelope.draft.kind()) && !node->voice) {
    return fail(ErrorCode::kNoVoice, envelope.draft.kind());
  }
  CHANCERY_TRY_VOID(check_releases(envelope, directory));
  if (erased) {
    return {};
  }
  if (envelope.sealed()) {
    return check_seal(envelope, directory);
  }
  if (as_view(text_digest(envelope.body.clear())) != envelope.draft.text_digest()) {
    return fail(ErrorCode::kTextDigestMismatch, "the clear text is not the one signed for");
  }
  return check_wire(envelope.body.clear(), *v1::Text::descriptor(), Reading::kOpen);
}

Result<void> check_log_seen(const Envelope& envelope, const std::optional<Hash>& head) {
  if (!envelope.header.has_log_seen()) {
    return fail(ErrorCode::kForeignLog, envelope.name() + " does not say which log its origin saw");
  }
  if (!head.has_value() || envelope.header.log_seen().root() != as_view(*head)) {
    return fail(ErrorCode::kForeignLog, envelope.name() + " saw a log of size " +
                                            std::to_string(envelope.header.log_seen().size()) +
                                            " that is not this one");
  }
  return {};
}

Result<std::vector<v1::Recipient>> expand_recipients(std::span<const v1::Recipient> named,
                                                     std::string_view origin,
                                                     const Directory& directory) {
  CHANCERY_TRY_VOID(check_founded(directory));
  std::map<std::string, v1::RecipientRole> roles;
  const auto add = [&](const std::string& code, v1::RecipientRole role) {
    if (code == origin) {
      return;
    }
    const auto [at, added] = roles.emplace(code, role);
    // Named twice, once for action: action it is.
    if (!added && role == v1::RECIPIENT_ROLE_ACTION) {
      at->second = role;
    }
  };
  for (const v1::Recipient& recipient : named) {
    const v1::RecipientRole role = recipient.role() == v1::RECIPIENT_ROLE_INFO
                                       ? v1::RECIPIENT_ROLE_INFO
                                       : v1::RECIPIENT_ROLE_ACTION;
    const bool all = recipient.member() == "all";
    if (!all && recipient.member() != "members") {
      add(recipient.member(), role);
      continue;
    }
    for (const v1::Member& member : directory.roster().members()) {
      const bool named_itself =
          std::ranges::find(named, member.code(), &v1::Recipient::member) != named.end();
      if (all && is_outsider(member) && member.code() != origin && !named_itself) {
        return fail(ErrorCode::kPartnerNotNamed, "'all' would reach " + member.code());
      }
      if (!is_outsider(member)) {
        add(member.code(), role);
      }
    }
  }
  std::vector<v1::Recipient> expanded;
  for (const auto& [code, role] : roles) {
    v1::Recipient& recipient = expanded.emplace_back();
    recipient.set_member(code);
    recipient.set_role(role);
  }
  return expanded;
}

std::vector<std::string> readers_of(const v1::Draft& draft) {
  std::vector<std::string> readers;
  if (is_directory_kind(draft.kind())) {
    return readers;
  }
  readers.reserve(static_cast<std::size_t>(draft.recipients_size()) + 1);
  for (const v1::Recipient& recipient : draft.recipients()) {
    readers.push_back(recipient.member());
  }
  readers.push_back(draft.origin());
  std::ranges::sort(readers);
  return readers;
}

Result<std::vector<crypto::PublicKey>> sealing_keys_for(
    std::string_view origin, std::span<const std::string> recipient_codes,
    const Directory& directory) {
  std::vector<std::string> parties(recipient_codes.begin(), recipient_codes.end());
  parties.emplace_back(origin);
  std::vector<crypto::PublicKey> keys;
  for (const std::string& code : parties) {
    const std::vector<const NodeInfo*> nodes = directory.active_nodes_of(code);
    if (nodes.empty()) {
      return fail(ErrorCode::kRecipientWithoutNode, code);
    }
    for (const NodeInfo* const node : nodes) {
      const crypto::PublicKey* const key = node->current_sealing_key();
      if (key == nullptr || directory.revoked(key->id())) {
        return fail(ErrorCode::kRecipientWithoutNode,
                    "the sealing key of a node of " + code + " is revoked");
      }
      keys.push_back(*key);
    }
  }
  return keys;
}

}  // namespace chancery::exchange
