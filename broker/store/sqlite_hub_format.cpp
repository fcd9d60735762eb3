#include "broker/store/sqlite_hub_format.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "broker/store/sqlite_hub_impl.h"
#include "broker/store/sqlite_hub_store.h"
#include "core/base/encoding.h"
#include "core/exchange/feed_positions.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "io/sqlite/tile_table.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kSchema = R"(
CREATE TABLE exchange(id INTEGER PRIMARY KEY CHECK(id = 1), genesis BLOB NOT NULL) STRICT;
CREATE TABLE head(
  id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
  edge BLOB NOT NULL, accepted_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE batch(
  first_index INTEGER PRIMARY KEY, size_after INTEGER NOT NULL UNIQUE, root BLOB NOT NULL,
  type INTEGER NOT NULL, accepted_at_ms INTEGER NOT NULL, directory BLOB NOT NULL,
  checkpoint BLOB) STRICT;
CREATE INDEX batch_unsigned ON batch(size_after) WHERE checkpoint IS NULL;
CREATE TABLE entry(
  idx INTEGER PRIMARY KEY, origin TEXT NOT NULL, notice_id BLOB NOT NULL, notice BLOB NOT NULL,
  entry_hash BLOB NOT NULL, header BLOB NOT NULL, body BLOB NOT NULL, signatures BLOB NOT NULL,
  UNIQUE(origin, notice_id)) STRICT;
CREATE TABLE feed(
  member TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY(member, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE directory_entry(idx INTEGER PRIMARY KEY) STRICT;
CREATE TABLE clock(
  key_id BLOB NOT NULL, precedence INTEGER NOT NULL, created_at_us INTEGER NOT NULL,
  PRIMARY KEY(key_id, precedence)) STRICT, WITHOUT ROWID;
CREATE TABLE conflict(
  id INTEGER PRIMARY KEY, origin TEXT NOT NULL, notice_id BLOB NOT NULL, notice BLOB NOT NULL,
  index_first INTEGER NOT NULL, refused_at_ms INTEGER NOT NULL, header BLOB NOT NULL,
  body BLOB NOT NULL, signatures BLOB NOT NULL, UNIQUE(origin, notice_id, notice)) STRICT;
)";
// Version 2: the feed in two lanes, bodies that were erased, from where a check may begin.
constexpr std::string_view kSchema2 = R"(
ALTER TABLE feed RENAME TO feed_1;
CREATE TABLE feed(
  member TEXT NOT NULL, urgent INTEGER NOT NULL CHECK(urgent IN (0, 1)), idx INTEGER NOT NULL,
  PRIMARY KEY(member, urgent, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE erased(
  idx INTEGER PRIMARY KEY, body_digest BLOB NOT NULL, erased_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE anchor(size INTEGER PRIMARY KEY, edge BLOB NOT NULL) STRICT;
CREATE TABLE quarantine(
  id INTEGER PRIMARY KEY, part TEXT NOT NULL, idx INTEGER NOT NULL, code INTEGER NOT NULL,
  reason TEXT NOT NULL, found_at_ms INTEGER NOT NULL, restored_at_ms INTEGER,
  UNIQUE(part, idx)) STRICT;
CREATE TABLE contradiction(detail TEXT NOT NULL, found_at_ms INTEGER NOT NULL) STRICT;
)";

// The lane is in the draft, which SQL does not read.
Result<void> fill_lanes(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement entries, database.prepare("SELECT idx, header FROM entry"));
  CHANCERY_TRY(sqlite::Statement move,
               database.prepare("INSERT INTO feed(member, urgent, idx) "
                                "SELECT member, ?2, idx FROM feed_1 WHERE idx = ?1"));
  CHANCERY_TRY_VOID(database.execute("CREATE INDEX feed_1_idx ON feed_1(idx)"));
  while (true) {
    CHANCERY_TRY(const bool row, entries.step());
    if (!row) {
      return database.execute("DROP TABLE feed_1");
    }
    CHANCERY_TRY(const std::uint64_t index, entries.column_u64(0));
    CHANCERY_TRY(const std::string bytes, entries.column_blob(1));
    CHANCERY_TRY(const v1::Header header, exchange::parse_wire<v1::Header>(bytes));
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(header.draft()));
    const exchange::Lane lane = exchange::lane_of(draft.precedence());
    CHANCERY_TRY_VOID(move.bind(1, index).bind(2, std::to_underlying(lane)).run());
  }
}

// Version 3: the newest head at quorum; the hashes of the tree above its leaves, which version 6
// fills.
constexpr std::string_view kSchema3 = R"(
CREATE TABLE cosigned(
  id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, time_s INTEGER NOT NULL,
  note BLOB NOT NULL) STRICT;
)";

// Version 4: heads at quorum at which the witnesses changed.
constexpr std::string_view kSchema4 = R"(
CREATE TABLE witness_change(size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
)";

// Version 5: the roster by which the log went on in spite of a contradiction.
constexpr std::string_view kSchema5 = R"(
ALTER TABLE contradiction ADD COLUMN settled_by INTEGER;
)";

