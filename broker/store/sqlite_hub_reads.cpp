// The hub's SQLite store: what is read for members, followers and auditors.

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/feed_positions.h"
#include "core/exchange/limits.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSelectEntry =
    "SELECT header, body, signatures, body_digest FROM entry LEFT JOIN erased USING(idx) WHERE idx "
    "= ?1";
constexpr std::string_view kSelectEntriesOf =
    "SELECT first_index, entries FROM batch WHERE first_index <= ?1 ORDER BY first_index DESC "
    "LIMIT 1";
constexpr std::string_view kSelectEntries =
    "SELECT idx, header, body, signatures, origin, notice_id, notice FROM entry WHERE idx >= ?1 "
    "AND "
    "idx < ?2 ORDER BY idx";
constexpr std::string_view kSelectErasedOf =
    "SELECT idx, body_digest FROM erased WHERE idx >= ?1 AND idx < ?2";
constexpr std::string_view kSelectLane =
    "SELECT first_index, positions FROM feed WHERE member = ?1 AND urgent = ?2 AND first_index >= "
    "?3 ORDER BY first_index";
constexpr std::string_view kSelectLaneBefore =
    "SELECT first_index, positions FROM feed WHERE member = ?1 AND urgent = ?2 AND first_index < "
    "?3 ORDER BY first_index DESC LIMIT 2";
// The lanes of all feeds for the batches that begin from ?1 on and before ?2. The feed is ordered
// by member, so the members come first, each found by one step: a scan of the whole feed for each
// batch would take for ever.
constexpr std::string_view kSelectLanes =
    "WITH RECURSIVE reader(member) AS (SELECT min(member) FROM feed UNION ALL SELECT (SELECT "
    "min(member) FROM feed WHERE member > reader.member) FROM reader WHERE reader.member IS NOT "
    "NULL) SELECT feed.member, feed.urgent, feed.first_index, feed.positions FROM reader CROSS "
    "JOIN "
    "feed ON feed.member = reader.member AND feed.urgent IN (0, 1) AND feed.first_index >= ?1 AND "
    "feed.first_index < ?2";
constexpr std::string_view kCountBeyond = "SELECT count(*) FROM entry WHERE idx >= ?1";
constexpr std::string_view kSelectAllClocks = "SELECT key_id, precedence, created_at_us FROM clock";
constexpr std::string_view kSelectBatches =
    "SELECT first_index, size_after, type, accepted_at_ms, directory, checkpoint, root, entries "
    "FROM "
    "batch WHERE first_index >= ?1 ORDER BY first_index LIMIT ?2";

// The digest of a body that was erased. One of another size is none, and the hash of E will tell.
Result<std::optional<Hash>> digest_of_erased(const sqlite::Statement& select, int column) {
  std::string digest;
  if (!select.column_is_null(column)) {
    CHANCERY_TRY(digest, select.column_blob(column));
  }
  return digest.size() == Hash{}.size() ? std::optional(hash_from(digest)) : std::nullopt;
}

// In the place of what is in `bytes`, whose memory is used where the body is there.
void set_stored_envelope(std::string& bytes, std::string_view header, std::string_view body,
                         std::string_view signatures, const std::optional<Hash>& erased) {
  if (erased.has_value()) {
    bytes = exchange::erased_bytes(header, *erased, signatures);
  } else {
    exchange::set_envelope_bytes(bytes, header, body, signatures);
  }
}

// One after the other, each like `leaf` but for its E.
void set_leaves(v1::AuditBatch& batch, ledger::Leaf leaf, std::string_view entries) {
  entries = entries.substr(0, (exchange::kBatchSizeMax + 1) * sizeof(Hash));  // No batch has more.
  std::string& leaves = *batch.mutable_leaves();
  leaves.reserve(entries.size() / sizeof(Hash) * ledger::kLeafBytes);
  for (; entries.size() >= sizeof(Hash); entries.remove_prefix(sizeof(Hash))) {
    leaf.entry = hash_from(entries.substr(0, sizeof(Hash)));
    leaves.append(as_view(ledger::encode(leaf)));
  }
  leaves.append(entries);  // What is left over is no leaf, and shows.
}

}  // namespace

std::unexpected<Error> SqliteHubStore::damaged_entry(std::uint64_t index, const std::string& what) {
  auto failure = fail(ErrorCode::kStoreDamaged, "entry " + std::to_string(index) + " " + what);
  damages_.push_back({.part = "entry", .index = index, .error = failure.error()});
  return failure;
}

