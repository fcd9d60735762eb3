#include "node/store/evidence.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/completeness.h"
#include "core/exchange/evidence.h"
#include "core/exchange/kinds.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tile_proofs.h"
#include "node/store/consultation.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

using exchange::Envelope;

constexpr std::size_t kUnneededProvenMax = 64;

class Maker {
 public:
  explicit Maker(NodeStore& store) : store_(store) {}

  Result<std::string> make(const v1::ProveRequest& request) {
    CHANCERY_TRY(const std::uint64_t index, logged_index(store_, request.notice()));
    std::vector<std::uint64_t> thread;
    if (request.thread()) {
      CHANCERY_TRY(thread, thread_of(index));
    }
    CHANCERY_TRY_VOID(choose_checkpoint(thread.empty() ? index : thread.back()));
    parts_.genesis = store_.genesis();
    CHANCERY_TRY(parts_.directory, store_.directory_entries(size_));
    CHANCERY_TRY(parts_.notice, record(index));
    parts_.notice.hidden = request.hide_text();
    CHANCERY_TRY(const Envelope envelope, parse(parts_.notice.envelope));
    for (const v1::Recipient& recipient : envelope.draft.recipients()) {
      CHANCERY_TRY_VOID(add_delivery(envelope, recipient.member(), index));
      CHANCERY_TRY_VOID(add_acknowledgements(envelope, recipient.member()));
    }
    for (const std::uint64_t at : thread) {
      CHANCERY_TRY_VOID(add_of_thread(at));
    }
    for (auto& [at, logged] : about_) {
      parts_.about.push_back(std::move(logged));
    }
    CHANCERY_TRY(const ledger::Leaf last, store_.leaf(size_ - 1));
    parts_.last_leaf = to_string(ledger::encode(last));
    CHANCERY_TRY(parts_.last_path, path(size_ - 1));
    CHANCERY_TRY(std::string file, exchange::evidence_bytes(parts_));
    CHANCERY_TRY_VOID(exchange::verify_evidence(file, store_.genesis()));
    return file;
  }

 private:
  // The entries of the consultation that the notice opens, ascending. Those that its outcome does
  // not need only where they are few: whoever is a party could log any number of them.
  Result<std::vector<std::uint64_t>> thread_of(std::uint64_t opening) {
    CHANCERY_TRY(const std::string bytes, envelope_at(opening));
    CHANCERY_TRY(const Envelope envelope, parse(bytes));
    StoredLog log(store_);
    Result<HeldConsultation> held = read_consultation(log, envelope.notice);
    if (!held.has_value() && held.error().code == ErrorCode::kNotFound) {
      return fail(ErrorCode::kUsage, "the notice opens no consultation");
    }
    if (!held.has_value()) {
      return std::unexpected(held.error());
    }
    std::vector<std::size_t> places = workflow::needed_entries(held->entries, held->outcome);
    if (held->entries.size() - places.size() <= kUnneededProvenMax) {
      places.resize(held->entries.size());
      std::iota(places.begin(), places.end(), std::size_t{0});
    }
    std::vector<std::uint64_t> thread;
    for (const std::size_t at : places) {
      if (at > 0) {
        thread.push_back(held->entries[at].index);
      }
    }
    return thread;
  }

  Result<void> add_of_thread(std::uint64_t index) {
    CHANCERY_TRY(exchange::LoggedRecord logged, record(index));
    CHANCERY_TRY(const Envelope envelope, parse(logged.envelope));
    CHANCERY_TRY(const std::string text, text_in(envelope, logged));
    const Result<v1::Text> parsed = exchange::parse_text(envelope.draft.kind(), text);
    if (parsed.has_value()) {
      CHANCERY_TRY_VOID(add_head(exchange::tallied_size(envelope.draft, *parsed, index)));
    }
    about_.insert_or_assign(index, std::move(logged));
    return {};
  }

  Result<void> add_head(std::optional<std::uint64_t> size) {
    const bool is_new = size.has_value() &&
                        std::ranges::find(parts_.heads, *size - 1, &exchange::LoggedLeaf::index) ==
                            parts_.heads.end();
    if (!is_new) {
      return {};
    }
    exchange::LoggedLeaf head{.index = *size - 1, .leaf = {}, .path = {}};
    CHANCERY_TRY(const ledger::Leaf leaf, store_.leaf(head.index));
    head.leaf = to_string(ledger::encode(leaf));
    CHANCERY_TRY(head.path, path(head.index));
    parts_.heads.push_back(std::move(head));
    return {};
  }

  Result<void> choose_checkpoint(std::uint64_t index) {
    CHANCERY_TRY(const std::optional<CosignedNote> cosigned, store_.cosigned());
    std::string note;
    if (cosigned.has_value() && cosigned->size > index) {
      size_ = cosigned->size;
      note = cosigned->note;
    } else {
      CHANCERY_TRY(size_, store_.boundary_before(std::numeric_limits<std::int64_t>::max()));
      CHANCERY_TRY(note, store_.checkpoint_at(size_));
    }
    if (size_ <= index) {
      return fail(ErrorCode::kNotFound, "the log was not followed to the notice yet");
    }
    CHANCERY_TRY(const exchange::Directory directory, store_.directory_at(size_ - 1));
    CHANCERY_TRY(parts_.checkpoint, exchange::evidence_checkpoint(note, directory));
    return {};
  }

