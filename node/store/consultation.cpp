#include "node/store/consultation.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kinds.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "core/workflow/consultation_evidence.h"
#include "core/workflow/consultation_reply.h"
#include "node/store/evidence.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

using workflow::ConsultationEntry;
using workflow::Ignored;
using workflow::Outcome;

// Whether it is the opening, or about it (C-221).
bool is_about(const ConsultationEntry& entry, const Hash& opening) {
  return std::holds_alternative<v1::ConsultationOpen>(entry.content)
             ? entry.n == opening || workflow::names(entry.supersedes, opening)
             : entry.about == opening;
}

}  // namespace

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
    return held;
  }
  if (as_view(exchange::text_digest(*text)) != held.envelope.draft.text_digest()) {
    return fail(ErrorCode::kStoreDamaged,
                "the text of entry " + std::to_string(index) + " is not what was logged");
  }
  held.text = *std::move(text);
  if (held.envelope.sealed()) {
    CHANCERY_TRY(held.text, exchange::unpad_text(*held.text));
  }
  return held;
}

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

Result<void> NodeStore::put_about(const Hash& notice, std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const put, impl_->statement(kPutAbout));
  return put->bind(1, Bytes(notice)).bind(2, index).run();
}

Result<std::vector<std::uint64_t>> NodeStore::about(const Hash& notice, std::size_t count_max) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT idx FROM about WHERE notice = ?1 ORDER BY idx LIMIT ?2"));
  select->bind(1, Bytes(notice)).bind(2, count_max);
  return indices_of(*select);
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

Result<bool> NodeStore::opens_consultation(std::string_view notice) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT 1 FROM consultation WHERE opening = ?1 AND idx >= 0"));
  select->bind(1, as_bytes(notice));
  CHANCERY_TRY(const bool opens, select->step());
  select->reset();
  return opens;
}

Result<std::optional<std::string>> NodeStore::received_from(std::string_view notice) {
  CHANCERY_TRY(sqlite::Statement* const select,
               impl_->statement("SELECT origin FROM inbox WHERE arrival = ?1 AND notice = ?2"));
  CHANCERY_TRY(const std::uint64_t arrival, impl_->find_row(NoticeIndex::Part::kInbox, notice));
  select->bind(1, arrival).bind(2, as_bytes(notice));
  CHANCERY_TRY(const bool row, select->step());
  std::optional<std::string> origin;
  if (row) {
    CHANCERY_TRY(origin, select->column_text(0));
  }
  select->reset();
  return origin;
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
  return workflow::cut_of(
      checkpoint, [this](std::uint64_t size) -> Result<std::optional<workflow::LogHead>> {
        CHANCERY_TRY(const std::optional<Hash> root, store_.root_at(size));
        CHANCERY_TRY(const exchange::Directory* const directory, directory_below(size));
        if (!root.has_value() || directory == nullptr) {
          return std::optional<workflow::LogHead>();
        }
        return std::optional(workflow::LogHead{.root = *root, .directory = directory});
      });
}

Result<HeldConsultation> read_consultation(StoredLog& log, const Hash& opening) {
  NodeStore& store = log.store();
  CHANCERY_TRY(const std::vector<std::uint64_t> indices, store.about(opening));
  HeldConsultation held;
  for (const std::uint64_t index : indices) {
    CHANCERY_TRY(HeldNotice notice, held_notice(store, index));
    const v1::Draft& draft = notice.envelope.draft;
    if (!draft.kind().starts_with(workflow::kConsultationKinds)) {
      continue;  // People answer an opening as they like.
    }
    if (!notice.text.has_value()) {
      return fail(ErrorCode::kBodyErased, "of entry " + std::to_string(index));
    }
    const Result<std::optional<ConsultationEntry>> read =
        workflow::consultation_entry(draft, notice.envelope.notice, index, *notice.text);
    std::optional<ConsultationEntry> entry = read.value_or(std::nullopt);
    if (!entry.has_value() || !is_about(*entry, opening) ||
        (held.entries.empty() && entry->n != opening)) {
      continue;  // What came before the opening, about an N that nobody could know.
    }
    if (held.entries.empty()) {
      CHANCERY_TRY_VOID(workflow::check_opening(*entry));
      CHANCERY_TRY(const v1::Text text, exchange::parse_text(draft.kind(), *notice.text));
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

namespace {

// What this member has said about it and is not logged, or not read yet, in the order in which it
// was said: as if it were logged next.
Result<void> add_own_words(NodeStore& store, const Hash& opening, HeldConsultation& held) {
  CHANCERY_TRY(const std::vector<NodeStore::OwnWord> words, store.own_words(opening));
  for (const NodeStore::OwnWord& word : words | std::views::reverse) {
    const auto known = std::ranges::find(held.entries, word.n, &ConsultationEntry::n);
    if (known != held.entries.end()) {
      continue;
    }
    v1::ShowRequest request;
    request.set_notice(to_string(word.n));
    CHANCERY_TRY(std::optional<OutboxRow> own, store.find_own(request));
    if (!own.has_value()) {
      continue;
    }
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(own->draft));
    if (own->sealed) {
      CHANCERY_TRY(own->text, exchange::unpad_text(own->text));
    }
    CHANCERY_TRY(
        std::optional<ConsultationEntry> entry,
        workflow::consultation_entry(draft, word.n, held.entries.back().index + 1, own->text));
    if (entry.has_value()) {
      held.entries.push_back(*std::move(entry));
    }
  }
  return {};
}

}  // namespace

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
    CHANCERY_TRY_VOID(add_own_words(store, opening, held));
    entry->index = held.entries.back().index + 1;
    held.entries.push_back(*entry);
    const Outcome outcome = workflow::fold_consultation(held.entries, log.view());
    CHANCERY_TRY_VOID(log.failure());
    if (const std::optional<Ignored> ignored = outcome.ignored.back(); ignored.has_value()) {
      return fail(ErrorCode::kInvalidKind,
                  "it would not count: " + std::string(workflow::why(*ignored)));
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

Result<v1::Consultation> show_consultation(StoredLog& log, const Hash& opening) {
  CHANCERY_TRY(const HeldConsultation held, read_consultation(log, opening));
  return workflow::as_reply(held.entries, held.outcome, held.subject);
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
    Result<v1::Consultation> shown = show_consultation(log, opening);
    if (named.empty() && !shown.has_value() && shown.error().code != ErrorCode::kIo) {
      v1::Consultation unread;  // The others of the list are told all the same.
      unread.set_opening(to_string(opening));
      unread.set_problem(shown.error().to_string());
      shown = std::move(unread);
    }
    CHANCERY_TRY(*reply.add_consultations(), std::move(shown));
  }
  return reply;
}

}  // namespace chancery::node
