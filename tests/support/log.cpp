#include "tests/support/log.h"

namespace chancery::test {

std::string signed_checkpoint(std::string_view origin_line, std::uint64_t size, const Hash& root,
                              std::span<const std::string> keys) {
  const std::string body =
      ledger::checkpoint_body({.origin = std::string(origin_line), .size = size, .root = root});
  ledger::Note note{.text = body, .signatures = {}};
  for (const std::string& name : keys) {
    const std::unique_ptr<crypto::KeySigner> signer = key_signer(name);
    const ledger::NoteKey key{.name = std::string(origin_line),
                              .type = ledger::kNoteEd25519,
                              .key = signer->public_key()};
    note.signatures.push_back(
        ledger::note_signature(key, as_bytes(must(signer->sign(as_bytes(body))))));
  }
  return ledger::format_note(note);
}

std::vector<ledger::Leaf> leaves_of(const v1::LogBatch& batch) {
  std::vector<ledger::Leaf> leaves;
  for (std::size_t i = 0; i < batch.entries().size(); i += Hash{}.size()) {
    leaves.push_back({.type = static_cast<ledger::LeafType>(batch.type()),
                      .accepted_at_ms = batch.accepted_at_ms(),
                      .directory = hash_from(batch.directory()),
                      .entry = hash_from(batch.entries().substr(i, Hash{}.size()))});
  }
  return leaves;
}

void resign(v1::LogBatch& batch, const ledger::CompactTree& before, std::string_view origin_line,
            std::span<const std::string> keys) {
  ledger::CompactTree tree = before;
  for (const ledger::Leaf& leaf : leaves_of(batch)) {
    tree.append(ledger::leaf_hash(leaf));
  }
  batch.set_checkpoint(signed_checkpoint(origin_line, tree.size(), tree.root(), keys));
}

TestLog::TestLog(const TestExchange& exchange)
    : exchange_(exchange), directory_(exchange.genesis()) {}

void TestLog::found() {
  for (const std::string& entry : exchange_.founding_entries()) {
    append_entry(entry);
  }
}

const v1::LogBatch& TestLog::append(std::span<const std::string> envelopes,
                                    std::uint64_t accepted_at_ms) {
  v1::LogBatch batch;
  batch.set_type(static_cast<std::uint32_t>(ledger::LeafType::kNotice));
  batch.set_accepted_at_ms(accepted_at_ms == 0 ? accepted_at_ms_ + 1 : accepted_at_ms);
  for (const std::string& envelope : envelopes) {
    batch.mutable_entries()->append(as_view(exchange_.parse(envelope).entry));
    envelopes_.push_back(envelope);
  }
  return commit(std::move(batch));
}

const v1::LogBatch& TestLog::append_bytes(const std::string& envelope) {
  v1::LogBatch batch;
  batch.set_type(static_cast<std::uint32_t>(ledger::LeafType::kNotice));
  batch.set_accepted_at_ms(accepted_at_ms_ + 1);
  batch.set_entries(to_string(must(exchange::entry_of(envelope, exchange_.genesis()))));
  envelopes_.push_back(envelope);
  return commit(std::move(batch));
}

const v1::LogBatch& TestLog::append_entry(std::string_view envelope) {
  const exchange::Envelope entry = exchange_.parse(envelope);
  must(directory_.apply(entry, cache_));
  v1::LogBatch batch;
  batch.set_type(static_cast<std::uint32_t>(ledger::LeafType::kDirectory));
  batch.set_accepted_at_ms(accepted_at_ms_ + 1);
  batch.set_entries(to_string(entry.entry));
  batch.set_directory_entry(std::string(envelope));
  envelopes_.emplace_back(envelope);
  return commit(std::move(batch));
}

const v1::LogBatch& TestLog::commit(v1::LogBatch batch) {
  batch.set_first_index(tree_.size());
  batch.set_directory(to_string(directory_.root()));
  resign(batch, tree_, directory_.roster().hub().origin_line(), log_keys_);
  for (const ledger::Leaf& leaf : leaves_of(batch)) {
    tree_.append(ledger::leaf_hash(leaf));
  }
  accepted_at_ms_ = batch.accepted_at_ms();
  return batches_.emplace_back(std::move(batch));
}

std::vector<v1::AuditBatch> TestLog::audit_batches() const {
  std::vector<v1::AuditBatch> pages;
  ledger::CompactTree tree;
  for (const v1::LogBatch& batch : batches_) {
    v1::AuditBatch& page = pages.emplace_back();
    page.set_first_index(batch.first_index());
    page.set_checkpoint(batch.checkpoint());
    std::uint64_t index = batch.first_index();
    for (const ledger::Leaf& leaf : leaves_of(batch)) {
      const auto bytes = ledger::encode(leaf);
      page.mutable_leaves()->append(as_view(bytes));
      tree.append(ledger::leaf_hash(leaf));
      v1::AuditEntry& entry = *page.add_entries();
      entry.set_index(index);
      entry.set_envelope(envelopes_[static_cast<std::size_t>(index)]);
      if (const Result<exchange::Envelope> envelope =
              exchange::parse_envelope(entry.envelope(), exchange_.genesis());
          envelope.has_value()) {
        entry.set_origin(envelope->draft.origin());
        entry.set_notice_id(envelope->draft.notice_id());
        entry.set_notice(to_string(envelope->notice));
      }
      ++index;
    }
    page.set_root(to_string(tree.root()));
  }
  return pages;
}

}  // namespace chancery::test
