#include "core/ledger/kept_tiles.h"

namespace chancery::ledger {

Result<std::string> KeptTiles::tile(const Tile& tile) const {
  const std::uint64_t first = tile.index * kTileWidth;
  return tile.level == 0 ? keeper_.leaf_hashes(first, tile.width)
                         : keeper_.read(tile.level, first, tile.width);
}

Result<void> KeptTiles::add(std::uint64_t since, std::uint64_t size) const {
  return each(since, size,
              [this](std::uint8_t level, std::uint64_t index) { return put(level, index); });
}

Result<void> KeptTiles::restore(std::uint64_t leaf, std::uint64_t size) const {
  for (std::uint8_t level = 1; level < kTreeLevels; ++level) {
    const std::uint64_t index = hashes_at(level, leaf);
    if (index >= hashes_at(level, size)) {
      break;
    }
    CHANCERY_TRY_VOID(put(level, index));
  }
  return {};
}

Result<void> KeptTiles::mend(std::uint64_t since, std::uint64_t size) const {
  const Result<void> checked = check(since, size);
  return !checked.has_value() && checked.error().code == ErrorCode::kStoreDamaged ? add(since, size)
                                                                                  : checked;
}

Result<void> KeptTiles::check(std::uint64_t since, std::uint64_t size) const {
  return each(since, size, [this](std::uint8_t level, std::uint64_t index) -> Result<void> {
    CHANCERY_TRY(const Hash hash, made(level, index));
    CHANCERY_TRY(const std::string kept, keeper_.read(level, index, 1));
    if (kept != as_view(hash)) {
      return fail(ErrorCode::kStoreDamaged, "hash " + std::to_string(index) + " of tile level " +
                                                std::to_string(level) +
                                                " is not that of what is below");
    }
    return {};
  });
}

Result<Hash> KeptTiles::made(std::uint8_t level, std::uint64_t index) const {
  const Tile below{.level = static_cast<std::uint8_t>(level - 1), .index = index};
  CHANCERY_TRY(const std::string bytes,
               read_tile(below, [this](const Tile& wanted) { return tile(wanted); }));
  return tile_root(bytes);
}

Result<void> KeptTiles::put(std::uint8_t level, std::uint64_t index) const {
  const Result<Hash> hash = made(level, index);
  if (hash.has_value()) {
    return keeper_.put(level, index, *hash);
  }
  return hash.error().code == ErrorCode::kStoreDamaged ? Result<void>()
                                                       : std::unexpected(hash.error());
}

Result<void> KeptTiles::each(
    std::uint64_t since, std::uint64_t size,
    const std::function<Result<void>(std::uint8_t level, std::uint64_t index)>& take) {
  for (std::uint8_t level = 1; level < kTreeLevels; ++level) {
    for (std::uint64_t index = hashes_at(level, since); index < hashes_at(level, size); ++index) {
      CHANCERY_TRY_VOID(take(level, index));
    }
  }
  return {};
}

}  // namespace chancery::ledger
