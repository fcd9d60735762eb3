#include "core/ledger/tiles.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/crypto/sha256.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "tests/unit/core/crypto/vectors.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::ledger {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

using Files = std::map<std::string, std::string>;

void keep(Files& files, const std::vector<MadeTile>& made) {
  for (const MadeTile& one : made) {
    EXPECT_TRUE(files.emplace(tile_name(one.tile), one.bytes).second) << tile_name(one.tile);
  }
}

// The tiles of 70000 entries, entry i the 8 bytes of i; and the partial ones of the sizes between.
struct TheTiles {
  Files full;
  std::map<std::uint64_t, Files> partial;

  TheTiles() {
    TileMaker maker;
    for (std::uint64_t i = 0; i < 70'000; ++i) {
      keep(full, maker.append(leaf_hash(u64_be(i))));
      for (const std::uint64_t size : {1U, 255U, 256U, 257U, 65535U, 65536U, 65537U, 70000U}) {
        if (maker.size() == size) {
          keep(partial[size], maker.partial());
        }
      }
    }
  }

  static const TheTiles& get() {
    static const TheTiles made;
    return made;
  }
};

std::vector<std::string> names_of(const TreeTiles& tiles) {
  std::vector<std::string> names;
  for (const Tile& tile : tiles) {
    names.push_back(tile_name(tile));
  }
  return names;
}

// c2sp.org/tlog-tiles, as its sentences have it.
std::vector<std::string> names_by_definition(std::uint64_t size) {
  std::vector<std::string> names;
  std::uint64_t hashes = size;
  for (int level = 0; hashes > 0; ++level, hashes /= 256) {
    const auto name = [&](std::uint64_t index) {
      const std::string digits = std::to_string(1000 + index);  // No more than three groups here.
      return "tile/" + std::to_string(level) + "/" + digits.substr(1);
    };
    for (std::uint64_t i = 0; i < hashes / 256; ++i) {
      names.push_back(name(i));
    }
    if (hashes % 256 != 0) {
      names.push_back(name(hashes / 256) + ".p/" + std::to_string(hashes % 256));
    }
  }
  return names;
}

std::string joined(const std::vector<Hash>& hashes) {
  std::string bytes;
  for (const Hash& hash : hashes) {
    bytes += as_view(hash);
  }
  return bytes;
}

TEST(TileNameTest, ComesBack) {
  const std::vector<std::pair<std::string, Tile>> names = {
      {"tile/0/000", {}},
      {"tile/0/005", {.index = 5}},
      {"tile/0/x001/x234/067", {.index = 1234067}},
      {"tile/0/x001/000", {.index = 1000}},
      {"tile/0/999", {.index = 999}},
      {"tile/3/x001/x000/000.p/1", {.level = 3, .index = 1'000'000, .width = 1}},
      {"tile/63/273.p/255", {.level = 63, .index = 273, .width = 255}},
      {"tile/entries/273.p/112", {.entries = true, .index = 273, .width = 112}},
      {"tile/entries/x018/x446/x744/x073/x709/x551/615", {.entries = true, .index = kLargest}},
  };
  for (const auto& [name, tile] : names) {
    EXPECT_EQ(tile_name(tile), name);
    const Result<Tile> parsed = parse_tile_name(name);
    ASSERT_TRUE(parsed.has_value()) << name << parsed.error().to_string();
    EXPECT_EQ(*parsed, tile) << name;
  }
}

