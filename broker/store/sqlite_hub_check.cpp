// The hub's SQLite store: its records looked at again, without anybody having asked for them.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/feed_positions.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "core/ledger/tree.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kPutAnchor =
    "INSERT INTO anchor(size, edge) VALUES(?1, ?2) ON CONFLICT(size) DO UPDATE SET edge = ?2";
constexpr std::string_view kSelectAnchor =
    "SELECT a.size, a.edge, b.root FROM anchor a LEFT JOIN batch b ON b.size_after = a.size "
    "WHERE a.size <= ?1 ORDER BY a.size DESC LIMIT 1";
constexpr std::string_view kSelectBatchRows =
    "SELECT first_index, size_after, root, type, accepted_at_ms, directory, entries FROM batch "
    "WHERE first_index >= ?1 ORDER BY first_index LIMIT ?2";
constexpr std::string_view kPutQuarantine =
    "INSERT INTO quarantine(part, idx, code, reason, found_at_ms) VALUES(?1, ?2, ?3, ?4, ?5) ON "
    "CONFLICT(part, idx) DO UPDATE SET code = ?3, reason = ?4, found_at_ms = ?5, restored_at_ms = "
    "NULL WHERE restored_at_ms IS NOT NULL";
constexpr std::string_view kSelectQuarantine =
    "SELECT part, idx, code, reason FROM quarantine WHERE restored_at_ms IS NULL ORDER BY id";
constexpr std::string_view kPutContradiction =
    "INSERT INTO contradiction(detail, found_at_ms) VALUES(?1, ?2)";
constexpr std::string_view kSelectRow =
    "SELECT origin, notice_id, notice FROM entry WHERE idx = ?1";

}  // namespace

Result<void> SqliteHubStore::write_anchor(std::uint64_t size, std::string_view edge) {
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutAnchor));
  return put->bind(1, size).bind(2, as_bytes(edge)).run();
}

Result<ledger::CompactTree> SqliteHubStore::anchor_before(std::uint64_t size) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectAnchor));
  select->bind(1, size);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return ledger::CompactTree();  // A short log, or one from before there were anchors.
  }
  CHANCERY_TRY(const std::uint64_t at, select->column_u64(0));
  CHANCERY_TRY(const std::string edge, select->column_blob(1));
  std::string root;
  if (!select->column_is_null(2)) {
    CHANCERY_TRY(root, select->column_blob(2));
  }
  select->reset();
  return exchange::resume_stored(at, edge, root);
}

Result<std::vector<SqliteHubStore::BatchRow>> SqliteHubStore::batch_rows(std::uint64_t from,
                                                                         std::size_t count_max) {
  std::vector<BatchRow> rows;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectBatchRows));
  select->bind(1, from).bind(2, count_max);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return rows;
    }
    BatchRow& batch = rows.emplace_back();
    CHANCERY_TRY(batch.first_index, select->column_u64(0));
    CHANCERY_TRY(batch.size_after, select->column_u64(1));
    CHANCERY_TRY(batch.root, select->column_blob(2));
    CHANCERY_TRY(const std::uint64_t type, select->column_u64(3));
    CHANCERY_TRY(batch.leaf.accepted_at_ms, select->column_u64(4));
    CHANCERY_TRY(const std::string directory, select->column_blob(5));
    batch.leaf.type = ledger::leaf_type_of(type);
    batch.leaf.directory = hash_from(directory);
    CHANCERY_TRY(batch.entries, select->column_blob(6));
  }
}

Result<void> SqliteHubStore::append_batch(ledger::CompactTree& tree, const BatchRow& batch,
                                          const std::optional<EntryAt>& instead) {
  const auto damaged = [&](const std::string& what) {
    return fail(ErrorCode::kStoreDamaged,
                "the batch of entries " + std::to_string(batch.first_index) + " to " +
                    std::to_string(batch.size_after) + " (excluded): " + what);
  };
  if (batch.first_index != tree.size() || batch.size_after <= batch.first_index) {
    return damaged("it does not go on where the log was, at " + std::to_string(tree.size()));
  }
  if (const std::size_t count = batch.entries.size() / sizeof(Hash);
      count != batch.size_after - batch.first_index || batch.entries.size() % sizeof(Hash) != 0) {
    return damaged("it has the hashes of " + std::to_string(count) + " entries");
  }
  ledger::Leaf leaf = batch.leaf;
  for (std::uint64_t index = batch.first_index; index < batch.size_after; ++index) {
    leaf.entry = instead.has_value() && instead->index == index
                     ? instead->entry
                     : entry_at(batch.entries, index - batch.first_index);
    tree.append(ledger::leaf_hash(leaf));
  }
  if (as_view(tree.root()) != batch.root) {
    return damaged("its leaves make the root " + hex(tree.root()) + ", stored is " +
                   hex(as_bytes(batch.root)));
  }
  return {};
}

