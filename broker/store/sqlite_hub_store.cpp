#include "broker/store/sqlite_hub_store.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/store/sqlite_hub_format.h"
#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/feed_positions.h"
#include "core/exchange/lane.h"
#include "core/exchange/policy.h"
#include "core/exchange/strict.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSelectHead = "SELECT size, root, edge, accepted_at_ms FROM head";
constexpr std::string_view kSelectKnown =
    "SELECT notice, idx FROM entry WHERE origin = ?1 AND notice_id = ?2";
constexpr std::string_view kSelectLastId = "SELECT max(notice_id) FROM entry WHERE origin = ?1";
constexpr std::string_view kSelectRootAt = "SELECT root FROM batch WHERE size_after = ?1";
constexpr std::string_view kSelectLastBatch =
    "SELECT size_after, root, directory FROM batch ORDER BY first_index DESC LIMIT 1";
constexpr std::string_view kSelectUnsigned =
    "SELECT size_after, root FROM batch WHERE checkpoint IS NULL ORDER BY size_after";
constexpr std::string_view kSelectDirectoryEntries = "SELECT idx FROM directory_entry ORDER BY idx";
constexpr std::string_view kSelectClocks = "SELECT key_id, precedence, created_at_us FROM clock";
constexpr std::string_view kSelectContradiction =
    "SELECT detail FROM contradiction WHERE settled_by IS NULL ORDER BY found_at_ms LIMIT 1";
constexpr std::string_view kSettleContradictions =
    "UPDATE contradiction SET settled_by = ?1 WHERE settled_by IS NULL";
constexpr std::string_view kPutHead =
    "INSERT INTO head(id, size, root, edge, accepted_at_ms) VALUES(1, ?1, ?2, ?3, ?4) ON "
    "CONFLICT(id) DO UPDATE SET size = ?1, root = ?2, edge = ?3, accepted_at_ms = ?4";
constexpr std::string_view kPutBatch =
    "INSERT INTO batch(first_index, size_after, root, type, accepted_at_ms, directory, entries) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr std::string_view kPutEntry =
    "INSERT INTO entry(idx, origin, notice_id, notice, header, body, signatures) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr std::string_view kPutLane =
    "INSERT INTO feed(member, urgent, first_index, positions) VALUES(?1, ?2, ?3, ?4) ON "
    "CONFLICT(member, urgent, first_index) DO UPDATE SET positions = ?4";
constexpr std::string_view kPutDirectoryEntry = "INSERT INTO directory_entry(idx) VALUES(?1)";
constexpr std::string_view kPutClock =
    "INSERT INTO clock(key_id, precedence, created_at_us) VALUES(?1, ?2, ?3) ON "
    "CONFLICT(key_id, precedence) DO UPDATE SET created_at_us = ?3";
constexpr std::string_view kPutConflict =
    "INSERT INTO conflict(origin, notice_id, notice, index_first, refused_at_ms, header, body, "
    "signatures) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 "
    "WHERE (SELECT count(*) FROM conflict WHERE origin = ?1) < ?9 "
    "ON CONFLICT DO NOTHING";
constexpr std::string_view kCountConflicts = "SELECT count(*) FROM conflict";
constexpr std::string_view kSelectCosigned = "SELECT note, time_s FROM cosigned";
constexpr std::string_view kPutCosigned =
    "INSERT INTO cosigned(id, size, time_s, note) VALUES(1, ?1, ?2, ?3) ON CONFLICT(id) DO UPDATE "
    "SET size = ?1, time_s = ?2, note = ?3";
constexpr std::string_view kSelectWitnessChanges =
    "SELECT size, note FROM witness_change ORDER BY size";
constexpr std::string_view kPutWitnessChange =
    "INSERT INTO witness_change(size, note) VALUES(?1, ?2) ON CONFLICT(size) DO UPDATE SET note = "
    "?2";
constexpr std::string_view kPutCheckpoint =
    "UPDATE batch SET checkpoint = ?2 WHERE size_after = ?1";

// Of members and of whatever else is named as an origin: where there are more, all are read anew.
constexpr std::size_t kLastIdsMax = 1'024;

}  // namespace