Result<Hash> SqliteHubStore::logged_at(std::uint64_t index) {
  if (!read_batch_.has(index)) {
    CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectEntriesOf));
    select->bind(1, index);
    CHANCERY_TRY(const bool row, select->step());
    read_batch_ = {};
    if (row) {
      CHANCERY_TRY(read_batch_.first_index, select->column_u64(0));
      CHANCERY_TRY(read_batch_.entries, select->column_blob(1));
    }
    select->reset();
  }
  if (!read_batch_.has(index)) {
    return fail(ErrorCode::kNotFound, "leaf " + std::to_string(index));
  }
  return entry_at(read_batch_.entries, index - read_batch_.first_index);
}

Result<SqliteHubStore::StoredEntry> SqliteHubStore::read_entry(std::uint64_t index) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectEntry));
  select->bind(1, index);
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return damaged_entry(index, "is not there");
  }
  StoredEntry entry;
  CHANCERY_TRY(entry.header, select->column_blob(0));
  CHANCERY_TRY(entry.body, select->column_blob(1));
  CHANCERY_TRY(entry.signatures, select->column_blob(2));
  CHANCERY_TRY(entry.erased, digest_of_erased(*select, 3));
  select->reset();
  const Result<Hash> logged = logged_at(index);
  if (!logged.has_value()) {
    return logged.error().code == ErrorCode::kNotFound ? damaged_entry(index, "has no leaf")
                                                       : std::unexpected(logged.error());
  }
  const Hash digest = entry.erased.has_value() ? *entry.erased : exchange::body_digest(entry.body);
  const Hash found = exchange::entry_of(genesis_, entry.header, digest, entry.signatures);
  if (found != *logged) {
    return damaged_entry(index, "hashes to " + hex(found) + ", its leaf holds " + hex(*logged));
  }
  return entry;
}

Result<std::string> SqliteHubStore::read_envelope(std::uint64_t index) {
  CHANCERY_TRY(const StoredEntry entry, read_entry(index));
  std::string bytes;
  set_stored_envelope(bytes, entry.header, entry.body, entry.signatures, entry.erased);
  return bytes;
}

Result<ServedEnvelopes::Shared> SqliteHubStore::served_envelope(std::uint64_t index) {
  if (ServedEnvelopes::Shared known = served_.find(index); known != nullptr) {
    return known;
  }
  CHANCERY_TRY(std::string bytes, read_envelope(index));
  auto envelope = std::make_shared<const std::string>(std::move(bytes));
  served_.keep(index, envelope);
  return envelope;
}

Result<LanePart> SqliteHubStore::lane_part(const FeedTails::Reader& reader, std::uint64_t from,
                                           std::size_t count_max) {
  if (std::optional<LanePart> known = tails_.find(reader, from, count_max); known.has_value()) {
    return *std::move(known);
  }
  const std::string_view member = reader.first;
  const auto urgent = std::to_underlying(reader.second);
  const auto held_in = [](const sqlite::Statement& row) -> Result<std::vector<std::uint64_t>> {
    CHANCERY_TRY(const std::uint64_t first, row.column_u64(0));
    CHANCERY_TRY(const std::string_view positions, row.column_view(1));
    return exchange::indices_at(positions.substr(0, exchange::kPositionsBytesMax), first);
  };
  LanePart part;
  CHANCERY_TRY(sqlite::Statement* const before, statements_.get(kSelectLaneBefore));
  before->bind(1, member).bind(2, urgent).bind(3, from);
  while (part.previous == 0) {
    CHANCERY_TRY(const bool row, before->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::vector<std::uint64_t> held, held_in(*before));
    const auto middle = std::ranges::lower_bound(held, from);
    part.previous = middle == held.begin() ? 0 : *std::prev(middle) + 1;
    part.indices.insert(part.indices.begin(), middle, held.end());
  }
  before->reset();
  bool whole = false;
  CHANCERY_TRY(sqlite::Statement* const lane, statements_.get(kSelectLane));
  lane->bind(1, member).bind(2, urgent).bind(3, from);
  while (!whole && part.indices.size() < count_max) {
    CHANCERY_TRY(const bool row, lane->step());
    whole = !row;
    if (row) {
      CHANCERY_TRY(const std::vector<std::uint64_t> held, held_in(*lane));
      part.indices.insert(part.indices.end(), held.begin(), held.end());
    }
  }
  lane->reset();
  if (whole) {
    tails_.keep(reader, from, part);
  }
  part.indices.resize(std::min<std::size_t>(part.indices.size(), count_max));
  return part;
}

