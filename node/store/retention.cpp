// NodeStore: bodies and texts whose time has passed.

#include "core/exchange/envelope.h"
#include "core/exchange/strict.h"
#include "node/store/impl.h"

namespace chancery::node {
namespace {

// Good and unopenable ones; what is void is evidence.
constexpr std::string_view kSelectKept =
    "SELECT idx, envelope, coalesce(arrived_at_ms, 0) FROM received_whole LEFT JOIN erased "
    "USING(idx) "
    "LEFT JOIN inbox USING(idx) WHERE idx >= ?1 AND erased_at_ms IS NULL AND verdict IN (0, 2) "
    "ORDER BY idx LIMIT ?2";

// Whatever envelope it is, without its body.
Result<std::string> without_body(std::string_view bytes, const Hash& genesis) {
  CHANCERY_TRY(const exchange::Envelope envelope,
               exchange::parse_envelope(bytes, genesis, exchange::Bodies::kMaybeErased));
  return exchange::erased_bytes(
      envelope.header_bytes, envelope.erased.value_or(exchange::body_digest(envelope.body_bytes)),
      envelope.signatures_bytes);
}

// What no longer parses has no rule: what is damaged stays as it is.
Result<v1::Draft> draft_of(std::string_view envelope) {
  CHANCERY_TRY(const v1::Envelope parts, exchange::parse_wire<v1::Envelope>(envelope));
  CHANCERY_TRY(const v1::Header header, exchange::parse_wire<v1::Header>(parts.header()));
  return exchange::parse_wire<v1::Draft>(header.draft());
}

}  // namespace

Result<std::vector<exchange::Kept>> NodeStore::kept(std::uint64_t from, std::size_t count_max) {
  std::vector<exchange::Kept> page;
  CHANCERY_TRY(sqlite::Statement* const select, impl_->statement(kSelectKept));
  select->bind(1, from).bind(2, count_max);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return page;
    }
    exchange::Kept& kept = page.emplace_back();
    CHANCERY_TRY(kept.index, select->column_u64(0));
    CHANCERY_TRY(const std::string bytes, select->column_blob(1));
    CHANCERY_TRY(kept.arrived_at_ms, select->column_u64(2));
    CHANCERY_TRY(const std::optional<ledger::Leaf> at, sound_leaf(kept.index));
    if (at.has_value()) {  // What has lost its leaf stays as well.
      kept.accepted_at_ms = at->accepted_at_ms;
      kept.draft = draft_of(bytes).value_or(v1::Draft());
    }
  }
}

Result<std::vector<std::uint64_t>> NodeStore::erase_bodies(std::span<const std::uint64_t> indices,
                                                           std::uint64_t now_ms) {
  std::vector<std::uint64_t> damaged;
  for (const std::uint64_t index : indices) {
    CHANCERY_TRY(const std::string bytes, received_envelope(index));
    CHANCERY_TRY(const std::optional<ledger::Leaf> at, sound_leaf(index));
    const Result<exchange::Envelope> envelope = exchange::parse_envelope(bytes, impl_->genesis);
    if (!at.has_value() || !envelope.has_value() || envelope->entry != at->entry) {
      damaged.push_back(index);
      continue;
    }
    CHANCERY_TRY_VOID(impl_->erase_body(index, bytes, now_ms));
  }
  return damaged;
}

Result<void> NodeStore::Impl::erase_body(std::uint64_t index, std::string_view received,
                                         std::uint64_t now_ms) {
  CHANCERY_TRY(sqlite::Statement* const put,
               statement("INSERT INTO erased(idx, erased_at_ms) VALUES(?1, ?2)"));
  CHANCERY_TRY_VOID(put->bind(1, index).bind(2, now_ms).run());
  CHANCERY_TRY(Counts* const counted, counts());
  counted->change_intake().erased += 1;
  CHANCERY_TRY_VOID(forget_record(index));
  CHANCERY_TRY(const std::string rest, without_body(received, genesis));
  CHANCERY_TRY(
      sqlite::Statement* const envelope,
      statement(
          "UPDATE received SET envelope = ?2, draft_at = NULL, text_at = NULL WHERE idx = ?1"));
  CHANCERY_TRY_VOID(envelope->bind(1, index).bind(2, as_bytes(rest)).run());
  CHANCERY_TRY(sqlite::Statement* const inbox,
               statement("UPDATE inbox SET text = x'' WHERE idx = ?1"));
  CHANCERY_TRY_VOID(inbox->bind(1, index).run());
  CHANCERY_TRY(sqlite::Statement* const own,
               statement("SELECT envelope, notice_id, seq FROM outbox_whole WHERE idx = ?1"));
  own->bind(1, index);
  CHANCERY_TRY(const bool row, own->step());
  if (!row) {
    return {};
  }
  // What this node signed last may be another stamping than the one that was logged, or nothing:
  // it was to be stamped again when the one before was logged after all.
  std::optional<std::string> sent;
  if (!own->column_is_null(0)) {
    CHANCERY_TRY(sent, own->column_blob(0));
  }
  CHANCERY_TRY(const std::string notice_id, own->column_blob(1));
  CHANCERY_TRY(const std::uint64_t number, own->column_u64(2));
  own->reset();
  CHANCERY_TRY(sqlite::Statement* const text,
               statement("UPDATE outbox_content SET text = x'' WHERE seq = ?1"));
  CHANCERY_TRY_VOID(text->bind(1, number).run());
  if (!sent.has_value()) {
    return {};
  }
  const Result<std::string> sent_rest = without_body(*sent, genesis);
  if (!sent_rest.has_value()) {
    static_cast<void>(damaged_outbox(notice_id));
    return {};
  }
  CHANCERY_TRY(sqlite::Statement* const outbox,
               statement("UPDATE outbox_envelope SET envelope = ?2 WHERE seq = ?1"));
  return outbox->bind(1, number).bind(2, as_bytes(*sent_rest)).run();
}

}  // namespace chancery::node
