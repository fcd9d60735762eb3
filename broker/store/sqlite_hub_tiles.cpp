// The hub's SQLite store: the hashes of its tree as tiles, from the entries and from the table of
// those above them.

#include <functional>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/ledger/tree.h"
#include "io/sqlite/tile_table.h"

namespace chancery::broker {
namespace {

// The leaves from ?1 up to ?2, batch by batch.
constexpr std::string_view kSelectLeaves =
    "SELECT e.idx, b.type, b.accepted_at_ms, b.directory, e.entry_hash FROM batch b "
    "CROSS JOIN entry e ON e.idx >= max(b.first_index, ?1) AND e.idx < min(b.size_after, ?2) "
    "WHERE b.first_index >= (SELECT coalesce(max(first_index), 0) FROM batch WHERE first_index <= "
    "?1) AND b.first_index < ?2 ORDER BY b.first_index, e.idx";

Result<std::string> leaf_hashes(sqlite::StatementCache& statements, std::uint64_t first,
                                std::size_t count) {
  CHANCERY_TRY(sqlite::Statement* const select, statements.get(kSelectLeaves));
  select->bind(1, first).bind(2, first + count);
  std::string hashes;
  hashes.reserve(count * ledger::kTileHashBytes);
  while (true) {
    CHANCERY_TRY(const bool row, select->step());
    const std::uint64_t expected = first + hashes.size() / ledger::kTileHashBytes;
    if (!row && expected == first + count) {
      return hashes;
    }
    std::uint64_t index = 0;
    if (row) {
      CHANCERY_TRY(index, select->column_u64(0));
    }
    if (!row || index != expected) {
      select->reset();
      return fail(ErrorCode::kStoreDamaged, "entry " + std::to_string(expected) + " is not there");
    }
    CHANCERY_TRY(const std::uint64_t type, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t accepted_at_ms, select->column_u64(2));
    CHANCERY_TRY(const std::string_view directory, select->column_view(3));
    CHANCERY_TRY(const std::string_view entry, select->column_view(4));
    hashes += as_view(ledger::leaf_hash({.type = static_cast<ledger::LeafType>(type),
                                         .accepted_at_ms = accepted_at_ms,
                                         .directory = hash_from(directory),
                                         .entry = hash_from(entry)}));
  }
}

ledger::KeptTiles tiles_in(sqlite::StatementCache& statements) {
  const sqlite::TileTable table(statements);
  return ledger::KeptTiles({.leaf_hashes = std::bind_front(leaf_hashes, std::ref(statements)),
                            .read = std::bind_front(&sqlite::TileTable::read, table),
                            .put = std::bind_front(&sqlite::TileTable::put, table)});
}

}  // namespace

Result<void> fill_tiles(sqlite::Database& database) {
  CHANCERY_TRY_VOID(sqlite::TileTable::create(database));
  sqlite::StatementCache statements(database);
  CHANCERY_TRY(sqlite::Statement* const head, statements.get("SELECT size FROM head"));
  CHANCERY_TRY(const bool row, head->step());
  if (!row) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t size, head->column_u64(0));
  head->reset();
  return tiles_in(statements).add(0, size);
}

ledger::KeptTiles SqliteHubStore::tiles() {
  return tiles_in(statements_);
}

Result<std::string> SqliteHubStore::tile(const ledger::Tile& tile) {
  return tiles().tile(tile);
}

}  // namespace chancery::broker