  Result<std::vector<Hash>> path(std::uint64_t index) {
    return ledger::inclusion_proof(index, size_,
                                   [this](const ledger::Tile& tile) { return store_.tile(tile); });
  }

  Result<Envelope> parse(const std::string& envelope) {
    return exchange::parse_envelope(envelope, store_.genesis(), exchange::Bodies::kMaybeErased);
  }

  Result<std::string> envelope_at(std::uint64_t index) {
    CHANCERY_TRY(std::optional<std::string> envelope, store_.held_envelope(index));
    if (!envelope.has_value()) {
      return fail(ErrorCode::kStoreDamaged,
                  "the envelope of entry " + std::to_string(index) + " is not there, or not whole");
    }
    return *std::move(envelope);
  }

  Result<exchange::LoggedRecord> record(std::uint64_t index) {
    CHANCERY_TRY(const ledger::Leaf leaf, store_.leaf(index));
    exchange::LoggedRecord logged{
        .index = index, .leaf = to_string(ledger::encode(leaf)), .path = {}, .envelope = {}};
    CHANCERY_TRY(logged.envelope, envelope_at(index));
    CHANCERY_TRY(logged.path, path(index));
    CHANCERY_TRY(const Envelope parsed, parse(logged.envelope));
    if (parsed.sealed()) {
      CHANCERY_TRY(std::optional<std::string> plaintext, store_.held_plaintext(index));
      logged.plaintext = std::move(plaintext).value_or("");
    }
    return logged;
  }

  // Nothing of what is not below the checkpoint, or not there whole.
  Result<bool> add(std::uint64_t index) {
    if (index >= size_) {
      return false;
    }
    Result<exchange::LoggedRecord> logged = record(index);
    if (!logged.has_value()) {
      return logged.error().code == ErrorCode::kStoreDamaged
                 ? Result<bool>(false)
                 : Result<bool>(std::unexpected(logged.error()));
    }
    CHANCERY_TRY(const Envelope envelope, parse(logged->envelope));
    if (envelope.erased.has_value() || (envelope.sealed() && logged->plaintext.empty())) {
      return false;  // What it says is gone.
    }
    about_.insert_or_assign(index, *std::move(logged));
    return true;
  }

  Result<void> add_delivery(const Envelope& envelope, const std::string& recipient,
                            std::uint64_t index) {
    const std::string& origin = envelope.draft.origin();
    std::optional<std::uint64_t> stated;
    if (origin == store_.member()) {
      CHANCERY_TRY(const std::optional<StatedBy> by, store_.delivered(recipient, index));
      stated = by.has_value() ? std::optional(by->index) : std::nullopt;
    } else if (recipient == store_.member()) {
      CHANCERY_TRY(stated, store_.stated_to(origin, index));
    }
    if (!stated.has_value()) {
      return {};
    }
    CHANCERY_TRY(const bool added, add(*stated));
    if (!added) {
      return {};
    }
    CHANCERY_TRY(const bool shows, shows_delivery(about_.at(*stated), envelope, recipient, index));
    if (!shows) {
      about_.erase(*stated);
    }
    return {};
  }

  // By its index, or by a count that is added; false where what is here makes another root.
  Result<bool> shows_delivery(const exchange::LoggedRecord& logged, const Envelope& notice,
                              const std::string& recipient, std::uint64_t index) {
    CHANCERY_TRY(const v1::Statement statement, statement_in(logged, notice.draft.origin()));
    if (std::ranges::any_of(statement.early(),
                            [&](const v1::EntryRef& ref) { return ref.index() == index; })) {
      return true;
    }
    exchange::CountPath path;
    CHANCERY_TRY_VOID(
        store_.each_exchanged(notice.draft.origin(), recipient, statement.size(),
                              [&](std::uint64_t at, const Hash& d) { path.add(d, at == index); }));
    if (!path.has_it()) {
      return false;
    }
    v1::EvidenceCount count = path.finish();
    const bool same = count.root() == statement.received().root();
    if (same) {
      parts_.counts.push_back(std::move(count));
    }
    return same;
  }

  Result<v1::Statement> statement_in(const exchange::LoggedRecord& logged,
                                     const std::string& peer) {
    CHANCERY_TRY(const Envelope envelope, parse(logged.envelope));
    CHANCERY_TRY(const std::string text, text_in(envelope, logged));
    return exchange::parse_statement(text, peer, logged.index);
  }

  static Result<std::string> text_in(const Envelope& envelope,
                                     const exchange::LoggedRecord& logged) {
    return envelope.sealed() ? exchange::unpad_text(logged.plaintext)
                             : Result<std::string>(envelope.body.clear());
  }