Result<std::unique_ptr<HubStore>> SqliteHubStore::open(const sqlite::StorePlace& place,
                                                       const Hash& genesis, StoreUse use) {
  const auto fill = [&](sqlite::Database& made) -> Result<void> {
    CHANCERY_TRY(sqlite::Statement insert,
                 made.prepare("INSERT INTO exchange(id, genesis) VALUES(1, ?1)"));
    return insert.bind(1, Bytes(genesis)).run();
  };
  CHANCERY_TRY(sqlite::Database database, sqlite::open_store(place, hub_format(), use, fill));
  CHANCERY_TRY(sqlite::Statement select, database.prepare("SELECT genesis FROM exchange"));
  CHANCERY_TRY(const bool row, select.step());
  if (!row) {
    return fail(ErrorCode::kStoreDamaged, place.path + " names no exchange");
  }
  CHANCERY_TRY(const std::string stored, select.column_blob(0));
  select.reset();
  const bool any = use == StoreUse::kAudit && genesis == Hash{};
  if (!any && stored != as_view(genesis)) {
    return fail(ErrorCode::kWrongGenesis, place.path + " is of exchange " + hex(as_bytes(stored)));
  }
  auto store = std::make_unique<SqliteHubStore>(std::move(database), hash_from(stored));
  return std::unique_ptr<HubStore>(std::move(store));
}

Result<Head> SqliteHubStore::read_head() {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectHead));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    const ledger::CompactTree empty;
    return Head{.size = 0, .root = to_string(empty.root()), .edge = {}, .accepted_at_ms = 0};
  }
  Head head;
  CHANCERY_TRY(head.size, select->column_u64(0));
  CHANCERY_TRY(head.root, select->column_blob(1));
  CHANCERY_TRY(head.edge, select->column_blob(2));
  CHANCERY_TRY(head.accepted_at_ms, select->column_u64(3));
  select->reset();
  return head;
}

// The last batch is the head's, and names the directory that the stored entries fold to: where an
// entry is gone, a revocation may be what is missing.
Result<void> SqliteHubStore::check_last_batch(const HubState& state) {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectLastBatch));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    if (state.tree.size() > 0) {
      return fail(ErrorCode::kStoreDamaged, "the head is ahead of the stored batches");
    }
    return {};
  }
  CHANCERY_TRY(const std::uint64_t size, select->column_u64(0));
  CHANCERY_TRY(const std::string root, select->column_blob(1));
  CHANCERY_TRY(const std::string directory, select->column_blob(2));
  select->reset();
  if (size != state.tree.size() || root != as_view(state.tree.root())) {
    return fail(ErrorCode::kStoreDamaged, "the last batch ends at size " + std::to_string(size) +
                                              ", the head is another one, of size " +
                                              std::to_string(state.tree.size()));
  }
  if (const Hash folded = state.directory.root(); directory != as_view(folded)) {
    return fail(ErrorCode::kStoreDamaged, "the stored directory entries fold to " + hex(folded) +
                                              ", the last batch was made under " +
                                              hex(as_bytes(directory)));
  }
  return {};
}

Result<std::string> SqliteHubStore::read_contradiction() {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectContradiction));
  CHANCERY_TRY(const bool row, select->step());
  std::string detail;
  if (row) {
    CHANCERY_TRY(detail, select->column_text(0));
  }
  select->reset();
  return detail;
}

Result<std::optional<CosignedHead>> SqliteHubStore::read_cosigned() {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectCosigned));
  CHANCERY_TRY(const bool row, select->step());
  if (!row) {
    return std::optional<CosignedHead>();
  }
  CosignedHead cosigned;
  CHANCERY_TRY(cosigned.head.note, select->column_blob(0));
  CHANCERY_TRY(cosigned.time_s, select->column_u64(1));
  select->reset();
  Result<ledger::Checkpoint> checkpoint = ledger::parse_checkpoint(cosigned.head.note);
  if (!checkpoint.has_value()) {
    return fail(ErrorCode::kStoreDamaged, "the cosigned head: " + checkpoint.error().to_string());
  }
  cosigned.head.checkpoint = *std::move(checkpoint);
  return std::optional(std::move(cosigned));
}

Result<std::string> SqliteHubStore::cosigned_note() {
  if (cosigned_.has_value()) {
    return cosigned_->head.note;
  }
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectCosigned));
  CHANCERY_TRY(const bool row, select->step());
  std::string note;
  if (row) {
    CHANCERY_TRY(note, select->column_blob(0));
  }
  select->reset();
  return note;
}

