#include "core/ledger/tiles.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/encoding.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kTilePrefix = "tile/";
constexpr std::string_view kEntriesPrefix = "entries/";
constexpr std::string_view kPartialMark = ".p/";
constexpr std::size_t kGroupDigits = 3;
constexpr std::uint64_t kGroupBase = 1000;
constexpr std::size_t kLengthBytes = 2;

std::unexpected<Error> bad_tile(std::string detail) {
  return fail(ErrorCode::kMalformed, std::move(detail));
}

std::string index_path(std::uint64_t index) {
  const std::string digits = std::to_string(index % kGroupBase);
  std::string path;
  if (index >= kGroupBase) {
    path = index_path(index / kGroupBase) + "/";
    path.insert(path.size() - kGroupDigits - 1, "x");  // As all but the last.
  }
  return path.append(kGroupDigits - digits.size(), '0') + digits;
}

// The digits alone, wherever the groups begin: tile_name() shows whether the path is spelt so.
Result<std::uint64_t> parse_index_path(std::string_view path) {
  std::string digits(path);
  std::erase_if(digits, [](char character) { return character == 'x' || character == '/'; });
  const std::size_t first = digits.find_first_not_of('0');
  return from_decimal(first == std::string::npos ? digits.substr(0, 1) : digits.substr(first));
}

}  // namespace

std::uint64_t hashes_at(std::size_t level, std::uint64_t size) {
  return size >> (kTileLevelBits * level);
}

bool is_tile_of(const Tile& tile, std::uint64_t size) {
  if (tile.level >= kTreeLevels) {
    return false;
  }
  const std::uint64_t hashes = hashes_at(tile.level, size);
  const std::uint64_t before = hashes / kTileWidth;
  return tile.width == kTileWidth ? tile.index < before
                                  : tile.index == before && tile.width == hashes % kTileWidth;
}

Hash root_of_edge(std::span<const std::string> partial_tiles) {
  // What is right of the full subtrees of a level is itself a subtree, the last of them.
  std::vector<Hash> below;
  for (const std::string& edge : partial_tiles) {
    std::vector<Hash> row = hashes_in(edge);
    row.insert(row.end(), below.begin(), below.end());
    if (!row.empty()) {
      below = {tree_root(row)};
    }
  }
  return below.empty() ? tree_root({}) : below.front();
}

std::vector<Hash> hashes_in(std::string_view bytes) {
  std::vector<Hash> hashes;
  hashes.reserve(bytes.size() / kTileHashBytes + 1);
  for (std::size_t at = 0; at < bytes.size(); at += kTileHashBytes) {
    hashes.push_back(hash_from(bytes.substr(at, kTileHashBytes)));
  }
  return hashes;
}

Result<std::string> read_tile(const Tile& tile, const TileSource& source) {
  CHANCERY_TRY(std::string bytes, source(tile));
  const std::size_t length = tile.width * kTileHashBytes;
  if (bytes.size() == kTileWidth * kTileHashBytes) {
    bytes.resize(length);
  }
  if (bytes.size() != length) {
    return bad_tile(tile_name(tile) + " has " + std::to_string(bytes.size()) + " bytes");
  }
  return bytes;
}

std::string tile_name(const Tile& tile) {
  std::string name(kTilePrefix);
  name += tile.entries ? std::string(kEntriesPrefix) : std::to_string(tile.level) + "/";
  name += index_path(tile.index);
  if (tile.width != kTileWidth) {
    name += std::string(kPartialMark) + std::to_string(tile.width);
  }
  return name;
}

