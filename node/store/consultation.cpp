#include "node/store/consultation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kinds.h"
#include "core/exchange/seal.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "node/store/evidence.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

using workflow::ConsultationEntry;
using workflow::Ignored;
using workflow::Outcome;

constexpr std::uint64_t kMsPerSecond = 1000;

Result<Hash> hash_in(const sqlite::Statement& select, int column) {
  CHANCERY_TRY(const std::string bytes, select.column_blob(column));
  if (bytes.size() != Hash{}.size()) {
    return fail(ErrorCode::kStoreDamaged, "a hash of another length");
  }
  return hash_from(bytes);
}

Result<std::vector<Hash>> hashes_of(sqlite::Statement& select) {
  std::vector<Hash> hashes;
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return hashes;
    }
    CHANCERY_TRY(hashes.emplace_back(), hash_in(select, 0));
  }
}

struct HeldNotice {
  exchange::Envelope envelope;
  std::string text;  // Without padding.
};

Result<HeldNotice> held_notice(NodeStore& store, std::uint64_t index) {
  CHANCERY_TRY(const std::optional<std::string> bytes, store.held_envelope(index));
  CHANCERY_TRY(std::optional<std::string> text, store.held_plaintext(index));
  if (!bytes.has_value()) {
    return fail(ErrorCode::kStoreDamaged,
                "the envelope of entry " + std::to_string(index) + " is not there, or not whole");
  }
  HeldNotice held;
  CHANCERY_TRY(held.envelope,
               exchange::parse_envelope(*bytes, store.genesis(), exchange::Bodies::kMaybeErased));
  if (!text.has_value() || held.envelope.erased.has_value()) {
    return fail(ErrorCode::kBodyErased, "of entry " + std::to_string(index));
  }
  held.text = *std::move(text);
  if (held.envelope.sealed()) {
    CHANCERY_TRY(held.text, exchange::unpad_text(held.text));
  }
  return held;
}

std::string_view why(Ignored reason) {
  switch (reason) {
    case Ignored::kNotAParty:
      return "its origin has no say in this";
    case Ignored::kNotToAll:
      return "it was not addressed to every party";
    case Ignored::kOtherStatus:
      return "it has another status than the opening";
    case Ignored::kAfterCut:
      return "it was logged after the cut";
    case Ignored::kAnsweredBefore:
      return "an earlier one counts, which it does not supersede";
    case Ignored::kNotLater:
      return "it extends to no later time";
    case Ignored::kNoPosition:
      return "it takes no position";
    case Ignored::kEnded:
      return "the consultation had ended";
    case Ignored::kNoCut:
      return "its checkpoint is not at quorum, or from before the deadline";
  }
  return "";
}

v1::Consultation shown(const HeldConsultation& held) {
  const ConsultationEntry& opening = held.entries.front();
  const Outcome& outcome = held.outcome;
  v1::Consultation shown;
  shown.set_opening(to_string(opening.n));
  shown.set_index(opening.index);
  shown.set_opener(opening.origin);
  shown.set_status(opening.status);
  shown.set_subject(held.subject);
  *shown.mutable_terms() = std::get<v1::ConsultationOpen>(opening.content);
  // Both enumerations have one more value than the fold's, which is the first.
  shown.set_conclusion(
      static_cast<v1::ConsultationConclusion>(std::to_underlying(outcome.conclusion) + 1));
  shown.set_final(outcome.is_final);
  shown.set_deadline_ms(outcome.deadline_ms);
  shown.set_cut_size(outcome.cut.value_or(workflow::Cut{}).size);
  shown.set_cut_time_ms(outcome.cut.value_or(workflow::Cut{}).time_ms);
  for (const workflow::Party& party : outcome.parties) {
    v1::ConsultationParty& each = *shown.add_parties();
    each.set_member(party.member);
    each.set_opens(party.opens);
    each.set_participates(party.participates);
    each.set_standing(
        static_cast<v1::ConsultationStanding>(std::to_underlying(party.standing) + 1));
    if (party.response.has_value()) {
      const ConsultationEntry& response = held.entries[*party.response];
      each.set_response(to_string(response.n));
      each.set_response_index(response.index);
      *each.mutable_responded() = std::get<v1::ConsultationRespond>(response.content);
    }
    if (party.tally.has_value()) {
      each.set_tally(to_string(held.entries[*party.tally].n));
      each.set_tally_index(held.entries[*party.tally].index);
    }
  }
  for (std::size_t i = 0; i < held.entries.size(); ++i) {
    const std::optional<Ignored>& ignored = outcome.ignored[i];
    if (ignored.has_value()) {
      v1::ConsultationIgnored& each = *shown.add_ignored();
      each.set_index(held.entries[i].index);
      each.set_notice(to_string(held.entries[i].n));
      each.set_origin(held.entries[i].origin);
      each.set_why(std::string(why(*ignored)));
    }
  }
  return shown;
}

}  // namespace