TEST(TileNameTest, HasOneSpelling) {
  for (const std::string name : {
           "",
           "tile",
           "tile/",
           "tile/0",
           "tile/0/",
           "/tile/0/000",
           "tile/0/000/",
           "tile//000",
           "tile/00/000",  // The level.
           "tile/01/000",
           "tile/+1/000",
           "tile/64/000",
           "tile/-1/000",
           "tile/x/000",
           "tile/0/0",  // Groups.
           "tile/0/00",
           "tile/0/0000",
           "tile/0/1000",
           "tile/0/x001",
           "tile/0/x001/",
           "tile/0/x001/00",
           "tile/0/001/000",
           "tile/0/x001/x000",
           "tile/0/x000/000",
           "tile/0/x000/x001/000",
           "tile/0/X001/000",
           "tile/0/xx01/000",
           "tile/0/x01/000",
           "tile/0/00a",
           "tile/0/ 00",
           "tile/0/x018/x446/x744/x073/x709/x551/616",  // 2^64.
           "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
           "tile/0/000.p",  // The width.
           "tile/0/000.p/",
           "tile/0/000.p/0",
           "tile/0/000.p/01",
           "tile/0/000.p/256",
           "tile/0/000.p/1 ",
           "tile/0/000.p/1.p/1",
           "tile/0/000.P/1",
           "tile/0/000p/1",
           "tile/entries",
           "tile/entries/",
           "tile/entries/0",
           "tile/entries/0/000",
           "tile/Entries/000",
           "entries/000",
       }) {
    const Result<Tile> tile = parse_tile_name(name);
    ASSERT_FALSE(tile.has_value()) << name;
    EXPECT_EQ(tile.error().code, ErrorCode::kMalformed);
  }
}