Result<HubState> SqliteHubStore::load() {
  HubState state(genesis_);
  CHANCERY_TRY(const Head head, read_head());
  CHANCERY_TRY(state.tree, exchange::resume_stored(head.size, head.edge, head.root));
  state.accepted_at_ms = head.accepted_at_ms;

  std::vector<std::uint64_t> indices;
  CHANCERY_TRY(sqlite::Statement* const entries, statements_.get(kSelectDirectoryEntries));
  while (true) {
    CHANCERY_TRY(const bool row, entries->step());
    if (!row) {
      break;
    }
    CHANCERY_TRY(const std::uint64_t index, entries->column_u64(0));
    indices.push_back(index);
  }
  if (Result<std::optional<CosignedHead>> cosigned = read_cosigned(); cosigned.has_value()) {
    state.cosigned = *std::move(cosigned);
  } else if (cosigned.error().code == ErrorCode::kStoreDamaged) {
    damages_.push_back({.part = "cosigned", .index = 0, .error = cosigned.error()});
  } else {
    return std::unexpected(cosigned.error());
  }
  // Its witnesses are those of the directory at its size.
  const std::uint64_t cosigned_size =
      state.cosigned.has_value() ? state.cosigned->head.checkpoint.size : 0;
  exchange::RootCache cache;
  for (const std::uint64_t index : indices) {
    CHANCERY_TRY(const std::string bytes, read_envelope(index));
    CHANCERY_TRY(const exchange::Envelope envelope, exchange::parse_envelope(bytes, genesis_));
    if (const Result<void> applied = state.directory.apply(envelope, cache); !applied.has_value()) {
      return fail(ErrorCode::kStoreDamaged, "directory entry " + std::to_string(index) +
                                                " does not fold: " + applied.error().to_string());
    }
    if (state.cosigned.has_value() && index < cosigned_size && state.directory.founded()) {
      state.cosigned->head.witnesses = exchange::witnesses_of(state.directory);
    }
  }
  CHANCERY_TRY_VOID(check_last_batch(state));
  CHANCERY_TRY(state.contradiction, read_contradiction());
  CHANCERY_TRY(sqlite::Statement* const changes, statements_.get(kSelectWitnessChanges));
  while (true) {
    CHANCERY_TRY(const bool row, changes->step());
    if (!row) {
      break;
    }
    WitnessChange change;
    CHANCERY_TRY(change.size, changes->column_u64(0));
    CHANCERY_TRY(change.note, changes->column_blob(1));
    state.witness_changes.push_back(std::move(change));
  }
  CHANCERY_TRY(sqlite::Statement* const clocks, statements_.get(kSelectClocks));
  while (true) {
    CHANCERY_TRY(const bool row, clocks->step());
    if (!row) {
      break;
    }
    KeyClock clock;
    CHANCERY_TRY(const std::string key_id, clocks->column_blob(0));
    CHANCERY_TRY(const std::uint64_t precedence, clocks->column_u64(1));
    CHANCERY_TRY(clock.created_at_us, clocks->column_u64(2));
    clock.key_id = hash_from(key_id);
    clock.precedence = static_cast<std::uint32_t>(precedence);
    state.clocks.push_back(clock);
  }
  return state;
}

Result<bool> SqliteHubStore::is_beyond_the_log(const Questions::Id& id) {
  auto last = last_ids_.find(id.origin);
  if (last == last_ids_.end()) {
    CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectLastId));
    select->bind(1, std::string_view(id.origin));
    CHANCERY_TRY(const bool row, select->step());
    CHANCERY_CHECK(row);
    std::string found;
    if (!select->column_is_null(0)) {
      CHANCERY_TRY(found, select->column_blob(0));
    }
    select->reset();
    if (last_ids_.size() >= kLastIdsMax) {
      last_ids_.clear();
    }
    last = last_ids_.emplace(id.origin, std::move(found)).first;
  }
  return id.notice_id > last->second;
}

Result<Answers> SqliteHubStore::answer(const Questions& questions) {
  Answers answers;
  for (const Questions::Id& id : questions.ids) {
    std::optional<KnownNotice>& known = answers.known.emplace_back();
    CHANCERY_TRY(const bool is_beyond, is_beyond_the_log(id));
    if (is_beyond) {
      continue;
    }
    CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectKnown));
    select->bind(1, std::string_view(id.origin)).bind(2, as_bytes(id.notice_id));
    CHANCERY_TRY(const bool row, select->step());
    if (row) {
      CHANCERY_TRY(const std::string notice, select->column_blob(0));
      CHANCERY_TRY(const std::uint64_t index, select->column_u64(1));
      known = KnownNotice{hash_from(notice), index};
    }
    select->reset();
  }
  for (const std::uint64_t size : questions.head_sizes) {
    CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectRootAt));
    select->bind(1, size);
    CHANCERY_TRY(const bool row, select->step());
    if (row) {
      CHANCERY_TRY(const std::string root, select->column_blob(0));
      answers.heads.emplace(size, hash_from(root));
    }
    select->reset();
  }
  return answers;
}

