#include "core/exchange/compose.h"

#include <algorithm>

#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/roster_rules.h"

namespace chancery::exchange {

v1::TreeHead tree_head(std::uint64_t size, const Hash& root) {
  v1::TreeHead head;
  head.set_size(size);
  head.set_root(to_string(root));
  return head;
}

std::string make_header(std::string_view draft_bytes, const Stamp& stamp) {
  v1::Header header;
  header.set_version(kHeaderVersion);
  header.set_draft(std::string(draft_bytes));
  header.set_salt(stamp.salt);
  header.set_created_at_us(stamp.created_at_us);
  if (stamp.log_seen.has_value()) {
    *header.mutable_log_seen() = *stamp.log_seen;
  }
  return header.SerializeAsString();
}

std::string clear_body(std::string_view text) {
  v1::Body body;
  body.set_clear(std::string(text));
  return body.SerializeAsString();
}

std::string signatures_bytes(std::vector<v1::Signature> signatures) {
  std::ranges::sort(signatures, {}, &v1::Signature::key_id);
  v1::Signatures all;
  for (v1::Signature& signature : signatures) {
    *all.add_signatures() = std::move(signature);
  }
  return all.SerializeAsString();
}

EntryProposal::EntryProposal(const v1::DirectoryEntry& entry, std::string_view origin,
                             std::string_view notice_id, const Stamp& stamp,
                             std::optional<Hash> genesis) {
  const std::string content = entry.SerializeAsString();
  v1::Draft draft;
  draft.set_origin(std::string(origin));
  draft.set_notice_id(std::string(notice_id));
  draft.set_kind(kind_for(entry));
  draft.set_status(v1::STATUS_ACTUAL);
  draft.set_precedence(v1::PRECEDENCE_PRIORITY);
  draft.set_text_digest(to_string(text_digest(content)));
  header_ = make_header(draft.SerializeAsString(), stamp);
  body_ = clear_body(content);
  genesis_ = genesis.has_value() ? *genesis : genesis_hash(header_, body_);
  d_ = envelope_hash(genesis_, header_, body_);
}

Result<void> EntryProposal::sign(crypto::Signer& signer) {
  const BatchToSign batch(genesis_, signer.public_key().id(), std::span(&d_, 1));
  CHANCERY_TRY(const std::string value, signer.sign(as_bytes(batch.message())));
  signatures_.push_back(batch.signature(0, value));
  return {};
}

std::string EntryProposal::envelope() const {
  return envelope_bytes(header_, body_, signatures_bytes(signatures_));
}

}  // namespace chancery::exchange