Result<std::vector<FeedEntry>> SqliteHubStore::read_feed(const FeedRead& read,
                                                         std::size_t bytes_max) {
  CHANCERY_TRY(const LanePart part, lane_part({read.member, read.lane}, read.from, read.count_max));
  std::uint64_t previous = part.previous;
  std::vector<FeedEntry> page;
  std::size_t bytes = 0;
  for (const std::uint64_t index : part.indices) {
    if (bytes > bytes_max) {
      break;
    }
    Result<ServedEnvelopes::Shared> envelope = served_envelope(index);
    if (!envelope.has_value()) {
      if (page.empty()) {
        return std::unexpected(std::move(envelope).error());
      }
      break;  // What stands before a damaged entry is still served.
    }
    bytes += (*envelope)->size();
    page.push_back({.index = index, .previous = previous, .envelope = *std::move(envelope)});
    previous = index + 1;
  }
  return page;
}

Result<std::vector<v1::LogBatch>> SqliteHubStore::read_batches(std::uint64_t from,
                                                               std::size_t count_max,
                                                               std::size_t bytes_max) {
  std::vector<v1::LogBatch> page;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectBatches));
  select->bind(1, from).bind(2, count_max);
  for (std::size_t bytes = 0; bytes <= bytes_max;) {
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
      CHANCERY_TRY(*batch.mutable_checkpoint(), select->column_blob(5));
    } else if (const auto kept = checkpoints_.find(size_after); kept != checkpoints_.end()) {
      batch.set_checkpoint(kept->second);
    }
    CHANCERY_TRY(*batch.mutable_entries(), select->column_blob(7));
    if (batch.type() == static_cast<std::uint32_t>(ledger::LeafType::kDirectory)) {
      CHANCERY_TRY(*batch.mutable_directory_entry(), read_envelope(first));
    }
    bytes += batch.ByteSizeLong();
  }
  select->reset();
  CHANCERY_TRY(const Head head, read_head());
  if (from < head.size && (page.empty() || page.front().first_index() != from)) {
    return fail(ErrorCode::kNotFound, "no batch starts at " + std::to_string(from));
  }
  return page;
}

// An entry whose row is gone is none, which the auditor names.
Result<void> SqliteHubStore::fill_entries(v1::AuditBatch& batch, std::uint64_t size_after) {
  std::map<std::uint64_t, std::optional<Hash>> erased;
  CHANCERY_TRY(sqlite::Statement* const digests, statements_.get(kSelectErasedOf));
  digests->bind(1, batch.first_index()).bind(2, size_after);
  while (true) {
    CHANCERY_TRY(const bool row, digests->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, digests->column_u64(0));
    CHANCERY_TRY(erased[index], digest_of_erased(*digests, 1));
  }
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectEntries));
  select->bind(1, batch.first_index()).bind(2, size_after);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
    CHANCERY_TRY(const std::string_view header, select->column_view(1));
    CHANCERY_TRY(const std::string_view body, select->column_view(2));
    CHANCERY_TRY(const std::string_view signatures, select->column_view(3));
    CHANCERY_TRY(const std::string_view notice_id, select->column_view(5));
    CHANCERY_TRY(const std::string_view notice, select->column_view(6));
    v1::AuditEntry& entry = *batch.add_entries();
    entry.set_index(index);
    const auto gone = erased.find(index);
    const std::optional<Hash> digest = gone == erased.end() ? std::nullopt : gone->second;
    set_stored_envelope(*entry.mutable_envelope(), header, body, signatures, digest);
    CHANCERY_TRY(*entry.mutable_origin(), select->column_text(4));
    entry.mutable_notice_id()->assign(notice_id);
    entry.mutable_notice()->assign(notice);
  }
}