TEST(TreeTilesTest, AreThoseOfTheSpecification) {
  EXPECT_EQ(names_of(TreeTiles::hashes(0)), std::vector<std::string>());
  EXPECT_EQ(names_of(TreeTiles::entries(0)), std::vector<std::string>());
  EXPECT_EQ(names_of(TreeTiles::hashes(256)),
            (std::vector<std::string>{"tile/0/000", "tile/1/000.p/1"}));
  EXPECT_EQ(names_of(TreeTiles::entries(257)),
            (std::vector<std::string>{"tile/entries/000", "tile/entries/001.p/1"}));
  const std::vector<std::string> names = names_of(TreeTiles::hashes(70'000));
  ASSERT_EQ(names.size(), 273U + 4U);
  EXPECT_EQ(names[272], "tile/0/272");
  EXPECT_EQ(std::vector<std::string>(names.begin() + 273, names.end()),
            (std::vector<std::string>{"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17",
                                      "tile/2/000.p/1"}));
  for (const std::uint64_t middle : {300U, 512U, 65'536U, 131'072U}) {
    for (std::uint64_t size = middle - 300; size <= middle + 300; ++size) {
      ASSERT_EQ(names_of(TreeTiles::hashes(size)), names_by_definition(size)) << size;
    }
  }
}

TEST(TreeTilesTest, SinceASizeAreThoseThatItLacks) {
  for (const auto& [first, last] : {std::pair{0U, 600U}, std::pair{65'400U, 65'800U}}) {
    for (std::uint64_t since = first; since <= last; since += 7) {
      const std::vector<std::string> before = names_by_definition(since);
      const std::set<std::string> had(before.begin(), before.end());
      for (std::uint64_t size = since; size <= last; size += 5) {
        std::vector<std::string> lacks = names_by_definition(size);
        std::erase_if(lacks, [&](const std::string& name) { return had.contains(name); });
        ASSERT_EQ(names_of(TreeTiles::hashes(size, since)), lacks) << since << " " << size;
      }
    }
  }
  EXPECT_EQ(names_of(TreeTiles::entries(300, 290)),
            (std::vector<std::string>{"tile/entries/001.p/44"}));
}

// Nothing is taken in the size of the tree: its 2^56 tiles are not there until they are asked for.
TEST(TreeTilesTest, OfTheLargestTreeAreListed) {
  auto at = TreeTiles::hashes(kLargest).begin();
  EXPECT_EQ(*at, Tile{});
  EXPECT_EQ(*++at, Tile{.index = 1});
  const std::vector<std::string> last = names_of(TreeTiles::hashes(kLargest, kLargest - 1));
  EXPECT_EQ(last, (std::vector<std::string>{"tile/0/x072/x057/x594/x037/x927/935.p/255"}));
}

TEST(TileMakerTest, MakesThePublishedTiles) {
  const test::Vectors vectors("rfc6962-tree.txt");
  const TheTiles& made = TheTiles::get();
  EXPECT_EQ(made.full.size(), 273U + 1U);
  const Files& edge = made.partial.at(70'000);
  EXPECT_EQ(edge.size(), 3U);
  const auto hash_of = [](const std::string& bytes) { return crypto::sha256({as_bytes(bytes)}); };
  EXPECT_EQ(hash_of(edge.at("tile/0/273.p/112")), vectors.hash("tile_0_273_112"));
  EXPECT_EQ(hash_of(made.full.at("tile/1/000")), vectors.hash("tile_1_0_256"));
  EXPECT_EQ(hash_of(edge.at("tile/1/001.p/17")), vectors.hash("tile_1_1_17"));
  EXPECT_EQ(hash_of(edge.at("tile/2/000.p/1")), vectors.hash("tile_2_0_1"));
}

TEST(TileMakerTest, MakesTheTilesThatTheTreeHas) {
  const TheTiles& made = TheTiles::get();
  for (const auto& [size, edge] : made.partial) {
    for (const Tile& tile : TreeTiles::hashes(size)) {
      const Files& files = tile.width == kTileWidth ? made.full : edge;
      const auto found = files.find(tile_name(tile));
      ASSERT_NE(found, files.end()) << size << " " << tile_name(tile);
      EXPECT_EQ(found->second.size(), tile.width * kTileHashBytes);
    }
    for (const auto& [name, bytes] : edge) {
      EXPECT_LT(parse_tile_name(name).value().width, kTileWidth);
    }
  }
}

// MTH(D[(n * 256 + i) * 256^l : (n * 256 + i + 1) * 256^l]), by the definition of MTH.
TEST(TileMakerTest, MakesEachTileAsItIsDefined) {
  const reference::Entries entries = reference::make_entries(600);
  TileMaker maker;
  Files full;
  for (std::uint64_t size = 0; size <= entries.size(); ++size) {
    Files files = full;
    keep(files, maker.partial());
    std::vector<std::string> names;
    for (const Tile& tile : TreeTiles::hashes(size)) {
      names.push_back(tile_name(tile));
      const std::uint64_t span = tile.level == 0 ? 1 : 256;
      std::vector<Hash> hashes;
      for (std::uint64_t i = 0; i < tile.width && (size % 97 == 0 || size % 256 < 2); ++i) {
        const std::uint64_t from = (tile.index * 256 + i) * span;
        hashes.push_back(reference::root(reference::part(entries, from, from + span)));
      }
      if (!hashes.empty()) {
        EXPECT_EQ(files.at(names.back()), joined(hashes)) << size << " " << names.back();
      }
    }
    ASSERT_EQ(names.size(), files.size()) << size;
    EXPECT_EQ(maker.size(), size);
    if (size < entries.size()) {
      keep(full, maker.append(leaf_hash(as_bytes(entries[size]))));
    }
  }
}

TEST(TileMakerTest, GoesOnFromEverySize) {
  TileMaker whole;
  CompactTree tree;
  for (std::uint64_t size = 0; size <= 66'000; ++size) {
    const bool looked_at = size <= 600 || size % 256 < 2 || size % 97 == 0;
    if (looked_at) {
      ASSERT_EQ(whole.root(), tree.root()) << size;
      Files files;
      keep(files, whole.partial());
      Result<TileMaker> resumed = TileMaker::resume(
          size, [&](const Tile& tile) -> Result<std::string> { return files.at(tile_name(tile)); });
      ASSERT_TRUE(resumed.has_value()) << size;
      const Hash leaf = leaf_hash(u64_be(size));
      TileMaker other = whole;
      ASSERT_EQ(resumed->append(leaf), other.append(leaf)) << size;
      ASSERT_EQ(resumed->partial(), other.partial()) << size;
      ASSERT_EQ(resumed->size(), size + 1);
      ASSERT_EQ(resumed->root(), other.root()) << size;
    }
    const Hash leaf = leaf_hash(u64_be(size));
    whole.append(leaf);
    tree.append(leaf);
  }
}

TEST(TileMakerTest, MakesFullTilesOfAllLevelsAtOnce) {
  // As if 256^3 - 1 entries were there.
  const auto source = [](const Tile& tile) -> Result<std::string> {
    return std::string(tile.width * kTileHashBytes, static_cast<char>('a' + tile.level));
  };
  TileMaker maker = TileMaker::resume((1U << 24U) - 1, source).value();
  const std::vector<MadeTile> made = maker.append(Hash{});
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0].tile, (Tile{.index = (1U << 16U) - 1}));
  EXPECT_EQ(made[1].tile, (Tile{.level = 1, .index = 255}));
  EXPECT_EQ(made[2].tile, (Tile{.level = 2}));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(made[i + 1].bytes.substr(255 * kTileHashBytes),
              to_string(tile_root(made[i].bytes).value()));
  }
  const std::vector<MadeTile> partial = maker.partial();
  ASSERT_EQ(partial.size(), 1U);
  EXPECT_EQ(partial[0].tile, (Tile{.level = 3, .width = 1}));
  EXPECT_EQ(partial[0].bytes, to_string(tile_root(made[2].bytes).value()));
  EXPECT_EQ(maker.root(), hash_from(partial[0].bytes));
}