Result<Tile> parse_tile_name(std::string_view name) {
  Tile tile;
  std::string_view rest = name;
  if (!rest.starts_with(kTilePrefix)) {
    return bad_tile("the name of a tile begins with tile/");
  }
  rest.remove_prefix(kTilePrefix.size());
  if (rest.starts_with(kEntriesPrefix)) {
    tile.entries = true;
    rest.remove_prefix(kEntriesPrefix.size());
  } else {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    CHANCERY_TRY(const std::uint64_t level, from_decimal(rest.substr(0, end)));
    if (level > kTileLevelMax) {
      return bad_tile("the level of a tile is 0 to 63");
    }
    tile.level = static_cast<std::uint8_t>(level);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (const std::size_t mark = rest.find(kPartialMark); mark != std::string_view::npos) {
    CHANCERY_TRY(const std::uint64_t width, from_decimal(rest.substr(mark + kPartialMark.size())));
    if (width == 0 || width >= kTileWidth) {
      return bad_tile("the width of a partial tile is 1 to 255");
    }
    tile.width = static_cast<std::uint16_t>(width);
    rest = rest.substr(0, mark);
  }
  CHANCERY_TRY(tile.index, parse_index_path(rest));
  if (name != tile_name(tile)) {
    return bad_tile("the index of a tile is groups of three digits, all but the last behind x");
  }
  return tile;
}

TreeTiles::TreeTiles(bool entries, std::uint64_t size, std::uint64_t since)
    : entries_(entries), size_(size), since_(since) {
  CHANCERY_CHECK(since <= size);
}

TreeTiles TreeTiles::hashes(std::uint64_t size, std::uint64_t since) {
  return {false, size, since};
}

TreeTiles TreeTiles::entries(std::uint64_t size, std::uint64_t since) {
  return {true, size, since};
}

TreeTiles::Iterator::Iterator(const TreeTiles& tiles)
    : size_(tiles.size_), since_(tiles.since_), entries_(tiles.entries_) {
  enter_level();
}

TreeTiles::Iterator& TreeTiles::Iterator::operator++() {
  const std::uint64_t next = tile_.index + 1;
  if (next <= (hashes_at(level_, size_) - 1) / kTileWidth) {
    show(next);
  } else {
    ++level_;
    enter_level();
  }
  return *this;
}

void TreeTiles::Iterator::enter_level() {
  const std::size_t levels = entries_ ? 1 : kTreeLevels;
  while (level_ < levels && hashes_at(level_, size_) == hashes_at(level_, since_)) {
    ++level_;
  }
  if (level_ >= levels) {
    level_ = kTreeLevels;
  } else {
    show(hashes_at(level_, since_) / kTileWidth);
  }
}

void TreeTiles::Iterator::show(std::uint64_t index) {
  const std::uint64_t ahead = hashes_at(level_, size_) - index * kTileWidth;
  tile_ = {.entries = entries_,
           .level = static_cast<std::uint8_t>(level_),
           .index = index,
           .width = static_cast<std::uint16_t>(std::min<std::uint64_t>(ahead, kTileWidth))};
}

Result<TileMaker> TileMaker::resume(std::uint64_t size, const TileSource& source) {
  TileMaker maker;
  maker.size_ = size;
  for (std::size_t level = 0; level < kTreeLevels; ++level) {
    const std::uint64_t hashes = hashes_at(level, size);
    const Tile tile{.level = static_cast<std::uint8_t>(level),
                    .index = hashes / kTileWidth,
                    .width = static_cast<std::uint16_t>(hashes % kTileWidth)};
    if (tile.width == 0) {
      continue;
    }
    CHANCERY_TRY(maker.edge_[level], read_tile(tile, source));
  }
  return maker;
}

std::vector<MadeTile> TileMaker::append(const Hash& leaf) {
  CHANCERY_CHECK(size_ < std::numeric_limits<std::uint64_t>::max());
  ++size_;
  std::vector<MadeTile> full;
  Hash hash = leaf;
  for (std::size_t level = 0; level < kTreeLevels; ++level) {
    std::string& edge = edge_[level];
    edge += as_view(hash);
    if (edge.size() < kTileWidth * kTileHashBytes) {
      break;
    }
    hash = tree_root(hashes_in(edge));
    full.push_back({.tile = {.level = static_cast<std::uint8_t>(level),
                             .index = hashes_at(level, size_) / kTileWidth - 1},
                    .bytes = std::exchange(edge, {})});
  }
  return full;
}

std::vector<MadeTile> TileMaker::partial() const {
  std::vector<MadeTile> tiles;
  for (std::size_t level = 0; level < kTreeLevels; ++level) {
    if (!edge_[level].empty()) {
      tiles.push_back(
          {.tile = {.level = static_cast<std::uint8_t>(level),
                    .index = hashes_at(level, size_) / kTileWidth,
                    .width = static_cast<std::uint16_t>(edge_[level].size() / kTileHashBytes)},
           .bytes = edge_[level]});
    }
  }
  return tiles;
}

Hash TileMaker::root() const {
  return root_of_edge(edge_);
}

Result<Hash> root_from_tiles(std::uint64_t size, const TileSource& source) {
  CHANCERY_TRY(const TileMaker edge, TileMaker::resume(size, source));
  return edge.root();
}

Result<Hash> tile_root(std::string_view full_tile) {
  if (full_tile.size() != kTileWidth * kTileHashBytes) {
    return bad_tile("a full tile has 8192 bytes, found " + std::to_string(full_tile.size()));
  }
  return tree_root(hashes_in(full_tile));
}

Result<void> append_entry(std::string& bundle, Bytes entry) {
  if (entry.size() > kTileEntryBytesMax) {
    return fail(ErrorCode::kLimitExceeded,
                "an entry of " + std::to_string(entry.size()) + " bytes, at most 65535");
  }
  bundle += static_cast<char>(entry.size() >> 8U);
  bundle += static_cast<char>(entry.size() & 0xffU);
  bundle += as_view(entry);
  return {};
}

Result<std::vector<std::string_view>> parse_bundle(std::string_view bundle, std::size_t width) {
  std::vector<std::string_view> entries;
  for (std::size_t i = 0; i < width; ++i) {
    if (bundle.size() < kLengthBytes) {
      return bad_tile("a bundle with " + std::to_string(i) + " of " + std::to_string(width) +
                      " entries");
    }
    const Bytes prefix = as_bytes(bundle.substr(0, kLengthBytes));
    const std::size_t length = (std::size_t{prefix[0]} << 8U) | prefix[1];
    bundle.remove_prefix(kLengthBytes);
    if (bundle.size() < length) {
      return bad_tile("a bundle that ends in an entry");
    }
    entries.push_back(bundle.substr(0, length));
    bundle.remove_prefix(length);
  }
  if (!bundle.empty()) {
    return bad_tile("a bundle with " + std::to_string(bundle.size()) + " bytes after its entries");
  }
  return entries;
}

}  // namespace chancery::ledger