Result<void> NodeStore::Impl::put_own_word(const std::vector<Hash>& openings,
                                           std::uint64_t number) {
  for (const Hash& opening : openings) {
    CHANCERY_TRY(sqlite::Statement* const put,
                 statement("INSERT INTO own_word(opening, seq) VALUES(?1, ?2) "
                           "ON CONFLICT DO NOTHING"));
    CHANCERY_TRY_VOID(put->bind(1, Bytes(opening)).bind(2, number).run());
  }
  return {};
}

Result<void> NodeStore::put_about(const Hash& opening, std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO about(opening, idx) VALUES(?1, ?2) "
                                "ON CONFLICT DO NOTHING"));  // A hub may send one in both lanes.
  return put->bind(1, Bytes(opening)).bind(2, index).run();
}

Result<std::vector<std::uint64_t>> NodeStore::about(const Hash& opening) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx FROM about WHERE opening = ?1 ORDER BY idx"));
  select->bind(1, Bytes(opening));
  std::vector<std::uint64_t> indices;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return indices;
    }
    CHANCERY_TRY(indices.emplace_back(), select->column_u64(0));
  }
}

Result<std::vector<Hash>> NodeStore::openings(std::string_view prefix, std::size_t count_max) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT opening FROM consultation WHERE substr(opening, 1, ?2) = "
                                "?1 AND idx >= 0 ORDER BY idx DESC LIMIT ?3"));
  select->bind(1, as_bytes(prefix)).bind(2, prefix.size()).bind(3, count_max);
  return hashes_of(*select);
}

Result<void> NodeStore::put_consulted(const Consulted& consulted) {
  CHANCERY_TRY(sqlite::Statement* const put,
               impl_->statement("INSERT INTO consultation(idx, opening, held_since_ms, tallied) "
                                "VALUES(?1, ?2, ?3, 0) ON CONFLICT(opening) DO UPDATE SET idx = "
                                "excluded.idx"));
  return put->bind(1, consulted.index)
      .bind(2, Bytes(consulted.opening))
      .bind(3, consulted.held_since_ms)
      .run();
}

Result<std::vector<NodeStore::Consulted>> NodeStore::not_tallied() {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT opening, idx, held_since_ms FROM consultation WHERE "
                                "tallied = 0 AND idx >= 0 ORDER BY idx"));
  std::vector<Consulted> all;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return all;
    }
    Consulted& each = all.emplace_back();
    CHANCERY_TRY(each.opening, hash_in(*select, 0));
    CHANCERY_TRY(each.index, select->column_u64(1));
    CHANCERY_TRY(each.held_since_ms, select->column_u64(2));
  }
}

Result<void> NodeStore::mark_tallied(const Hash& opening) {
  CHANCERY_TRY(sqlite::Statement* const mark,
               impl_->statement("UPDATE consultation SET tallied = 1 WHERE opening = ?1"));
  return mark->bind(1, Bytes(opening)).run();
}

