// The hub's SQLite store: the hashes of its tree as tiles, from the batches and from the table of
// those above them.

#include <algorithm>
#include <functional>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/ledger/tree.h"
#include "io/sqlite/tile_table.h"

namespace chancery::broker {
namespace {

// The batches that have leaves from ?1 up to ?2.
constexpr std::string_view kSelectLeaves =
    "SELECT first_index, type, accepted_at_ms, directory, entries, size_after FROM batch WHERE "
    "first_index >= (SELECT coalesce(max(first_index), 0) FROM batch WHERE first_index <= ?1) AND "
    "first_index < ?2 ORDER BY first_index";

Result<std::string> leaf_hashes(sqlite::StatementCache& statements, std::uint64_t first,
                                std::size_t count) {
  CHANCERY_TRY(sqlite::Statement* const select, statements.get(kSelectLeaves));
  const std::uint64_t end = first + count;
  select->bind(1, first).bind(2, end);
  std::string hashes;
  hashes.reserve(count * ledger::kTileHashBytes);
  for (std::uint64_t index = first; index < end;) {
    CHANCERY_TRY(const bool row, select->step());
    std::uint64_t begin = 0;
    std::uint64_t batch_end = 0;
    std::string_view entries;
    if (row) {
      CHANCERY_TRY(begin, select->column_u64(0));
      CHANCERY_TRY(entries, select->column_view(4));
      CHANCERY_TRY(batch_end, select->column_u64(5));
    }
    if (begin > index || batch_end <= index ||
        entries.size() != (batch_end - begin) * sizeof(Hash)) {
      select->reset();
      return fail(ErrorCode::kStoreDamaged, "leaf " + std::to_string(index) + " is not there");
    }
    CHANCERY_TRY(const std::uint64_t type, select->column_u64(1));
    CHANCERY_TRY(const std::uint64_t accepted_at_ms, select->column_u64(2));
    CHANCERY_TRY(const std::string_view directory, select->column_view(3));
    ledger::Leaf leaf{.type = ledger::leaf_type_of(type),
                      .accepted_at_ms = accepted_at_ms,
                      .directory = hash_from(directory),
                      .entry = {}};
    for (; index < std::min(batch_end, end); ++index) {
      leaf.entry = entry_at(entries, index - begin);
      hashes += as_view(ledger::leaf_hash(leaf));
    }
  }
  select->reset();
  return hashes;
}

ledger::KeptTiles tiles_in(sqlite::StatementCache& statements) {
  const sqlite::TileTable table(statements);
  return ledger::KeptTiles({.leaf_hashes = std::bind_front(leaf_hashes, std::ref(statements)),
                            .read = std::bind_front(&sqlite::TileTable::read, table),
                            .put = std::bind_front(&sqlite::TileTable::put, table)});
}

}  // namespace

Result<void> fill_tiles(sqlite::Database& database) {
  sqlite::StatementCache statements(database);
  CHANCERY_TRY(sqlite::Statement* const head, statements.get("SELECT size FROM head"));
  CHANCERY_TRY(const bool row, head->step());
  if (!row) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t size, head->column_u64(0));
  head->reset();
  return tiles_in(statements).mend(0, size);
}

ledger::KeptTiles SqliteHubStore::tiles() {
  return tiles_in(statements_);
}

Result<std::string> SqliteHubStore::tile(const ledger::Tile& tile) {
  return tiles().tile(tile);
}

}  // namespace chancery::broker