Result<void> SqliteHubStore::check_batch(const ledger::CompactTree& before) {
  CHANCERY_TRY(const std::vector<BatchRow> rows, batch_rows(before.size(), 1));
  if (rows.empty()) {
    return fail(ErrorCode::kStoreDamaged, "no batch begins at " + std::to_string(before.size()));
  }
  ledger::CompactTree tree = before;
  return append_batch(tree, rows.front());
}

Result<std::vector<exchange::Damage>> SqliteHubStore::check_tail() {
  CHANCERY_TRY(const Head head, read_head());
  const std::uint64_t from =
      head.size > exchange::kTailCount ? head.size - exchange::kTailCount : 0;
  CHANCERY_TRY(ledger::CompactTree tree, anchor_before(from));
  const std::uint64_t begin = tree.size();
  while (tree.size() < head.size) {
    CHANCERY_TRY(const std::vector<BatchRow> rows,
                 batch_rows(tree.size(), exchange::kBatchesCountMax));
    if (rows.empty()) {
      return fail(ErrorCode::kStoreDamaged, "no batch begins at " + std::to_string(tree.size()));
    }
    for (const BatchRow& row : rows) {
      CHANCERY_TRY_VOID(append_batch(tree, row));
    }
  }
  if (tree.size() != head.size || as_view(tree.root()) != head.root ||
      tree.edge_bytes() != head.edge) {
    return fail(ErrorCode::kStoreDamaged, "the leaves make another head than the stored one");
  }
  if (tree.size() - begin > 4 * exchange::kTailCount) {  // From before there were anchors.
    CHANCERY_TRY_VOID(write_anchor(tree.size(), tree.edge_bytes()));
  }
  std::vector<exchange::Damage> damages;
  std::size_t bytes = 0;
  for (std::uint64_t index = head.size; index > from && bytes < exchange::kTailBytesMax;) {
    --index;
    const Result<StoredEntry> entry = read_entry(index);
    if (entry.has_value()) {
      bytes += entry->size();
    } else if (entry.error().code == ErrorCode::kStoreDamaged) {
      damages.push_back({.part = "entry", .index = index, .error = entry.error()});
    } else {
      return std::unexpected(entry.error());
    }
  }
  return damages;
}

// The batch that begins where the look is: does it make its root?
Result<void> SqliteHubStore::scrub_batch() {
  CHANCERY_TRY(const std::vector<BatchRow> rows, batch_rows(scrub_.next, 1));
  const auto damaged = [&](Error error) {
    damages_.push_back({.part = "batch", .index = scrub_.next, .error = std::move(error)});
    scrub_.tree.reset();
  };
  if (rows.empty() || rows.front().first_index != scrub_.next) {
    damaged({ErrorCode::kStoreDamaged, "no batch begins at " + std::to_string(scrub_.next)});
    scrub_.batch_end = rows.empty() ? scrub_.next + 1 : rows.front().first_index;
    return {};
  }
  const BatchRow& batch = rows.front();
  scrub_.batch_end = std::max(batch.size_after, scrub_.next + 1);
  CHANCERY_TRY_VOID(tiles().mend(batch.first_index, batch.size_after));
  if (scrub_.tree.has_value()) {
    const Result<void> appended = append_batch(*scrub_.tree, batch);
    if (!appended.has_value() && appended.error().code != ErrorCode::kStoreDamaged) {
      return appended;
    }
    if (!appended.has_value()) {
      damaged(appended.error());
    }
  }
  if (!scrub_.tree.has_value()) {
    const Result<ledger::CompactTree> anchor = anchor_before(batch.size_after);
    if (anchor.has_value() && anchor->size() == batch.size_after) {
      scrub_.tree = *anchor;
    }
  }
  return {};
}

Result<void> SqliteHubStore::check_row(std::uint64_t index, const v1::Header& header,
                                       const v1::Draft& draft) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectRow));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  CHANCERY_CHECK(row);
  CHANCERY_TRY(const std::string origin, select->column_text(0));
  CHANCERY_TRY(const std::string notice_id, select->column_blob(1));
  CHANCERY_TRY(const std::string notice, select->column_blob(2));
  select->reset();
  if (origin != draft.origin() || notice_id != draft.notice_id() ||
      notice != as_view(exchange::notice_hash(genesis_, header.draft()))) {
    static_cast<void>(
        damaged_entry(index, "is kept under an origin, id or hash that is not that of its header"));
  }
  return {};
}