Result<std::vector<NodeStore::OwnWord>> NodeStore::own_words(const Hash& opening) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT o.notice, o.queued_at_ms, o.idx FROM own_word w JOIN "
                                "outbox o ON o.seq = w.seq WHERE w.opening = ?1 AND o.stage != 4 "
                                "ORDER BY w.seq DESC"));
  select->bind(1, Bytes(opening));
  std::vector<OwnWord> all;
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return all;
    }
    OwnWord& each = all.emplace_back();
    CHANCERY_TRY(each.n, hash_in(*select, 0));
    CHANCERY_TRY(each.queued_at_ms, select->column_u64(1));
    if (!select->column_is_null(2)) {
      CHANCERY_TRY(each.index, select->column_u64(2));
    }
  }
}

Result<std::optional<std::uint64_t>> NodeStore::directory_entry_below(std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx FROM directory_entry WHERE idx < ?1 ORDER BY idx DESC "
                                "LIMIT 1"));
  select->bind(1, std::min(size, kAnyTime));
  CHANCERY_TRY(const bool row, select->step());
  std::optional<std::uint64_t> index;
  if (row) {
    CHANCERY_TRY(index, select->column_u64(0));
  }
  select->reset();
  return index;
}

workflow::LogView StoredLog::view() {
  return {.cut = [this](std::string_view checkpoint) -> std::optional<workflow::Cut> {
            const auto known = cuts_.find(checkpoint);
            if (known != cuts_.end()) {
              return known->second;
            }
            Result<std::optional<workflow::Cut>> read = cut(checkpoint);
            if (!read.has_value()) {
              failure_ = std::unexpected(read.error());
              return std::nullopt;
            }
            return cuts_.emplace(checkpoint, *read).first->second;
          },
          .is_member =
              [this](std::string_view member, std::uint64_t size) {
                const Result<const exchange::Directory*> directory = directory_below(size);
                if (!directory.has_value()) {
                  failure_ = std::unexpected(directory.error());
                  return false;
                }
                return *directory != nullptr && (*directory)->member(member) != nullptr;
              }};
}

Result<const exchange::Directory*> StoredLog::directory_below(std::uint64_t size) {
  CHANCERY_TRY(const std::optional<std::uint64_t> newest, store_.directory_entry_below(size));
  if (!newest.has_value()) {
    return nullptr;
  }
  auto known = directories_.find(*newest);
  if (known == directories_.end()) {
    CHANCERY_TRY(exchange::Directory directory, store_.directory_at(*newest));
    known = directories_.emplace(*newest, std::move(directory)).first;
  }
  return &known->second;
}

Result<std::optional<workflow::Cut>> StoredLog::cut(std::string_view checkpoint) {
  const std::optional<workflow::Cut> none;
  const Result<ledger::Note> note = ledger::parse_note(checkpoint);
  if (!note.has_value()) {
    return none;
  }
  const Result<ledger::Checkpoint> named = ledger::parse_checkpoint_body(note->text);
  if (!named.has_value() || named->size == 0) {
    return none;
  }
  CHANCERY_TRY(const std::optional<Hash> root, store_.root_at(named->size));
  CHANCERY_TRY(const exchange::Directory* const directory, directory_below(named->size));
  if (root != named->root || directory == nullptr) {
    return none;
  }
  const Result<ledger::SignedCheckpoint> opened =
      ledger::open_checkpoint(checkpoint, directory->log_keys());
  if (!opened.has_value()) {
    return none;
  }
  const Result<std::optional<std::uint64_t>> time_s =
      exchange::quorum_time(opened->note, std::array{exchange::witnesses_of(*directory)});
  if (!time_s.has_value() || !time_s->has_value()) {
    return none;
  }
  return workflow::Cut{.size = named->size, .time_ms = time_s->value_or(0) * kMsPerSecond};
}

