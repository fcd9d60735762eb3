// NodeStore: the hashes of the log's tree as tiles.

#include <algorithm>
#include <functional>
#include <string>

#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "io/sqlite/tile_table.h"
#include "node/store/impl.h"
#include "node/store/schema.h"

namespace chancery::node {
namespace {

constexpr std::string_view kSelectLeaves =
    "SELECT first_index, leaves FROM batch WHERE first_index >= (SELECT coalesce(max(first_index), "
    "0) FROM batch WHERE first_index <= ?1) AND first_index < ?2 ORDER BY first_index";

Result<std::string> leaf_hashes(sqlite::StatementCache& statements, std::uint64_t first,
                                std::size_t count) {
  CHANCERY_TRY(sqlite::Statement* const select, statements.get(kSelectLeaves));
  select->bind(1, first).bind(2, first + count);
  std::string hashes;
  hashes.reserve(count * ledger::kTileHashBytes);
  std::uint64_t next = first;
  while (next < first + count) {
    CHANCERY_TRY(const bool row, select->step());
    std::uint64_t batch_first = 0;
    std::string leaves;
    if (row) {
      CHANCERY_TRY(batch_first, select->column_u64(0));
      CHANCERY_TRY(leaves, select->column_blob(1));
    }
    const std::uint64_t batch_end = batch_first + leaves.size() / ledger::kLeafBytes;
    const std::uint64_t end = std::min(first + count, batch_end);
    if (next < batch_first || next >= end) {
      select->reset();
      return fail(ErrorCode::kStoreDamaged, "leaf " + std::to_string(next) + " is not there");
    }
    for (; next < end; ++next) {
      const std::size_t at = static_cast<std::size_t>(next - batch_first) * ledger::kLeafBytes;
      hashes += as_view(ledger::leaf_hash(as_bytes(leaves).subspan(at, ledger::kLeafBytes)));
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
  CHANCERY_TRY_VOID(sqlite::TileTable::create(database));
  sqlite::StatementCache statements(database);
  CHANCERY_TRY(sqlite::Statement* const position, statements.get("SELECT size FROM position"));
  CHANCERY_TRY(const bool row, position->step());
  if (!row) {
    return {};
  }
  CHANCERY_TRY(const std::uint64_t size, position->column_u64(0));
  position->reset();
  return tiles_in(statements).add(0, size);
}

ledger::KeptTiles NodeStore::Impl::tiles() {
  return tiles_in(statements);
}

Result<std::string> NodeStore::tile(const ledger::Tile& tile) {
  return impl_->tiles().tile(tile);
}

}  // namespace chancery::node