Result<std::set<std::uint64_t>> SqliteHubStore::out_of_order(std::uint64_t begin,
                                                             std::uint64_t end) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> rows;  // All that begin at an index.
  std::set<std::uint64_t> misplaced;
  CHANCERY_TRY_VOID(each_lane(
      begin, end,
      [&](const Readers::value_type&, std::uint64_t first_index, std::string_view positions) {
        const std::vector<std::uint64_t> indices = exchange::indices_at(positions, first_index);
        for (std::size_t i = 1; i < indices.size(); ++i) {
          if (indices[i] <= indices[i - 1]) {
            misplaced.insert(indices[i]);
          }
        }
        rows[first_index].insert(rows[first_index].end(), indices.begin(), indices.end());
      }));
  for (const auto& [first_index, indices] : rows) {
    const Result<std::uint64_t> first = batch_of(first_index);
    if (!first.has_value() && first.error().code != ErrorCode::kNotFound) {
      return std::unexpected(first.error());
    }
    if (first.value_or(first_index + 1) != first_index) {
      misplaced.insert(indices.begin(), indices.end());
    }
  }
  return misplaced;
}

Result<void> SqliteHubStore::check_feeds(std::uint64_t begin,
                                         const std::map<std::uint64_t, Readers>& due) {
  if (due.empty()) {
    return {};
  }
  const std::uint64_t end = due.rbegin()->first + 1;
  CHANCERY_TRY(auto found, readers_of(begin, end));
  CHANCERY_TRY(const std::set<std::uint64_t> misplaced, out_of_order(begin, end));
  for (const auto& [index, readers] : due) {
    if (found[index] != readers || misplaced.contains(index)) {
      static_cast<void>(
          damaged_entry(index, "is not in the feeds of its readers alone, in its lane"));
    }
  }
  return {};
}

Result<exchange::Scrubbed> SqliteHubStore::scrub(std::size_t count_max, std::size_t bytes_max) {
  CHANCERY_TRY_VOID(database_.check_files());
  CHANCERY_TRY(const Head head, read_head());
  exchange::Scrubbed scrubbed;
  const std::uint64_t begin = scrub_.next;
  std::map<std::uint64_t, Readers> due;
  for (std::size_t bytes = 0; scrubbed.record_count < count_max && bytes < bytes_max;) {
    if (scrub_.next >= head.size) {
      scrub_ = {};
      scrubbed.whole = true;
      break;
    }
    if (scrub_.next >= scrub_.batch_end) {
      CHANCERY_TRY_VOID(scrub_batch());
    }
    const Result<StoredEntry> entry = read_entry(scrub_.next);
    if (!entry.has_value() && entry.error().code != ErrorCode::kStoreDamaged) {
      return std::unexpected(entry.error());
    }
    if (entry.has_value()) {
      bytes += entry->size();
      CHANCERY_TRY(const v1::Header header, exchange::parse_wire<v1::Header>(entry->header));
      CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(header.draft()));
      CHANCERY_TRY_VOID(check_row(scrub_.next, header, draft));
      due.emplace(scrub_.next, readers_of(draft));
    }
    ++scrub_.next;
    ++scrubbed.record_count;
  }
  CHANCERY_TRY_VOID(check_feeds(begin, due));
  return scrubbed;
}

Result<bool> SqliteHubStore::quarantine(const exchange::Damage& damage, std::uint64_t now_ms) {
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutQuarantine));
  CHANCERY_TRY_VOID(put->bind(1, std::string_view(damage.part))
                        .bind(2, damage.index)
                        .bind(3, static_cast<std::uint64_t>(damage.error.code))
                        .bind(4, std::string_view(damage.error.detail))
                        .bind(5, now_ms)
                        .run());
  const bool is_new = database_.changes() > 0;
  CHANCERY_TRY_VOID(transaction.commit());
  return is_new;
}

Result<void> SqliteHubStore::put_contradiction(std::string_view detail, std::uint64_t now_ms) {
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutContradiction));
  CHANCERY_TRY_VOID(put->bind(1, detail).bind(2, now_ms).run());
  return transaction.commit();
}

Result<std::vector<exchange::Damage>> SqliteHubStore::quarantined() {
  std::vector<exchange::Damage> damages;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectQuarantine));
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return damages;
    }
    exchange::Damage& damage = damages.emplace_back();
    CHANCERY_TRY(damage.part, select->column_text(0));
    CHANCERY_TRY(damage.index, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t code, select->column_u64(2));
    damage.error.code =
        error_code_from_wire(static_cast<std::uint32_t>(code)).value_or(ErrorCode::kInternal);
    CHANCERY_TRY(damage.error.detail, select->column_text(3));
  }
}

Result<std::uint64_t> SqliteHubStore::accepted_at_ms() {
  CHANCERY_TRY(const Head head, read_head());
  return head.accepted_at_ms;
}

}  // namespace chancery::broker