  Result<void> add_acknowledgements(const Envelope& envelope, const std::string& recipient) {
    CHANCERY_TRY(const std::vector<Acknowledged> said,
                 store_.acknowledged(envelope.notice, recipient));
    for (const Acknowledged& acknowledged : said) {
      CHANCERY_TRY([[maybe_unused]] const bool added, add(acknowledged.by.index));
    }
    return {};
  }

  NodeStore& store_;
  std::uint64_t size_ = 0;  // Of the checkpoint.
  exchange::EvidenceParts parts_;
  std::map<std::uint64_t, exchange::LoggedRecord> about_;
};

}  // namespace

Result<std::uint64_t> logged_index(NodeStore& store, const std::string& notice) {
  if (notice.size() < kNoticePrefixBytesMin || notice.size() > Hash{}.size()) {
    return fail(ErrorCode::kUsage, "a notice is named by 8 to 64 digits");
  }
  v1::ShowRequest named;
  named.set_notice(notice);
  CHANCERY_TRY(const std::optional<OutboxRow> own, store.find_own(named));
  CHANCERY_TRY(const std::optional<v1::InboxItem> received, store.find_notice(named));
  if (own.has_value() && received.has_value()) {
    return fail(ErrorCode::kUsage, "more than one notice begins so: give more digits");
  }
  if (received.has_value() && received->logged()) {
    return received->index();
  }
  if (!own.has_value() && !received.has_value()) {
    return fail(ErrorCode::kNotFound, "no notice here begins with " + hex(as_bytes(notice)));
  }
  if (!own.has_value() || own->stage != OutboxStage::kLogged) {
    return fail(ErrorCode::kNotFound, "the notice is not logged yet");
  }
  return own->index;
}

Result<std::string> make_evidence(NodeStore& store, const v1::ProveRequest& request) {
  return Maker(store).make(request);
}

Result<std::vector<std::string>> NodeStore::directory_entries(std::uint64_t size) {
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT envelope FROM directory_entry WHERE idx < ?1 ORDER BY idx"));
  select->bind(1, size);
  std::vector<std::string> envelopes;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return envelopes;
    }
    CHANCERY_TRY(envelopes.emplace_back(), select->column_blob(0));
  }
}

Result<std::string> NodeStore::checkpoint_at(std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT checkpoint FROM batch WHERE size_after = ?1"));
  select->bind(1, size);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return fail(ErrorCode::kNotFound, "no batch of the log ends at " + std::to_string(size));
  }
  CHANCERY_TRY(std::string note, select->column_blob(0));
  select->reset();
  return note;
}

Result<void> NodeStore::each_exchanged(
    std::string_view origin, std::string_view recipient, std::uint64_t size,
    const std::function<void(std::uint64_t index, const Hash& d)>& take) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx, d FROM exchanged WHERE idx < ?3 AND origin = ?1 AND "
                                "instr(recipients, ',' || ?2 || ',') > 0 ORDER BY idx"));
  select->bind(1, origin).bind(2, recipient).bind(3, size);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::string d, select->column_blob(1));
    take(index, hash_from(d));
  }
}

Result<std::optional<std::uint64_t>> NodeStore::stated_to(std::string_view peer,
                                                          std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx, draft, text, sealed FROM outbox_whole WHERE idx > ?1 "
                                "ORDER BY idx LIMIT ?2"));
  select->bind(1, index).bind(2, kStatementsSeenMax);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return std::optional<std::uint64_t>();
    }
    CHANCERY_TRY(const std::uint64_t at, select->column_u64(0));
    CHANCERY_TRY(const std::string draft_bytes, select->column_blob(1));
    const Result<v1::Draft> draft = exchange::parse_wire<v1::Draft>(draft_bytes);
    if (!draft.has_value() || draft->kind() != exchange::kStatementKind ||
        draft->recipients_size() != 1 || draft->recipients(0).member() != peer) {
      continue;
    }
    CHANCERY_TRY(std::string text, select->column_blob(2));
    CHANCERY_TRY(const std::uint64_t sealed, select->column_u64(3));
    if (sealed != 0) {
      Result<std::string> unpadded = exchange::unpad_text(text);
      text = std::move(unpadded).value_or("");
    }
    const Result<v1::Statement> statement = exchange::parse_statement(text, peer, at);
    if (statement.has_value() &&
        (statement->size() > index ||
         std::ranges::any_of(statement->early(),
                             [&](const v1::EntryRef& ref) { return ref.index() == index; }))) {
      select->reset();
      return std::optional(at);
    }
  }
}

Result<std::optional<std::string>> NodeStore::held_plaintext(std::uint64_t index) {
  CHANCERY_TRY(
      sqlite::Statement* const select,
      impl_->statement("SELECT text FROM inbox WHERE idx = ?1 UNION ALL SELECT text FROM statement "
                       "WHERE idx = ?1 UNION ALL SELECT text FROM outbox_whole WHERE idx = ?1"));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::optional<std::string>();
  }
  CHANCERY_TRY(std::string text, select->column_blob(0));
  select->reset();
  return text.empty() ? std::optional<std::string>() : std::optional(std::move(text));
}

}  // namespace chancery::node