// Version 6: what is written and read by the batch lies together by the batch: the E of its
// entries, and a lane of a member's feed.
constexpr std::string_view kSchema6 = R"(
ALTER TABLE batch ADD COLUMN entries BLOB NOT NULL DEFAULT x'';
ALTER TABLE feed RENAME TO feed_5;
CREATE TABLE feed(
  member TEXT NOT NULL, urgent INTEGER NOT NULL CHECK(urgent IN (0, 1)),
  first_index INTEGER NOT NULL, positions BLOB NOT NULL,
  PRIMARY KEY(member, urgent, first_index)) STRICT, WITHOUT ROWID;
)";

// An entry that is gone has one of zeroes in its place, which its batch's root will name.
Result<std::string> entry_hashes(sqlite::Statement& select, std::uint64_t first,
                                 std::uint64_t end) {
  std::string hashes;
  select.reset();
  select.bind(1, first).bind(2, end).bind(3, exchange::kBatchSizeMax);
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return hashes;
    }
    CHANCERY_TRY(const std::uint64_t index, select.column_u64(0));
    CHANCERY_TRY(const std::string_view hash, select.column_view(1));
    hashes.resize((index - first) * sizeof(Hash));
    hashes += as_view(hash_from(hash));
  }
}

Result<void> pack_entries(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement batches,
               database.prepare("SELECT first_index, size_after FROM batch WHERE first_index >= ?1 "
                                "ORDER BY first_index LIMIT 1"));
  CHANCERY_TRY(sqlite::Statement entries,
               database.prepare("SELECT idx, entry_hash FROM entry WHERE idx >= ?1 AND idx < ?2 "
                                "AND idx - ?1 < ?3 ORDER BY idx"));
  CHANCERY_TRY(sqlite::Statement update,
               database.prepare("UPDATE batch SET entries = ?2 WHERE first_index = ?1"));
  for (std::uint64_t from = 0;;) {
    batches.reset();
    CHANCERY_TRY(const bool row, batches.bind(1, from).step());
    if (!row) {
      return {};
    }
    CHANCERY_TRY(const std::uint64_t first, batches.column_u64(0));
    CHANCERY_TRY(const std::uint64_t end, batches.column_u64(1));
    CHANCERY_TRY(const std::string hashes, entry_hashes(entries, first, end));
    CHANCERY_TRY_VOID(update.bind(1, first).bind(2, as_bytes(hashes)).run());
    from = first + 1;
  }
}

Result<void> pack_feeds(sqlite::Database& database) {
  CHANCERY_TRY(sqlite::Statement select,
               database.prepare("SELECT member, urgent, idx, (SELECT max(first_index) FROM batch "
                                "WHERE first_index <= idx) FROM feed_5 ORDER BY 1, 2, 3"));
  CHANCERY_TRY(sqlite::Statement put,
               database.prepare("INSERT INTO feed(member, urgent, first_index, positions) "
                                "VALUES(?1, ?2, ?3, ?4)"));
  struct Row {
    std::string member;
    std::uint64_t urgent = 0;
    std::uint64_t first = 0;
    std::string positions;
  };
  Row pending;
  const auto write = [&]() -> Result<void> {
    return pending.positions.empty() ? Result<void>()
                                     : put.bind(1, std::string_view(pending.member))
                                           .bind(2, pending.urgent)
                                           .bind(3, pending.first)
                                           .bind(4, as_bytes(pending.positions))
                                           .run();
  };
  while (true) {
    CHANCERY_TRY(const bool row, select.step());
    if (!row) {
      return write();
    }
    CHANCERY_TRY(std::string member, select.column_text(0));
    CHANCERY_TRY(const std::uint64_t urgent, select.column_u64(1));
    CHANCERY_TRY(const std::uint64_t index, select.column_u64(2));
    std::uint64_t first = 0;
    if (!select.column_is_null(3)) {
      CHANCERY_TRY(first, select.column_u64(3));
    }
    if (index - first >= exchange::kBatchSizeMax) {
      continue;  // Beyond the log: no batch has it.
    }
    if (member != pending.member || urgent != pending.urgent || first != pending.first) {
      CHANCERY_TRY_VOID(write());
      pending = {.member = std::move(member), .urgent = urgent, .first = first, .positions = {}};
    }
    exchange::append_position(pending.positions, index - first);
  }
}

Result<void> pack_batches(sqlite::Database& database) {
  CHANCERY_TRY_VOID(pack_entries(database));
  CHANCERY_TRY_VOID(pack_feeds(database));
  CHANCERY_TRY_VOID(
      database.execute("ALTER TABLE entry DROP COLUMN entry_hash; DROP TABLE feed_5"));
  return fill_tiles(database);
}

constexpr std::array kSteps = {sqlite::StoreStep{kSchema},
                               sqlite::StoreStep{kSchema2, fill_lanes},
                               sqlite::StoreStep{kSchema3, sqlite::TileTable::create},
                               sqlite::StoreStep{kSchema4},
                               sqlite::StoreStep{kSchema5},
                               sqlite::StoreStep{kSchema6, pack_batches}};
constexpr sqlite::StoreFormat kFormat{.application_id = kHubStoreApplicationId, .steps = kSteps};
static_assert(kFormat.version() == kHubStoreVersion);

}  // namespace

const sqlite::StoreFormat& hub_format() {
  return kFormat;
}

}  // namespace chancery::broker
