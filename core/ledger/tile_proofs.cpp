#include "core/ledger/tile_proofs.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <utility>

#include "core/base/result.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

// Where a tree of two leaves or more splits: the largest power of two below its size.
std::uint64_t split_of(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

// The leaves from `begin` on: `count` of them, as RFC 6962 splits a tree.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;

  [[nodiscard]] Range left() const { return {.begin = begin, .count = split_of(count)}; }
  [[nodiscard]] Range right() const {
    const std::uint64_t split = split_of(count);
    return {.begin = begin + split, .count = count - split};
  }
};

// Each tile is read once.
class TiledTree {
 public:
  TiledTree(std::uint64_t size, const TileSource& source) : size_(size), source_(source) {}

  Result<Hash> root(const Range& range) {
    if (std::has_single_bit(range.count)) {
      return full_root(range);
    }
    CHANCERY_TRY(const Hash left, root(range.left()));
    CHANCERY_TRY(const Hash right, root(range.right()));
    return node_hash(left, right);
  }

  // PATH(m, D[n]), RFC 6962 section 2.1.1.
  Result<void> append_inclusion(const Range& range, std::uint64_t index, std::vector<Hash>& path) {
    if (range.count == 1) {
      return {};
    }
    const bool is_left = index < range.right().begin;
    CHANCERY_TRY_VOID(append_inclusion(is_left ? range.left() : range.right(), index, path));
    CHANCERY_TRY(const Hash sibling, root(is_left ? range.right() : range.left()));
    path.push_back(sibling);
    return {};
  }

  // SUBPROOF(m, D[n], whole), RFC 6962 section 2.1.2; the old tree ends before leaf `old_end`.
  Result<void> append_consistency(const Range& range, std::uint64_t old_end, bool whole,
                                  std::vector<Hash>& path) {
    if (old_end == range.begin + range.count) {
      if (!whole) {
        CHANCERY_TRY(const Hash all, root(range));
        path.push_back(all);
      }
      return {};
    }
    const bool is_left = old_end <= range.right().begin;
    CHANCERY_TRY_VOID(is_left ? append_consistency(range.left(), old_end, whole, path)
                              : append_consistency(range.right(), old_end, false, path));
    CHANCERY_TRY(const Hash sibling, root(is_left ? range.right() : range.left()));
    path.push_back(sibling);
    return {};
  }

 private:
  // Of a full subtree, which begins at a multiple of its size: so it is within one tile.
  Result<Hash> full_root(const Range& range) {
    const auto height = static_cast<unsigned>(std::countr_zero(range.count));
    const unsigned level = std::min<unsigned>(height / kTileLevelBits, kTreeLevels - 1);
    const std::uint64_t first = range.begin >> (level * kTileLevelBits);
    const std::uint64_t count = range.count >> (level * kTileLevelBits);
    CHANCERY_TRY(const std::string* const bytes, tile(level, first / kTileWidth));
    return tree_root(hashes_in(std::string_view(*bytes).substr(first % kTileWidth * kTileHashBytes,
                                                               count * kTileHashBytes)));
  }

  Result<const std::string*> tile(unsigned level, std::uint64_t index) {
    const auto found = tiles_.find({level, index});
    if (found != tiles_.end()) {
      return &found->second;
    }
    const std::uint64_t ahead = hashes_at(level, size_) - index * kTileWidth;
    const Tile wanted{
        .level = static_cast<std::uint8_t>(level),
        .index = index,
        .width = static_cast<std::uint16_t>(std::min<std::uint64_t>(ahead, kTileWidth))};
    CHANCERY_TRY(std::string bytes, read_tile(wanted, source_));
    return &tiles_.emplace(std::pair(level, index), std::move(bytes)).first->second;
  }

  std::uint64_t size_;
  const TileSource& source_;
  std::map<std::pair<unsigned, std::uint64_t>, std::string> tiles_;
};

}  // namespace

Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                          const TileSource& source) {
  CHANCERY_CHECK(index < size);
  std::vector<Hash> path;
  CHANCERY_TRY_VOID(
      TiledTree(size, source).append_inclusion({.begin = 0, .count = size}, index, path));
  return path;
}

Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                            const TileSource& source) {
  CHANCERY_CHECK(old_size <= size);
  std::vector<Hash> path;
  if (old_size > 0) {
    CHANCERY_TRY_VOID(TiledTree(size, source)
                          .append_consistency({.begin = 0, .count = size}, old_size, true, path));
  }
  return path;
}

}  // namespace chancery::ledger