class ReadTilesTest : public testing::Test {
 protected:
  // The files of a log of this size, and nothing else.
  static TileSource source(std::uint64_t size) {
    return [size](const Tile& tile) -> Result<std::string> {
      const TheTiles& made = TheTiles::get();
      const Files& files = tile.width == kTileWidth ? made.full : made.partial.at(size);
      const auto found = files.find(tile_name(tile));
      if (found == files.end()) {
        return fail(ErrorCode::kNotFound, tile_name(tile));
      }
      return found->second;
    };
  }
};

TEST_F(ReadTilesTest, LeadToThePublishedRoots) {
  const test::Vectors vectors("rfc6962-tree.txt");
  for (const auto& [size, edge] : TheTiles::get().partial) {
    const Result<Hash> root = root_from_tiles(size, source(size));
    ASSERT_TRUE(root.has_value()) << root.error().to_string();
    EXPECT_EQ(*root, vectors.hash("tile_root_" + std::to_string(size))) << size;
  }
}

TEST_F(ReadTilesTest, OfNothingLeadToTheRootOfNothing) {
  const auto none = [](const Tile& tile) -> Result<std::string> {
    ADD_FAILURE() << tile_name(tile);
    return std::string();
  };
  EXPECT_EQ(root_from_tiles(0, none).value(), tree_root({}));
}

TEST_F(ReadTilesTest, AFullTileInPlaceOfAPartialOneIsCut) {
  const test::Vectors vectors("rfc6962-tree.txt");
  for (const std::uint64_t size : {1U, 255U, 257U, 65535U, 65537U}) {
    const auto full = [](const Tile& tile) -> Result<std::string> {
      Tile whole = tile;
      whole.width = kTileWidth;
      const auto found = TheTiles::get().full.find(tile_name(whole));
      return found != TheTiles::get().full.end()
                 ? found->second
                 : TheTiles::get().partial.at(65537).at(tile_name(tile));
    };
    EXPECT_EQ(root_from_tiles(size, full).value(),
              vectors.hash("tile_root_" + std::to_string(size)));
  }
}