Result<void> SqliteHubStore::write_entry(const NewEntry& entry) {
  const exchange::Envelope& envelope = entry.envelope;
  CHANCERY_TRY(sqlite::Statement* const put_entry, statements_.get(kPutEntry));
  CHANCERY_TRY_VOID(put_entry->bind(1, entry.index)
                        .bind(2, std::string_view(envelope.draft.origin()))
                        .bind(3, as_bytes(envelope.draft.notice_id()))
                        .bind(4, Bytes(envelope.notice))
                        .bind(5, as_bytes(envelope.header_bytes))
                        .bind(6, as_bytes(envelope.body_bytes))
                        .bind(7, as_bytes(envelope.signatures_bytes))
                        .run());
  if (entry.leaf.type == ledger::LeafType::kDirectory) {
    CHANCERY_TRY(sqlite::Statement* const put_directory, statements_.get(kPutDirectoryEntry));
    CHANCERY_TRY_VOID(put_directory->bind(1, entry.index).run());
  }
  return {};
}

Result<SqliteHubStore::Lanes> SqliteHubStore::write_feeds(const Commit& commit) {
  Lanes lanes;
  for (const NewEntry& entry : commit.entries) {
    for (Readers::value_type& reader : readers_of(entry.envelope.draft)) {
      lanes[std::move(reader)].push_back(entry.index);
    }
  }
  for (const auto& [reader, indices] : lanes) {
    CHANCERY_TRY_VOID(
        put_lane(reader, commit.size_before, exchange::positions_of(indices, commit.size_before)));
  }
  return lanes;
}

SqliteHubStore::Readers SqliteHubStore::readers_of(const v1::Draft& draft) {
  Readers readers;
  for (std::string& member : exchange::readers_of(draft)) {
    readers.emplace_back(std::move(member), exchange::lane_of(draft.precedence()));
  }
  return readers;
}

Result<void> SqliteHubStore::put_lane(const Readers::value_type& reader, std::uint64_t first_index,
                                      std::string_view positions) {
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutLane));
  return put->bind(1, std::string_view(reader.first))
      .bind(2, std::to_underlying(reader.second))
      .bind(3, first_index)
      .bind(4, as_bytes(positions))
      .run();
}

Result<void> SqliteHubStore::write_kept() {
  for (const auto& [size, note] : checkpoints_) {
    CHANCERY_TRY(sqlite::Statement* const put_checkpoint, statements_.get(kPutCheckpoint));
    CHANCERY_TRY_VOID(put_checkpoint->bind(1, size).bind(2, as_bytes(note)).run());
  }
  for (const auto& [size, note] : witness_changes_) {
    CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutWitnessChange));
    CHANCERY_TRY_VOID(put->bind(1, size).bind(2, as_bytes(note)).run());
  }
  if (cosigned_.has_value()) {
    CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutCosigned));
    CHANCERY_TRY_VOID(put->bind(1, cosigned_->head.checkpoint.size)
                          .bind(2, cosigned_->time_s)
                          .bind(3, as_bytes(cosigned_->head.note))
                          .run());
  }
  return {};
}