Result<void> SqliteHubStore::each_lane(std::uint64_t begin, std::uint64_t end,
                                       const TakeLane& take) {
  const Result<std::uint64_t> first = batch_of(begin);
  if (!first.has_value() && first.error().code != ErrorCode::kNotFound) {
    return std::unexpected(first.error());
  }
  CHANCERY_TRY(sqlite::Statement* const lanes, statements_.get(kSelectLanes));
  lanes->bind(1, first.value_or(begin)).bind(2, end);
  while (true) {
    CHANCERY_TRY(const bool row, lanes->step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(std::string member, lanes->column_text(0));
    CHANCERY_TRY(const std::uint64_t urgent, lanes->column_u64(1));
    CHANCERY_TRY(const std::uint64_t first_index, lanes->column_u64(2));
    CHANCERY_TRY(const std::string_view positions, lanes->column_view(3));
    // One that is too long is cut so that it shows: a byte is left over.
    take({std::move(member), urgent != 0 ? exchange::Lane::kUrgent : exchange::Lane::kPatient},
         first_index, positions.substr(0, exchange::kPositionsBytesMax + 1));
  }
}

Result<std::map<std::uint64_t, SqliteHubStore::Readers>> SqliteHubStore::readers_of(
    std::uint64_t begin, std::uint64_t end) {
  std::map<std::uint64_t, Readers> by_index;
  CHANCERY_TRY_VOID(each_lane(begin, end,
                              [&](const Readers::value_type& reader, std::uint64_t first_index,
                                  std::string_view positions) {
                                for (const std::uint64_t index :
                                     exchange::indices_at(positions, first_index)) {
                                  if (index >= begin && index < end) {
                                    by_index[index].push_back(reader);
                                  }
                                }
                              }));
  for (auto& [index, all] : by_index) {
    std::ranges::sort(all);
  }
  return by_index;
}

Result<void> SqliteHubStore::fill_feeds(v1::AuditBatch& batch, std::uint64_t size_after) {
  v1::AuditFeeds& feeds = *batch.mutable_feeds();  // Also where there are none.
  return each_lane(
      batch.first_index(), size_after,
      [&](Readers::value_type reader, std::uint64_t first_index, std::string_view positions) {
        v1::AuditLane& lane = *feeds.add_lanes();
        lane.set_member(std::move(reader.first));
        lane.set_urgent(reader.second == exchange::Lane::kUrgent);
        lane.set_first_index(first_index);
        lane.set_positions(to_string(as_bytes(positions)));
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
  CHANCERY_TRY(const auto beyond,
               readers_of(reply.size(), std::numeric_limits<std::int64_t>::max()));
  CHANCERY_TRY(sqlite::Statement* const entries, statements_.get(kCountBeyond));
  entries->bind(1, reply.size());
  CHANCERY_TRY_VOID(entries->step());
  CHANCERY_TRY(std::uint64_t count, entries->column_u64(0));
  entries->reset();
  for (const auto& [index, readers] : beyond) {
    count += readers.size();
  }
  reply.set_rows_beyond(count);
  return {};
}

Result<void> SqliteHubStore::check() {
  CHANCERY_TRY_VOID(database_.check_integrity());
  CHANCERY_TRY_VOID(load());
  CHANCERY_TRY(const Head head, read_head());
  if (head.size > 0) {
    CHANCERY_TRY(const std::uint64_t first, batch_of(head.size - 1));
    CHANCERY_TRY(const std::vector<BatchRow> last, batch_rows(first, 1));
    if (last.empty() || last.front().leaf.accepted_at_ms != head.accepted_at_ms) {
      return fail(ErrorCode::kStoreDamaged, "the head is of another time than the last batch");
    }
  }
  return tiles().check(0, head.size);
}

Result<v1::AuditPageReply> SqliteHubStore::audit_page(std::uint64_t from_index,
                                                      std::size_t bytes_max,
                                                      v1::AuditPageReply used) {
  CHANCERY_TRY(v1::AuditPageReply reply,
               audit_batches(from_index, bytes_max, Fill::kAll, std::move(used)));
  if (reply.next_index() == 0) {
    CHANCERY_TRY_VOID(fill_last_page(reply));
  }
  return reply;
}

Result<v1::AuditPageReply> SqliteHubStore::audit_leaves(std::uint64_t from_index,
                                                        std::size_t bytes_max) {
  return audit_batches(from_index, bytes_max, Fill::kLeaves, {});
}

Result<v1::AuditPageReply> SqliteHubStore::audit_batches(std::uint64_t from_index,
                                                         std::size_t bytes_max, Fill fill,
                                                         v1::AuditPageReply used) {
  v1::AuditPageReply reply = std::move(used);
  reply.Clear();
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
    CHANCERY_TRY(const std::string_view entries, select->column_view(7));
    set_leaves(batch,
               {.type = ledger::leaf_type_of(type),
                .accepted_at_ms = accepted_at_ms,
                .directory = hash_from(directory),
                .entry = {}},
               entries);
    if (fill == Fill::kAll) {
      CHANCERY_TRY_VOID(fill_entries(batch, size_after));
      CHANCERY_TRY_VOID(fill_feeds(batch, size_after));
    }
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
