// The hub's SQLite store: what is read for members, followers and auditors.

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSelectEntry =
    "SELECT entry_hash, header, body, signatures, body_digest FROM entry LEFT JOIN erased "
    "USING(idx) WHERE idx = ?1";
constexpr std::string_view kSelectEntryHashes =
    "SELECT entry_hash FROM entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
constexpr std::string_view kSelectEntryHashAt =
    "SELECT idx, entry_hash FROM entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
constexpr std::string_view kSelectEntries =
    "SELECT idx, entry_hash, header, body, signatures, origin, notice_id, notice, body_digest "
    "FROM entry LEFT JOIN erased USING(idx) WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
constexpr std::string_view kSelectFeed =
    "SELECT idx FROM feed WHERE member = ?1 AND urgent = ?2 AND idx >= ?3 ORDER BY idx LIMIT ?4";
constexpr std::string_view kSelectFeedBefore =
    "SELECT idx FROM feed WHERE member = ?1 AND urgent = ?2 AND idx < ?3 ORDER BY idx DESC "
    "LIMIT 1";
// Whose feeds have what from ?1 up to ?2. The feed is ordered by member, so the members come first,
// each found by one step: a scan of the whole feed for each batch would take for ever.
constexpr std::string_view kSelectReaders =
    "WITH RECURSIVE reader(member) AS (SELECT min(member) FROM feed UNION ALL SELECT (SELECT "
    "min(member) FROM feed WHERE member > reader.member) FROM reader WHERE reader.member IS NOT "
    "NULL) SELECT feed.idx, feed.member, feed.urgent FROM reader CROSS JOIN feed ON feed.member = "
    "reader.member AND feed.urgent IN (0, 1) AND feed.idx >= ?1 AND feed.idx < ?2";
constexpr std::string_view kSelectAllClocks = "SELECT key_id, precedence, created_at_us FROM clock";
constexpr std::string_view kSelectBatches =
    "SELECT first_index, size_after, type, accepted_at_ms, directory, checkpoint, root FROM "
    "batch WHERE first_index >= ?1 ORDER BY first_index LIMIT ?2";

// The digest of a body that was erased. One of another size is none, and the hash of E will tell.
Result<std::optional<Hash>> digest_of_erased(const sqlite::Statement& select, int column) {
  std::string digest;
  if (!select.column_is_null(column)) {
    CHANCERY_TRY(digest, select.column_blob(column));
  }
  return digest.size() == Hash{}.size() ? std::optional(hash_from(digest)) : std::nullopt;
}

std::string stored_envelope(std::string_view header, std::string_view body,
                            std::string_view signatures, const std::optional<Hash>& erased) {
  return erased.has_value() ? exchange::erased_bytes(header, *erased, signatures)
                            : exchange::envelope_bytes(header, body, signatures);
}

}  // namespace

std::unexpected<Error> SqliteHubStore::damaged_entry(std::uint64_t index, const std::string& what) {
  auto failure = fail(ErrorCode::kStoreDamaged, "entry " + std::to_string(index) + " " + what);
  damages_.push_back({.part = "entry", .index = index, .error = failure.error()});
  return failure;
}

Result<SqliteHubStore::StoredEntry> SqliteHubStore::read_entry(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectEntry));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return damaged_entry(index, "is not there");
  }
  CHANCERY_TRY(const std::string expected, select->column_blob(0));
  StoredEntry entry;
  CHANCERY_TRY(entry.header, select->column_blob(1));
  CHANCERY_TRY(entry.body, select->column_blob(2));
  CHANCERY_TRY(entry.signatures, select->column_blob(3));
  CHANCERY_TRY(entry.erased, digest_of_erased(*select, 4));
  select->reset();
  const Hash digest = entry.erased.has_value() ? *entry.erased : exchange::body_digest(entry.body);
  const Hash found = exchange::entry_of(genesis_, entry.header, digest, entry.signatures);
  if (as_view(found) != expected) {
    return damaged_entry(index,
                         "hashes to " + hex(found) + ", its leaf holds " + hex(as_bytes(expected)));
  }
  return entry;
}

Result<std::string> SqliteHubStore::read_envelope(std::uint64_t index) {
  CHANCERY_TRY(const StoredEntry entry, read_entry(index));
  return stored_envelope(entry.header, entry.body, entry.signatures, entry.erased);
}

