// The hub's SQLite store: records that fail their hash, and what others still hold of them.

#include <algorithm>
#include <utility>
#include <vector>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/feed_positions.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSelectDamagedEntries =
    "SELECT idx FROM quarantine WHERE part = 'entry' AND restored_at_ms IS NULL ORDER BY idx "
    "LIMIT ?1";
constexpr std::string_view kSelectBatchOf =
    "SELECT first_index FROM batch WHERE first_index <= ?1 ORDER BY first_index DESC LIMIT 1";
constexpr std::string_view kSelectErased = "SELECT 1 FROM erased WHERE idx = ?1";
// Its row may be gone.
constexpr std::string_view kPutRestored =
    "INSERT INTO entry(idx, origin, notice_id, notice, header, body, signatures) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(idx) DO UPDATE SET origin = ?2, notice_id = "
    "?3, notice = ?4, header = ?5, body = ?6, signatures = ?7";
constexpr std::string_view kPutEntries = "UPDATE batch SET entries = ?2 WHERE first_index = ?1";
constexpr std::string_view kDropLane =
    "DELETE FROM feed WHERE member = ?1 AND urgent = ?2 AND first_index = ?3";
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

Result<std::uint64_t> SqliteHubStore::batch_of(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectBatchOf));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return fail(ErrorCode::kNotFound, "no batch has entry " + std::to_string(index));
  }
  CHANCERY_TRY(const std::uint64_t first, select->column_u64(0));
  select->reset();
  return first;
}

// By the hash that its batch has of it or, where that is what is harmed, by the root of the batch.
Result<std::optional<std::uint64_t>> SqliteHubStore::check_logged(const EntryAt& at) {
  const Result<Hash> stored = logged_at(at.index);
  if (stored.has_value() && *stored == at.entry) {
    return std::nullopt;
  }
  if (!stored.has_value() && stored.error().code != ErrorCode::kNotFound) {
    return std::unexpected(stored.error());
  }
  CHANCERY_TRY(const std::uint64_t first, batch_of(at.index));
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

Result<void> SqliteHubStore::write_logged(std::uint64_t first_index, const EntryAt& at) {
  CHANCERY_TRY(const std::vector<BatchRow> rows, batch_rows(first_index, 1));
  std::string entries = rows.empty() ? std::string() : rows.front().entries;
  const std::size_t position = (at.index - first_index) * sizeof(Hash);
  CHANCERY_CHECK(position + sizeof(Hash) <= entries.size());  // It makes its root with it.
  entries.replace(position, sizeof(Hash), as_view(at.entry));
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutEntries));
  read_batch_ = {};
  return put->bind(1, first_index).bind(2, as_bytes(entries)).run();
}

Result<void> SqliteHubStore::set_readers(std::uint64_t index, const Readers& readers) {
  tails_.clear();
  struct Row {
    Readers::value_type reader;
    std::uint64_t first_index = 0;
    std::vector<std::uint64_t> indices;
  };
  std::vector<Row> rows;
  CHANCERY_TRY_VOID(each_lane(
      index, index + 1,
      [&](Readers::value_type reader, std::uint64_t first_index, std::string_view positions) {
        rows.push_back(
            {std::move(reader), first_index, exchange::indices_at(positions, first_index)});
      }));
  CHANCERY_TRY(const std::uint64_t first, batch_of(index));
  for (Row& row : rows) {
    std::erase(row.indices, index);
    std::ranges::sort(row.indices);
  }
  for (const Readers::value_type& reader : readers) {
    auto row = std::ranges::find_if(rows, [&](const Row& known) {
      return known.reader == reader && known.first_index == first;
    });
    if (row == rows.end()) {
      row = rows.insert(rows.end(), {reader, first, {}});
    }
    row->indices.insert(std::ranges::lower_bound(row->indices, index), index);
  }
  for (const Row& row : rows) {
    if (!row.indices.empty()) {
      CHANCERY_TRY_VOID(put_lane(row.reader, row.first_index,
                                 exchange::positions_of(row.indices, row.first_index)));
      continue;
    }
    CHANCERY_TRY(sqlite::Statement* const drop, statements_.get(kDropLane));
    CHANCERY_TRY_VOID(drop->bind(1, std::string_view(row.reader.first))
                          .bind(2, std::to_underlying(row.reader.second))
                          .bind(3, row.first_index)
                          .run());
  }
  return {};
}

Result<void> SqliteHubStore::write_restored(std::uint64_t index, const exchange::Envelope& envelope,
                                            bool body_erased) {
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutRestored));
  CHANCERY_TRY_VOID(put->bind(1, index)
                        .bind(2, std::string_view(envelope.draft.origin()))
                        .bind(3, as_bytes(envelope.draft.notice_id()))
                        .bind(4, Bytes(envelope.notice))
                        .bind(5, as_bytes(envelope.header_bytes))
                        .bind(6, as_bytes(body_erased ? std::string_view() : envelope.body_bytes))
                        .bind(7, as_bytes(envelope.signatures_bytes))
                        .run());
  last_ids_.clear();
  CHANCERY_TRY_VOID(set_readers(index, readers_of(envelope.draft)));
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
  if (whole_batch.has_value()) {
    CHANCERY_TRY_VOID(write_logged(*whole_batch, {.index = index, .entry = envelope.entry}));
  }
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
