// The table in which a store keeps the hashes of its log's tree above the leaves
// (core/ledger/kept_tiles.h says which). In the transaction of its owner. One thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "io/sqlite/statement_cache.h"

namespace chancery::sqlite {

class TileTable {
 public:
  // For a step of a store's format (store.h).
  [[nodiscard]] static Result<void> create(Database& database);

  // The statements outlive it.
  explicit TileTable(StatementCache& statements) : statements_(statements) {}

  // In the place of one that is there.
  [[nodiscard]] Result<void> put(std::uint8_t level, std::uint64_t index, const Hash& hash);
  // `count` hashes from `first` on, one after the other. kStoreDamaged where one is not there.
  [[nodiscard]] Result<std::string> read(std::uint8_t level, std::uint64_t first,
                                         std::size_t count);

 private:
  StatementCache& statements_;
};

}  // namespace chancery::sqlite