Result<std::string> SqliteHubStore::served_envelope(std::uint64_t index) {
  if (const std::string* const known = served_.find(index); known != nullptr) {
    return *known;
  }
  CHANCERY_TRY(std::string envelope, read_envelope(index));
  served_.keep(index, std::string(envelope));
  return envelope;
}

Result<std::vector<FeedEntry>> SqliteHubStore::read_feed(const FeedRead& read,
                                                         std::size_t bytes_max) {
  const std::string_view member = read.member;
  const auto urgent = std::to_underlying(read.lane);
  std::uint64_t previous = 0;
  CHANCERY_TRY(sqlite::Statement* const before, statements_.get(kSelectFeedBefore));
  before->bind(1, member).bind(2, urgent).bind(3, read.from);
  CHANCERY_TRY(const bool has_before, before->step());
  if (has_before) {
    CHANCERY_TRY(previous, before->column_u64(0));
    ++previous;
  }
  before->reset();

  std::vector<std::uint64_t> indices;
  CHANCERY_TRY(sqlite::Statement* const feed, statements_.get(kSelectFeed));
  feed->bind(1, member).bind(2, urgent).bind(3, read.from).bind(4, read.count_max);
  while (true) {
    CHANCERY_TRY(const bool row, feed->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, feed->column_u64(0));
    indices.push_back(index);
  }
  std::vector<FeedEntry> page;
  std::size_t bytes = 0;
  for (const std::uint64_t index : indices) {
    if (bytes > bytes_max) {
      break;
    }
    Result<std::string> envelope = served_envelope(index);
    if (!envelope.has_value()) {
      if (page.empty()) {
        return std::unexpected(std::move(envelope).error());
      }
      break;  // What stands before a damaged entry is still served.
    }
    bytes += envelope->size();
    page.push_back({.index = index, .previous = previous, .envelope = *std::move(envelope)});
    previous = index + 1;
  }
  return page;
}

Result<std::vector<v1::LogBatch>> SqliteHubStore::read_batches(std::uint64_t from,
                                                               std::size_t count_max,
                                                               std::size_t bytes_max) {
  std::vector<v1::LogBatch> page;
  std::vector<std::uint64_t> sizes_after;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectBatches));
  select->bind(1, from).bind(2, count_max);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    v1::LogBatch& batch = page.emplace_back();
    CHANCERY_TRY(const std::uint64_t first, select->column_u64(0));
    CHANCERY_TRY(const std::uint64_t size_after, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t type, select->column_u64(2));
    CHANCERY_TRY(const std::uint64_t accepted_at_ms, select->column_u64(3));
    CHANCERY_TRY(std::string directory, select->column_blob(4));
    batch.set_first_index(first);
    batch.set_type(static_cast<std::uint32_t>(type));
    batch.set_accepted_at_ms(accepted_at_ms);
    batch.set_directory(std::move(directory));
    if (!select->column_is_null(5)) {
      CHANCERY_TRY(std::string note, select->column_blob(5));
      batch.set_checkpoint(std::move(note));
    } else if (const auto kept = checkpoints_.find(size_after); kept != checkpoints_.end()) {
      batch.set_checkpoint(kept->second);
    }
    sizes_after.push_back(size_after);
  }
  CHANCERY_TRY(const Head head, read_head());
  if (from < head.size && (page.empty() || page.front().first_index() != from)) {
    return fail(ErrorCode::kNotFound, "no batch starts at " + std::to_string(from));
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < page.size(); ++i) {
    v1::LogBatch& batch = page[i];
    CHANCERY_TRY(sqlite::Statement* const hashes, statements_.get(kSelectEntryHashes));
    hashes->bind(1, batch.first_index()).bind(2, sizes_after[i]);
    while (true) {
      CHANCERY_TRY(const bool row, hashes->step());
      if (!row) {
        break;
      }
      CHANCERY_TRY(const std::string_view hash, hashes->column_view(0));
      batch.mutable_entries()->append(hash);
    }
    if (batch.type() == static_cast<std::uint32_t>(ledger::LeafType::kDirectory)) {
      CHANCERY_TRY(*batch.mutable_directory_entry(), read_envelope(batch.first_index()));
    }
    bytes += batch.ByteSizeLong();
    if (bytes > bytes_max) {
      page.resize(i + 1);
      break;
    }
  }
  return page;
}

