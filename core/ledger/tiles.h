// Tiles: c2sp.org/tlog-tiles, the files as which a log's tree and entries lie at rest.
//
//   tile/<L>/<N>[.p/<W>]         W hashes of 32 bytes, each the root of 256^L entries; 256 if full
//   tile/entries/<N>[.p/<W>]     W entries, each as length (2, big-endian) || entry
//
// N stands in groups of three digits, all but the last behind an x: 1234067 is x001/x234/067. Each
// hash of level L + 1 is the root of a full tile of level L; a partial tile is in none above. A
// tree of size s has floor(s / 256^L) hashes at level L, and no tile without hashes.
//
// Names have one spelling. Where the files are is for others: tiles come back as data, and are
// asked for by a function of the caller. What does not parse is kMalformed. Pure; one owner, one
// thread.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::ledger {

inline constexpr std::size_t kTileWidth = 256;
inline constexpr std::size_t kTileHashBytes = 32;
inline constexpr unsigned kTileLevelBits = 8;      // A hash stands for 256 of the level below.
inline constexpr std::uint8_t kTileLevelMax = 63;  // Of a name.
inline constexpr std::size_t kTreeLevels = 8;  // Of a tree: 256^8 entries are more than any has.
inline constexpr std::size_t kTileEntryBytesMax = 65'535;

struct Tile {
  bool entries = false;       // A bundle of entries: beside level 0, whose hashes are theirs.
  std::uint8_t level = 0;     // 0 for a bundle.
  std::uint64_t index = 0;    // In the level.
  std::uint16_t width = 256;  // 1 .. 256.

  [[nodiscard]] bool operator==(const Tile&) const = default;
};

// Without a / before it.
[[nodiscard]] std::string tile_name(const Tile& tile);
[[nodiscard]] Result<Tile> parse_tile_name(std::string_view name);

// The tiles of a tree of `size`, level by level from 0, by index, the partial one of a level last.
// With `since`: only those with hashes that a tree of that size lacks; it is at most `size`.
// A range for one pass, of a few words whatever the size.
class TreeTiles {
 public:
  class Iterator {
   public:
    using value_type = Tile;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(const TreeTiles& tiles);

    [[nodiscard]] const Tile& operator*() const { return tile_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const { return level_ == kTreeLevels; }

   private:
    void enter_level();  // Or the next one with a tile to show, or the end.
    void show(std::uint64_t index);

    std::uint64_t size_;
    std::uint64_t since_;
    bool entries_;
    std::size_t level_ = 0;
    Tile tile_;
  };

  [[nodiscard]] static TreeTiles hashes(std::uint64_t size, std::uint64_t since = 0);
  [[nodiscard]] static TreeTiles entries(std::uint64_t size, std::uint64_t since = 0);

  [[nodiscard]] Iterator begin() const { return Iterator(*this); }
  [[nodiscard]] static std::default_sentinel_t end() { return {}; }

 private:
  TreeTiles(bool entries, std::uint64_t size, std::uint64_t since);

  bool entries_;
  std::uint64_t size_;
  std::uint64_t since_;
};

struct MadeTile {
  Tile tile;
  std::string bytes;

  [[nodiscard]] bool operator==(const MadeTile&) const = default;
};

// The bytes of a hash tile that the caller has. For a partial one the full one may come instead:
// logs may delete the former once they have the latter.
using TileSource = std::function<Result<std::string>(const Tile&)>;

// The hashes of a hash tile from there, as many as it is wide. kMalformed where the source has
// another length than that or a full tile's.
[[nodiscard]] Result<std::string> read_tile(const Tile& tile, const TileSource& source);
// Of bytes that are hashes one after the other.
[[nodiscard]] std::vector<Hash> hashes_in(std::string_view bytes);
// How many hashes a tree of this size has at a level.
[[nodiscard]] std::uint64_t hashes_at(std::size_t level, std::uint64_t size);
// Whether a tree of this size has the tile, exactly as wide.
[[nodiscard]] bool is_tile_of(const Tile& tile, std::uint64_t size);
// The root of the tree whose partial tiles these are, by level from 0; without any, of no leaves.
[[nodiscard]] Hash root_of_edge(std::span<const std::string> partial_tiles);

// Makes the hash tiles of a growing tree from its leaf hashes, in order. Holds less than a tile a
// level, 64 KiB in all, whatever the size.
class TileMaker {
 public:
  TileMaker() = default;

  // Continues a tree from its partial tiles, one a level at most; what the source fails with, or
  // kMalformed where a tile has another length. Compare root() with what is known of the tree.
  [[nodiscard]] static Result<TileMaker> resume(std::uint64_t size, const TileSource& source);

  // The full tiles that the leaf completes, mostly none, level 0 first.
  std::vector<MadeTile> append(const Hash& leaf);
  // The partial tiles of the tree as it is, level 0 first.
  [[nodiscard]] std::vector<MadeTile> partial() const;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Hash root() const;  // RFC 6962, as tree.h has it.

 private:
  std::uint64_t size_ = 0;
  std::array<std::string, kTreeLevels> edge_;  // The hashes of each level's partial tile.
};

// The root of a tree by the tiles at its right edge, as TileMaker::resume() reads them: those to
// the left are in the hashes above them, which tile_root() of each shows.
[[nodiscard]] Result<Hash> root_from_tiles(std::uint64_t size, const TileSource& source);
// What the level above has for a full tile.
[[nodiscard]] Result<Hash> tile_root(std::string_view full_tile);

// Adds to a bundle; kLimitExceeded if the entry has more than kTileEntryBytesMax.
[[nodiscard]] Result<void> append_entry(std::string& bundle, Bytes entry);
// The entries of a bundle, which has `width` of them and nothing else. They point into it.
[[nodiscard]] Result<std::vector<std::string_view>> parse_bundle(std::string_view bundle,
                                                                 std::size_t width);

}  // namespace chancery::ledger