Result<void> SqliteHubStore::commit(const Commit& commit) {
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  CHANCERY_TRY(const Head head, read_head());
  if (head.size != commit.size_before || head.root != as_view(commit.root_before)) {
    return fail(ErrorCode::kHeadMoved, "the store is at size " + std::to_string(head.size) +
                                           ", this process at " +
                                           std::to_string(commit.size_before));
  }
  std::string entries;  // The E of each.
  entries.reserve(commit.entries.size() * sizeof(Hash));
  for (const NewEntry& entry : commit.entries) {
    CHANCERY_TRY_VOID(write_entry(entry));
    entries += as_view(entry.envelope.entry);
  }
  CHANCERY_TRY(const Lanes lanes, write_feeds(commit));
  CHANCERY_TRY(sqlite::Statement* const put_batch, statements_.get(kPutBatch));
  CHANCERY_TRY_VOID(put_batch->bind(1, commit.size_before)
                        .bind(2, commit.size_after)
                        .bind(3, Bytes(commit.root_after))
                        .bind(4, static_cast<std::uint64_t>(commit.type))
                        .bind(5, commit.accepted_at_ms)
                        .bind(6, Bytes(commit.directory))
                        .bind(7, as_bytes(entries))
                        .run());
  CHANCERY_TRY_VOID(tiles().add(commit.size_before, commit.size_after));
  for (const KeyClock& clock : commit.clocks) {
    CHANCERY_TRY(sqlite::Statement* const put_clock, statements_.get(kPutClock));
    CHANCERY_TRY_VOID(put_clock->bind(1, Bytes(clock.key_id))
                          .bind(2, clock.precedence)
                          .bind(3, clock.created_at_us)
                          .run());
  }
  if (commit.continues) {
    CHANCERY_TRY(sqlite::Statement* const settle, statements_.get(kSettleContradictions));
    CHANCERY_TRY_VOID(settle->bind(1, commit.size_before).run());
  }
  CHANCERY_TRY_VOID(write_kept());
  if (commit.size_after / exchange::kTailCount != commit.size_before / exchange::kTailCount) {
    CHANCERY_TRY_VOID(write_anchor(commit.size_after, commit.edge_after));
  }
  CHANCERY_TRY(sqlite::Statement* const put_head, statements_.get(kPutHead));
  CHANCERY_TRY_VOID(put_head->bind(1, commit.size_after)
                        .bind(2, Bytes(commit.root_after))
                        .bind(3, as_bytes(commit.edge_after))
                        .bind(4, commit.accepted_at_ms)
                        .run());
  CHANCERY_TRY_VOID(transaction.commit());
  kept_is_durable();
  // Their readers are there, most often, and ask for them next.
  for (const NewEntry& entry : commit.entries) {
    served_.keep(entry.index, std::make_shared<const std::string>(entry.envelope.bytes()));
    const v1::Draft& draft = entry.envelope.draft;
    if (const auto last = last_ids_.find(draft.origin()); last != last_ids_.end()) {
      last->second = std::max(last->second, draft.notice_id());
    }
  }
  for (const auto& [reader, indices] : lanes) {
    tails_.append(reader, indices);
  }
  return {};
}

Result<bool> SqliteHubStore::keep_conflict(const Conflict& conflict, std::uint64_t now_ms) {
  const exchange::Envelope& envelope = conflict.envelope;
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  CHANCERY_TRY(sqlite::Statement* const put, statements_.get(kPutConflict));
  CHANCERY_TRY_VOID(put->bind(1, std::string_view(envelope.draft.origin()))
                        .bind(2, as_bytes(envelope.draft.notice_id()))
                        .bind(3, Bytes(envelope.notice))
                        .bind(4, conflict.index_first)
                        .bind(5, now_ms)
                        .bind(6, as_bytes(envelope.header_bytes))
                        .bind(7, as_bytes(envelope.body_bytes))
                        .bind(8, as_bytes(envelope.signatures_bytes))
                        .bind(9, kConflictsKeptMax)
                        .run());
  const bool is_new = database_.changes() > 0;
  CHANCERY_TRY_VOID(transaction.commit());
  return is_new;
}

Result<std::uint64_t> SqliteHubStore::conflict_count() {
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kCountConflicts));
  CHANCERY_TRY(const bool row, select->step());
  CHANCERY_CHECK(row);
  CHANCERY_TRY(const std::uint64_t count, select->column_u64(0));
  select->reset();
  return count;
}

Result<void> SqliteHubStore::flush() {
  if (checkpoints_.empty() && !cosigned_.has_value()) {
    return {};
  }
  CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  CHANCERY_TRY_VOID(write_kept());
  CHANCERY_TRY_VOID(transaction.commit());
  kept_is_durable();
  return {};
}

Result<std::vector<HubStore::UnsignedHead>> SqliteHubStore::unsigned_heads() {
  std::vector<UnsignedHead> heads;
  CHANCERY_TRY(sqlite::Statement* const select, statements_.get(kSelectUnsigned));
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    if (!row) {
      return heads;
    }
    CHANCERY_TRY(const std::uint64_t size, select->column_u64(0));
    CHANCERY_TRY(const std::string root, select->column_blob(1));
    heads.push_back({size, hash_from(root)});
  }
}

Result<std::unique_ptr<HubStore>> open_sqlite_hub_store(const std::string& path,
                                                        const Hash& genesis, StoreUse use,
                                                        const sqlite::Medium& medium) {
  return SqliteHubStore::open({path, medium}, genesis, use);
}

}  // namespace chancery::broker