namespace {

// The leaves of a batch, one after the other. A row that is gone leaves one of zeroes, which the
// auditor names.
class LeavesOf {
 public:
  LeavesOf(v1::AuditBatch& batch, std::uint64_t size_after, const ledger::Leaf& like)
      : leaves_(*batch.mutable_leaves()), leaf_(like), expected_(batch.first_index()) {
    const std::uint64_t count = size_after > expected_ ? size_after - expected_ : 0;
    leaves_.reserve(std::min<std::uint64_t>(count, exchange::kBatchSizeMax) * ledger::kLeafBytes);
  }

  void add(std::uint64_t index, std::string_view entry_hash) {
    fill_to(index);
    append(hash_from(entry_hash));
  }
  void fill_to(std::uint64_t end) {
    while (expected_ < end) {
      append(Hash{});
    }
  }

 private:
  void append(const Hash& entry) {
    leaf_.entry = entry;
    leaves_.append(as_view(ledger::encode(leaf_)));
    ++expected_;
  }

  std::string& leaves_;
  ledger::Leaf leaf_;
  std::uint64_t expected_;
};

}  // namespace

Result<void> SqliteHubStore::fill_leaves(v1::AuditBatch& batch, std::uint64_t size_after,
                                         ledger::Leaf leaf) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectEntryHashAt));
  select->bind(1, batch.first_index()).bind(2, size_after);
  LeavesOf leaves(batch, size_after, leaf);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::string_view hash, select->column_view(1));
    leaves.add(index, hash);
  }
  leaves.fill_to(size_after);
  return {};
}

Result<void> SqliteHubStore::fill_audit_batch(v1::AuditBatch& batch, std::uint64_t size_after,
                                              ledger::Leaf leaf) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectEntries));
  select->bind(1, batch.first_index()).bind(2, size_after);
  LeavesOf leaves(batch, size_after, leaf);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::string_view hash, select->column_view(1));
    CHANCERY_TRY(const std::string_view header, select->column_view(2));
    CHANCERY_TRY(const std::string_view body, select->column_view(3));
    CHANCERY_TRY(const std::string_view signatures, select->column_view(4));
    leaves.add(index, hash);
    v1::AuditEntry& entry = *batch.add_entries();
    entry.set_index(index);
    CHANCERY_TRY(const std::optional<Hash> erased, digest_of_erased(*select, 8));
    entry.set_envelope(stored_envelope(header, body, signatures, erased));
    CHANCERY_TRY(*entry.mutable_origin(), select->column_text(5));
    CHANCERY_TRY(*entry.mutable_notice_id(), select->column_blob(6));
    CHANCERY_TRY(*entry.mutable_notice(), select->column_blob(7));
  }
  leaves.fill_to(size_after);
  return fill_audit_feeds(batch, size_after);
}

Result<void> SqliteHubStore::each_reader(std::uint64_t begin, std::uint64_t end,
                                         const TakeReader& take) {
  CHANCERY_TRY(sqlite::Statement* const readers, statements_.get(kSelectReaders));
  readers->bind(1, begin).bind(2, end);
  while (true) {
    CHANCERY_TRY(const bool row, readers->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, readers->column_u64(0));
    CHANCERY_TRY(std::string member, readers->column_text(1));
    CHANCERY_TRY(const std::uint64_t urgent, readers->column_u64(2));
    take(index, std::move(member),
         urgent != 0 ? exchange::Lane::kUrgent : exchange::Lane::kPatient);
  }
}

Result<std::map<std::uint64_t, SqliteHubStore::Readers>> SqliteHubStore::readers_of(
    std::uint64_t begin, std::uint64_t end) {
  std::map<std::uint64_t, Readers> by_index;
  CHANCERY_TRY_VOID(
      each_reader(begin, end, [&](std::uint64_t index, std::string member, exchange::Lane lane) {
        by_index[index].emplace_back(std::move(member), lane);
      }));
  for (auto& [index, all] : by_index) {
    std::ranges::sort(all);
  }
  return by_index;
}

Result<void> SqliteHubStore::fill_audit_feeds(v1::AuditBatch& batch, std::uint64_t size_after) {
  auto& entries = *batch.mutable_entries();  // Ascending.
  for (v1::AuditEntry& entry : entries) {
    entry.mutable_feed();  // Also where it turns out empty.
  }
  return each_reader(
      batch.first_index(), size_after,
      [&](std::uint64_t index, std::string member, exchange::Lane lane) {
        const auto entry = std::ranges::lower_bound(entries, index, {}, &v1::AuditEntry::index);
        if (entry == entries.end() || entry->index() != index) {
          return;
        }
        v1::AuditFeed& feed = *entry->mutable_feed();
        *(lane == exchange::Lane::kUrgent ? feed.add_members_urgent() : feed.add_members()) =
            std::move(member);
      });
}

