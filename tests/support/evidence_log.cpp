#include "tests/support/evidence_log.h"

#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/seal.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"
#include "tests/support/keys.h"

namespace chancery::test {

EvidenceLog::EvidenceLog(const ExchangeOptions& options) : exchange_(options) {
  log_.found();
}

std::uint64_t EvidenceLog::publish(const v1::Draft& draft, std::string_view text) {
  log_.append(std::vector{exchange_.publish(draft, text, log_.directory())});
  return log_.size() - 1;
}

exchange::Envelope EvidenceLog::envelope_at(std::uint64_t index) const {
  return exchange_.parse(log_.envelopes()[static_cast<std::size_t>(index)]);
}

std::vector<ledger::Leaf> EvidenceLog::leaves() const {
  std::vector<ledger::Leaf> all;
  for (const v1::LogBatch& batch : log_.batches()) {
    const std::vector<ledger::Leaf> some = leaves_of(batch);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::string EvidenceLog::leaf_at(std::uint64_t index) const {
  return to_string(ledger::encode(leaves()[static_cast<std::size_t>(index)]));
}

std::vector<Hash> EvidenceLog::path_of(std::uint64_t index) const {
  std::vector<Hash> hashes;
  for (const ledger::Leaf& leaf : leaves()) {
    hashes.push_back(ledger::leaf_hash(leaf));
  }
  return ledger::inclusion_proof(hashes, index);
}

exchange::LoggedRecord EvidenceLog::record(std::uint64_t index, bool hidden) const {
  const exchange::Envelope envelope = envelope_at(index);
  exchange::LoggedRecord record{.index = index,
                                .leaf = leaf_at(index),
                                .path = path_of(index),
                                .envelope = envelope.bytes(),
                                .plaintext = {},
                                .hidden = hidden};
  if (envelope.sealed()) {
    std::vector<crypto::PrivateKey> keys;
    keys.push_back(agreement_private(node_key_name(envelope.draft.origin(), 1, "sealing")));
    record.plaintext = must(exchange::Opener(std::move(keys))
                                .open(exchange_.genesis(), envelope.draft.origin(),
                                      envelope.recipient_codes(), envelope.header_bytes,
                                      envelope.body.sealed(), envelope.draft.text_digest()));
  }
  return record;
}

exchange::LoggedLeaf EvidenceLog::head_of(std::uint64_t size) const {
  return {.index = size - 1, .leaf = leaf_at(size - 1), .path = path_of(size - 1)};
}

std::string EvidenceLog::note(const std::vector<std::string>& members, std::uint64_t time_s) const {
  return note_over(log_.size(), log_.tree().root(), members, time_s);
}

std::string EvidenceLog::note_over(std::uint64_t size, const Hash& root,
                                   const std::vector<std::string>& members,
                                   std::uint64_t time_s) const {
  const ledger::Checkpoint head{
      .origin = exchange_.roster().hub().origin_line(), .size = size, .root = root};
  std::string text =
      signed_checkpoint(head.origin, size, root, std::array<std::string, 1>{"hub log 1"});
  for (const std::string& member : members) {
    text += line_of(member, head, time_s++);
  }
  return text;
}

std::string EvidenceLog::line_of(const std::string& member, const ledger::Checkpoint& head,
                                 std::uint64_t time_s, int node) {
  const std::string name = node_key_name(member, node, "witness");
  const std::string message = ledger::cosignature_message(time_s, ledger::checkpoint_body(head));
  return ledger::cosignature_line({.name = head.origin + "/" + member,
                                   .type = ledger::kNoteCosignature,
                                   .key = signing_public(name)},
                                  time_s,
                                  as_bytes(must(key_signer(name)->sign(as_bytes(message)))));
}

exchange::EvidenceParts EvidenceLog::parts_of(std::uint64_t notice,
                                              const std::vector<std::uint64_t>& about,
                                              const std::vector<std::string>& witnesses) const {
  exchange::EvidenceParts parts{.genesis = exchange_.genesis(),
                                .checkpoint = note(witnesses),
                                .directory = {},
                                .notice = record(notice),
                                .about = {},
                                .counts = {},
                                .heads = {},
                                .last_leaf = leaf_at(log_.size() - 1),
                                .last_path = path_of(log_.size() - 1)};
  for (const std::uint64_t index : about) {
    parts.about.push_back(record(index));
  }
  for (std::uint64_t i = 0; i < log_.size(); ++i) {
    if (envelope_at(i).draft.kind().starts_with("directory.")) {
      parts.directory.push_back(envelope_at(i).bytes());
    }
  }
  return parts;
}

}  // namespace chancery::test
