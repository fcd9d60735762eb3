#include "io/sqlite/tile_table.h"

namespace chancery::sqlite {

Result<void> TileTable::create(Database& database) {
  return database.execute(
      "CREATE TABLE tile(level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, "
      "PRIMARY KEY(level, idx)) STRICT, WITHOUT ROWID");
}

Result<std::string> TileTable::read(std::uint8_t level, std::uint64_t first, std::size_t count) {
  CHANCERY_TRY(Statement* const select,
               statements_.get("SELECT idx, hash FROM tile WHERE level = ?1 AND idx >= ?2 "
                               "ORDER BY idx LIMIT ?3"));
  select->bind(1, level).bind(2, first).bind(3, count);
  std::string hashes;
  hashes.reserve(count * sizeof(Hash));
  for (std::uint64_t expected = first; expected < first + count; ++expected) {
    CHANCERY_TRY(const bool row, select->step());
    std::string hash;
    if (row) {
      CHANCERY_TRY(const std::uint64_t index, select->column_u64(0));
      CHANCERY_TRY(hash, select->column_blob(1));
      hash.resize(index == expected ? hash.size() : 0);
    }
    if (hash.size() != sizeof(Hash)) {
      select->reset();
      return fail(ErrorCode::kStoreDamaged, "hash " + std::to_string(expected) + " of tile level " +
                                                std::to_string(level) + " is not there");
    }
    hashes += hash;
  }
  select->reset();
  return hashes;
}

Result<void> TileTable::put(std::uint8_t level, std::uint64_t index, const Hash& hash) {
  CHANCERY_TRY(Statement* const put,
               statements_.get("INSERT INTO tile(level, idx, hash) VALUES(?1, ?2, ?3) "
                               "ON CONFLICT DO UPDATE SET hash = ?3"));
  return put->bind(1, level).bind(2, index).bind(3, Bytes(hash)).run();
}

}  // namespace chancery::sqlite