// What an auditor is told of the store as a whole.
Result<void> SqliteHubStore::fill_last_page(v1::AuditPageReply& reply) {
  reply.mutable_clocks();
  CHANCERY_TRY(sqlite::Statement* const clocks, statements_.get(kSelectAllClocks));
  while (true) {
    CHANCERY_TRY(const bool row, clocks->step());
    if (!row) {
      break;
    }
    v1::AuditClock& clock = *reply.mutable_clocks()->add_clocks();
    CHANCERY_TRY(*clock.mutable_key_id(), clocks->column_blob(0));
    CHANCERY_TRY(const std::uint64_t precedence, clocks->column_u64(1));
    CHANCERY_TRY(const std::uint64_t created_at_us, clocks->column_u64(2));
    clock.set_precedence(static_cast<std::uint32_t>(precedence));
    clock.set_created_at_us(created_at_us);
  }
  CHANCERY_TRY(sqlite::Statement* const beyond, statements_.get(kSelectReaders));
  beyond->bind(1, reply.size()).bind(2, std::numeric_limits<std::int64_t>::max());
  std::uint64_t count = 0;
  while (true) {
    CHANCERY_TRY(const bool row, beyond->step());
    if (!row) {
      break;
    }
    ++count;
  }
  reply.set_rows_beyond(count);
  return {};
}

Result<void> SqliteHubStore::check() {
  CHANCERY_TRY_VOID(database_.check_integrity());
  CHANCERY_TRY_VOID(load());
  CHANCERY_TRY(const Head head, read_head());
  return tiles().check(0, head.size);
}

Result<v1::AuditPageReply> SqliteHubStore::audit_page(std::uint64_t from_index,
                                                      std::size_t bytes_max) {
  CHANCERY_TRY(v1::AuditPageReply reply,
               audit_batches(from_index, bytes_max, &SqliteHubStore::fill_audit_batch));
  if (reply.next_index() == 0) {
    CHANCERY_TRY_VOID(fill_last_page(reply));
  }
  return reply;
}

Result<v1::AuditPageReply> SqliteHubStore::audit_leaves(std::uint64_t from_index,
                                                        std::size_t bytes_max) {
  return audit_batches(from_index, bytes_max, &SqliteHubStore::fill_leaves);
}

Result<v1::AuditPageReply> SqliteHubStore::audit_batches(std::uint64_t from_index,
                                                         std::size_t bytes_max, FillBatch fill) {
  v1::AuditPageReply reply;
  CHANCERY_TRY(const Head head, read_head());
  reply.set_size(head.size);
  reply.set_root(head.root);
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectBatches));
  select->bind(1, from_index).bind(2, exchange::kBatchesCountMax);
  std::size_t bytes = 0;
  while (bytes <= bytes_max) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      break;
    }
    v1::AuditBatch& batch = *reply.add_batches();
    CHANCERY_TRY(const std::uint64_t first, select->column_u64(0));
    CHANCERY_TRY(const std::uint64_t size_after, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t type, select->column_u64(2));
    CHANCERY_TRY(const std::uint64_t accepted_at_ms, select->column_u64(3));
    CHANCERY_TRY(const std::string directory, select->column_blob(4));
    batch.set_first_index(first);
    if (!select->column_is_null(5)) {
      CHANCERY_TRY(*batch.mutable_checkpoint(), select->column_blob(5));
    } else if (const auto kept = checkpoints_.find(size_after); kept != checkpoints_.end()) {
      batch.set_checkpoint(kept->second);
    }
    CHANCERY_TRY(*batch.mutable_root(), select->column_blob(6));
    const ledger::Leaf leaf{.type = static_cast<ledger::LeafType>(type),
                            .accepted_at_ms = accepted_at_ms,
                            .directory = hash_from(directory),
                            .entry = {}};
    CHANCERY_TRY_VOID((this->*fill)(batch, size_after, leaf));
    bytes += batch.ByteSizeLong();
    reply.set_next_index(size_after >= head.size ? 0 : size_after);
  }
  select->reset();
  if (reply.next_index() == 0) {
    CHANCERY_TRY(*reply.mutable_cosigned(), cosigned_note());
  }
  return reply;
}

}  // namespace chancery::broker