TEST_F(ReadTilesTest, OfAnotherLengthAreRefused) {
  for (const std::size_t length : {0U, 1U, 31U, 33U, 64U, 3552U, 3616U, 8191U, 8193U}) {
    const auto other = [&](const Tile& tile) -> Result<std::string> {
      return tile.level == 0 ? Result<std::string>(std::string(length, 'x')) : source(70'000)(tile);
    };
    const Result<Hash> root = root_from_tiles(70'000, other);
    ASSERT_FALSE(root.has_value()) << length;
    EXPECT_EQ(root.error().code, ErrorCode::kMalformed);
  }
}

TEST_F(ReadTilesTest, WhatTheSourceFailsWithIsTold) {
  const Result<Hash> root = root_from_tiles(70'000, [&](const Tile& tile) -> Result<std::string> {
    return tile.level == 2 ? fail(ErrorCode::kIo, "gone") : source(70'000)(tile);
  });
  ASSERT_FALSE(root.has_value());
  EXPECT_EQ(root.error().code, ErrorCode::kIo);
}

TEST_F(ReadTilesTest, EachHashIsTheRootOfTheFullTileBelow) {
  const Files& full = TheTiles::get().full;
  const std::string& above = full.at("tile/1/000");
  for (std::uint64_t i = 0; i < 256; ++i) {
    EXPECT_EQ(to_string(tile_root(full.at(tile_name({.index = i}))).value()),
              above.substr(i * kTileHashBytes, kTileHashBytes));
  }
  EXPECT_EQ(to_string(tile_root(above).value()),
            TheTiles::get().partial.at(65536).at("tile/2/000.p/1"));
  for (const std::size_t length : {0U, 8160U, 8191U, 8193U, 8224U}) {
    EXPECT_EQ(tile_root(std::string(length, 'x')).error().code, ErrorCode::kMalformed);
  }
}

TEST(BundleTest, IsThePublishedOne) {
  const test::Vectors vectors("rfc6962-tree.txt");
  const std::vector<std::string> entries = vectors.list("entries");
  std::string bundle;
  for (const std::string& entry : entries) {
    ASSERT_TRUE(append_entry(bundle, as_bytes(entry)).has_value());
  }
  EXPECT_EQ(bundle, vectors.bytes("bundle_8"));
  const std::vector<std::string_view> parsed = parse_bundle(bundle, 8).value();
  EXPECT_EQ(std::vector<std::string>(parsed.begin(), parsed.end()), entries);
}

TEST(BundleTest, OfLeavesHasTheHashesOfItsTile) {
  std::string bundle;
  std::vector<MadeTile> made;
  TileMaker maker;
  for (std::uint64_t i = 0; i < kTileWidth; ++i) {
    const Leaf leaf{.type = LeafType::kNotice, .accepted_at_ms = i, .directory = {}, .entry = {}};
    ASSERT_TRUE(append_entry(bundle, encode(leaf)).has_value());
    made = maker.append(leaf_hash(leaf));
  }
  EXPECT_EQ(bundle.size(), 256 * (2 + kLeafBytes));
  ASSERT_EQ(made.size(), 1U);
  std::vector<Hash> hashes;
  const std::vector<std::string_view> entries = parse_bundle(bundle, kTileWidth).value();
  for (const std::string_view entry : entries) {
    EXPECT_TRUE(parse_leaf(as_bytes(entry)).has_value());
    hashes.push_back(leaf_hash(as_bytes(entry)));
  }
  EXPECT_EQ(made[0].bytes, joined(hashes));
}

TEST(BundleTest, HasSoManyEntriesAndNothingElse) {
  std::string bundle;
  for (const std::string_view entry : {"one", "", "three"}) {
    ASSERT_TRUE(append_entry(bundle, as_bytes(entry)).has_value());
  }
  ASSERT_TRUE(parse_bundle(bundle, 3).has_value());
  for (const std::size_t width : {0U, 1U, 2U, 4U, 256U}) {
    EXPECT_EQ(parse_bundle(bundle, width).error().code, ErrorCode::kMalformed) << width;
  }
  for (std::size_t length = 0; length < bundle.size(); ++length) {
    EXPECT_EQ(parse_bundle(std::string_view(bundle).substr(0, length), 3).error().code,
              ErrorCode::kMalformed)
        << length;
  }
  EXPECT_FALSE(parse_bundle(bundle + '\0', 3).has_value());
}

TEST(BundleTest, AnEntryHasAtMost65535Bytes) {
  std::string bundle;
  const std::string longest(kTileEntryBytesMax, 'e');
  ASSERT_TRUE(append_entry(bundle, as_bytes(longest)).has_value());
  EXPECT_EQ(bundle.substr(0, 2), "\xff\xff");
  EXPECT_EQ(parse_bundle(bundle, 1).value().front(), longest);
  const std::string before = bundle;
  EXPECT_EQ(append_entry(bundle, as_bytes(longest + 'e')).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(bundle, before);
}

}  // namespace
}  // namespace chancery::ledger