Result<HeldConsultation> read_consultation(StoredLog& log, const Hash& opening) {
  NodeStore& store = log.store();
  CHANCERY_TRY(const std::vector<std::uint64_t> indices, store.about(opening));
  HeldConsultation held;
  for (const std::uint64_t index : indices) {
    CHANCERY_TRY(HeldNotice notice, held_notice(store, index));
    CHANCERY_TRY(std::optional<ConsultationEntry> entry,
                 workflow::consultation_entry(notice.envelope.draft, notice.envelope.notice, index,
                                              notice.text));
    if (!entry.has_value() || (held.entries.empty() && entry->n != opening)) {
      continue;  // What came before the opening, about an N that nobody could know.
    }
    if (held.entries.empty()) {
      CHANCERY_TRY_VOID(workflow::check_opening(*entry));
      CHANCERY_TRY(const v1::Text text,
                   exchange::parse_text(notice.envelope.draft.kind(), notice.text));
      held.subject = text.subject();
      held.sealed = notice.envelope.sealed();
      held.draft = std::move(notice.envelope.draft);
    }
    held.entries.push_back(*std::move(entry));
  }
  if (held.entries.empty()) {
    return fail(ErrorCode::kNotFound, "no consultation here was opened by " + hex(opening));
  }
  held.outcome = workflow::fold_consultation(held.entries, log.view());
  CHANCERY_TRY_VOID(log.failure());
  return held;
}

Result<std::vector<Hash>> judge_word(NodeStore& store, const v1::Draft& draft, const Hash& n,
                                     std::string_view text) {
  CHANCERY_TRY(std::optional<ConsultationEntry> entry,
               workflow::consultation_entry(draft, n, 0, text));
  if (!entry.has_value()) {
    return std::vector<Hash>();
  }
  const auto* const terms = std::get_if<v1::ConsultationOpen>(&entry->content);
  if (terms != nullptr) {
    CHANCERY_TRY_VOID(workflow::check_opening(*entry));
  }
  std::vector<Hash> about = terms == nullptr ? std::vector{entry->about} : entry->supersedes;
  StoredLog log(store);
  for (const Hash& opening : about) {
    CHANCERY_TRY(HeldConsultation held, read_consultation(log, opening));
    entry->index = held.entries.back().index + 1;
    held.entries.push_back(*entry);
    const Outcome outcome = workflow::fold_consultation(held.entries, log.view());
    CHANCERY_TRY_VOID(log.failure());
    if (const std::optional<Ignored> ignored = outcome.ignored.back(); ignored.has_value()) {
      return fail(ErrorCode::kInvalidKind, "it would not count: " + std::string(why(*ignored)));
    }
    const auto* const response = std::get_if<v1::ConsultationRespond>(&entry->content);
    if (response != nullptr && response->position() == v1::POSITION_AGREE_WITH_RESERVATION &&
        !std::get<v1::ConsultationOpen>(held.entries.front().content).reservations_allowed()) {
      return fail(ErrorCode::kInvalidKind,
                  "the opening allows no reservation: agree, abstain or object");
    }
  }
  return about;
}

Result<v1::ConsultationReply> show_consultations(NodeStore& store,
                                                 const v1::ConsultationRequest& request) {
  const std::string& named = request.opening();
  if (!named.empty() && (named.size() < kNoticePrefixBytesMin || named.size() > Hash{}.size())) {
    return fail(ErrorCode::kUsage, "an opening is named by 8 to 64 digits");
  }
  CHANCERY_TRY(const std::vector<Hash> openings,
               store.openings(named, named.empty() ? kConsultationsMax : 2));
  if (!named.empty() && openings.size() > 1) {
    return fail(ErrorCode::kUsage, "more than one opening begins so: give more digits");
  }
  if (!named.empty() && openings.empty()) {
    return fail(ErrorCode::kNotFound, "no consultation here begins with " + hex(as_bytes(named)));
  }
  v1::ConsultationReply reply;
  StoredLog log(store);
  for (const Hash& opening : openings) {
    CHANCERY_TRY(const HeldConsultation held, read_consultation(log, opening));
    *reply.add_consultations() = shown(held);
  }
  return reply;
}

}  // namespace chancery::node
