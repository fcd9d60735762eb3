// The hub's SQLite store: records that fail their hash, and what others still hold of them.

#include <utility>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSelectDamagedEntries =
    "SELECT idx FROM quarantine WHERE part = 'entry' AND restored_at_ms IS NULL ORDER BY idx "
    "LIMIT ?1";
constexpr std::string_view kSelectStoredHash = "SELECT entry_hash FROM entry WHERE idx = ?1";
constexpr std::string_view kSelectBatchOf =
    "SELECT first_index FROM batch WHERE first_index <= ?1 ORDER BY first_index DESC LIMIT 1";
constexpr std::string_view kSelectErased = "SELECT 1 FROM erased WHERE idx = ?1";
// Its row may be gone.
constexpr std::string_view kPutRestored =
    "INSERT INTO entry(idx, origin, notice_id, notice, entry_hash, header, body, signatures) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(idx) DO UPDATE SET origin = ?2, notice_id "
    "= ?3, notice = ?4, entry_hash = ?5, header = ?6, body = ?7, signatures = ?8";
constexpr std::string_view kDropFeed =
    "DELETE FROM feed WHERE member = ?1 AND urgent = ?2 AND idx = ?3";
constexpr std::string_view kPutErasedDigest = "UPDATE erased SET body_digest = ?2 WHERE idx = ?1";
constexpr std::string_view kEndQuarantine =
    "UPDATE quarantine SET restored_at_ms = ?3 WHERE part = ?1 AND idx = ?2";

}  // namespace

Result<std::vector<DamagedEntry>> SqliteHubStore::damaged_entries(std::size_t count_max) {
  std::vector<DamagedEntry> entries;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectDamagedEntries));
  select->bind(1, count_max);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    DamagedEntry& entry = entries.emplace_back();
    CHANCERY_TRY(entry.index, select->column_u64(0));
  }
  for (DamagedEntry& entry : entries) {
    CHANCERY_TRY(auto by_index, readers_of(entry.index, entry.index + 1));
    for (const auto& [member, lane] : by_index[entry.index]) {
      entry.readers.push_back(member);
    }
  }
  return entries;
}

// By the hash that was stored with the record or, where that is what is harmed, by the root of its
// batch.
Result<std::optional<std::uint64_t>> SqliteHubStore::check_logged(const EntryAt& at) {
  CHANCERY_TRY(sqlite::Statement* const stored, statements_.get(kSelectStoredHash));
  stored->bind(1, at.index);
  CHANCERY_TRY(const bool is_there, stored->step());
  std::string hash;
  if (is_there) {
    CHANCERY_TRY(hash, stored->column_blob(0));
  }
  stored->reset();
  if (hash == as_view(at.entry)) {
    return std::nullopt;
  }
  CHANCERY_TRY(sqlite::Statement* const batch_of, statements_.get(kSelectBatchOf));
  batch_of->bind(1, at.index);
  CHANCERY_TRY(const bool has_batch, batch_of->step());
  std::uint64_t first = 0;
  if (has_batch) {
    CHANCERY_TRY(first, batch_of->column_u64(0));
  }
  batch_of->reset();
  CHANCERY_TRY(ledger::CompactTree tree, anchor_before(first));
  while (tree.size() <= at.index) {
    CHANCERY_TRY(const std::vector<BatchRow> rows, batch_rows(tree.size(), 1));
    if (rows.empty()) {
      return fail(ErrorCode::kNotFound, "the log has no entry " + std::to_string(at.index));
    }
    const bool is_its = rows.front().first_index == first;
    if (const Result<void> appended = append_batch(tree, rows.front(), at); !appended.has_value()) {
      return is_its ? fail(ErrorCode::kLeafMismatch, "an envelope that hashes to " + hex(at.entry) +
                                                         " was not logged at " +
                                                         std::to_string(at.index))
                    : std::unexpected(appended.error());
    }
  }
  return first;
}

Result<void> SqliteHubStore::write_restored(std::uint64_t index, const exchange::Envelope& envelope,
                                            bool body_erased) {
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutRestored));
  CHANCERY_TRY_VOID(put->bind(1, index)
                        .bind(2, std::string_view(envelope.draft.origin()))
                        .bind(3, as_bytes(envelope.draft.notice_id()))
                        .bind(4, Bytes(envelope.notice))
                        .bind(5, Bytes(envelope.entry))
                        .bind(6, as_bytes(envelope.header_bytes))
                        .bind(7, as_bytes(body_erased ? std::string_view() : envelope.body_bytes))
                        .bind(8, as_bytes(envelope.signatures_bytes))
                        .run());
  CHANCERY_TRY(auto by_index, readers_of(index, index + 1));
  CHANCERY_TRY_VOID(change_feeds(kDropFeed, index, by_index[index]));
  CHANCERY_TRY_VOID(change_feeds(kPutFeed, index, readers_of(envelope.draft)));
  if (body_erased) {
    const Hash digest = envelope.erased.value_or(exchange::body_digest(envelope.body_bytes));
    CHANCERY_TRY(sqlite::Statement* const put_digest, statements_.get(kPutErasedDigest));
    CHANCERY_TRY_VOID(put_digest->bind(1, index).bind(2, Bytes(digest)).run());
  }
  return {};
}

Result<void> SqliteHubStore::restore_entry(std::uint64_t index, std::string_view envelope_bytes,
                                           std::uint64_t now_ms) {
  CHANCERY_TRY(const exchange::Envelope envelope,
               exchange::parse_envelope(envelope_bytes, genesis_, exchange::Bodies::kMaybeErased));
  CHANCERY_TRY(const std::optional<std::uint64_t> whole_batch,
               check_logged({.index = index, .entry = envelope.entry}));
  CHANCERY_TRY(sqlite::Statement* const erased, statements_.get(kSelectErased));
  erased->bind(1, index);
  CHANCERY_TRY(const bool body_erased, erased->step());
  erased->reset();
  if (envelope.erased.has_value() && !body_erased) {
    return fail(ErrorCode::kBodyErased,
                "the envelope for " + std::to_string(index) + " comes without its body");
  }
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  CHANCERY_TRY_VOID(write_restored(index, envelope, body_erased));
  CHANCERY_TRY(const Head head, read_head());
  CHANCERY_TRY_VOID(tiles().restore(index, head.size));
  CHANCERY_TRY(sqlite::Statement* const end, statements_.get(kEndQuarantine));
  CHANCERY_TRY_VOID(end->bind(1, std::string_view("entry")).bind(2, index).bind(3, now_ms).run());
  if (whole_batch.has_value()) {
    CHANCERY_TRY_VOID(
        end->bind(1, std::string_view("batch")).bind(2, *whole_batch).bind(3, now_ms).run());
  }
  return transaction.commit();
}

}  // namespace chancery::broker
