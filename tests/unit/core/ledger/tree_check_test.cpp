#include "core/ledger/tree_check.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "core/base/encoding.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

using Files = std::map<std::string, std::string>;

struct TreeAtRest {
  Files files;
  std::uint64_t size = 0;
  Hash root{};

  [[nodiscard]] TileSource source() const {
    return [this](const Tile& tile) -> Result<std::string> {
      const auto file = files.find(tile_name(tile));
      return file == files.end() ? fail(ErrorCode::kFileMissing, tile_name(tile))
                                 : Result<std::string>(file->second);
    };
  }
};

// Entry i is the 8 bytes of i, or of what is far away from `other_at` on.
TreeAtRest tree_of(std::uint64_t size, std::uint64_t other_at = ~0ULL) {
  TreeAtRest tree{.files = {}, .size = size};
  TileMaker maker;
  std::string bundle;
  const auto put_bundle = [&](std::uint64_t width) {
    const Tile tile{.entries = true,
                    .level = 0,
                    .index = (maker.size() - 1) / kTileWidth,
                    .width = static_cast<std::uint16_t>(width)};
    tree.files[tile_name(tile)] = std::exchange(bundle, {});
  };
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto entry = u64_be(i >= other_at ? i + (1ULL << 40U) : i);
    EXPECT_TRUE(append_entry(bundle, entry).has_value());
    for (const MadeTile& made : maker.append(leaf_hash(entry))) {
      tree.files[tile_name(made.tile)] = made.bytes;
    }
    if (maker.size() % kTileWidth == 0) {
      put_bundle(kTileWidth);
    }
  }
  for (const MadeTile& made : maker.partial()) {
    tree.files[tile_name(made.tile)] = made.bytes;
  }
  if (size % kTileWidth != 0) {
    put_bundle(size % kTileWidth);
  }
  tree.root = maker.root();
  return tree;
}

// The files that are named, and with what.
std::map<std::string, std::string> findings(const TreeAtRest& tree) {
  TreeCheck check(tree.size, tree.root, tree.source());
  while (!check.done()) {
    EXPECT_TRUE(check.step().has_value());
  }
  EXPECT_TRUE(check.finish().has_value());
  std::map<std::string, std::string> named;
  for (const FileFinding& finding : check.findings()) {
    named[finding.file] = error_info(finding.error.code).name;
  }
  return named;
}

std::set<std::string> files_named(const TreeAtRest& tree) {
  std::set<std::string> files;
  for (const auto& [file, code] : findings(tree)) {
    files.insert(file);
  }
  return files;
}

using Names = std::set<std::string>;

TEST(TreeCheckTest, ATreeAtRestIsWhatItsRootSays) {
  for (const std::uint64_t size : {0U, 1U, 255U, 256U, 257U, 511U, 512U, 65535U, 65536U, 70000U}) {
    EXPECT_EQ(files_named(tree_of(size)), Names{}) << size;
  }
}

TEST(TreeCheckTest, EachAlteredByteIsFoundAndItsFileNamed) {
  for (const std::uint64_t size : {1U, 5U, 256U, 300U}) {
    TreeAtRest tree = tree_of(size);
    for (auto& [name, bytes] : tree.files) {
      for (std::size_t at = 0; at < bytes.size(); at += at < 100 ? 1 : 97) {
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        EXPECT_EQ(files_named(tree), Names{name}) << size << " " << at;
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
      }
    }
  }
}

TEST(TreeCheckTest, AtTheEdgesOfALargeTreeTheFileIsNamed) {
  TreeAtRest tree = tree_of(70'000);
  for (const std::string name :
       {"tile/0/000", "tile/0/255", "tile/0/272", "tile/0/273.p/112", "tile/1/000",
        "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/000", "tile/entries/255",
        "tile/entries/256", "tile/entries/273.p/112"}) {
    std::string& bytes = tree.files.at(name);
    for (const std::size_t at : {std::size_t{2}, bytes.size() - 1}) {
      bytes[at] = static_cast<char>(bytes[at] ^ 0x80);
      EXPECT_EQ(files_named(tree), Names{name}) << at;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x80);
    }
  }
}

TEST(TreeCheckTest, WhatIsMissingCutOrLongerIsNamed) {
  for (const auto& [name, bytes] : tree_of(300).files) {
    TreeAtRest tree = tree_of(300);
    tree.files[name].pop_back();
    EXPECT_EQ(files_named(tree), Names{name});
    tree.files[name] = bytes + "x";
    EXPECT_EQ(files_named(tree), Names{name});
    tree.files[name].clear();
    EXPECT_EQ(files_named(tree), Names{name});
    tree.files.erase(name);
    EXPECT_EQ(findings(tree), (std::map<std::string, std::string>{{name, "file-missing"}}));
  }
}

// A size is believed no further than files are there.
TEST(TreeCheckTest, ASizeThatNobodyHasFilesForEndsSoon) {
  for (const std::uint64_t size : {std::uint64_t{1} << 62U, ~std::uint64_t{0}}) {
    TreeAtRest tree = tree_of(300);
    tree.size = size;
    EXPECT_EQ(findings(tree).size(), TreeCheck::kFindingsMax);
  }
}

// Whoever makes a bundle and its tile anew is found by the level above.
TEST(TreeCheckTest, WhatIsMadeAnewBelowIsNamedByWhatIsAbove) {
  TreeAtRest tree = tree_of(600);
  const TreeAtRest other = tree_of(600, 300);
  tree.files["tile/entries/001"] = other.files.at("tile/entries/001");
  tree.files["tile/0/001"] = other.files.at("tile/0/001");
  EXPECT_EQ(files_named(tree), Names{"tile/0/001"});
}

TEST(TreeCheckTest, ARootOfAnotherTreeIsTheCheckpointsFault) {
  TreeAtRest tree = tree_of(600);
  tree.root = tree_of(600, 599).root;
  EXPECT_EQ(findings(tree), (std::map<std::string, std::string>{{"checkpoint", "root-mismatch"}}));
}

TEST(TreeCheckTest, ADiskThatFailsIsNoFinding) {
  TreeCheck check(1, Hash{},
                  [](const Tile&) -> Result<std::string> { return fail(ErrorCode::kIo, "no"); });
  EXPECT_EQ(check.step().error().code, ErrorCode::kIo);
}

TEST(TreeCheckTest, ItEndsWithEntriesThatItsTilesHave) {
  TreeAtRest tree = tree_of(257);
  TreeCheck check(tree.size, tree.root, tree.source());
  ASSERT_TRUE(check.step().has_value());
  ASSERT_EQ(check.entries().size(), 256U);
  EXPECT_EQ(check.entries()[255], as_view(u64_be(255)));
  ASSERT_TRUE(check.step().has_value());
  ASSERT_TRUE(check.finish().has_value());
  ASSERT_EQ(check.entries().size(), 1U);
  tree.files["tile/entries/000"][9] = 'x';
  tree.files["tile/entries/001.p/1"][9] = 'x';
  TreeCheck altered(tree.size, tree.root, tree.source());
  ASSERT_TRUE(altered.step().has_value());
  EXPECT_EQ(altered.entries().size(), 0U);
  ASSERT_TRUE(altered.step().has_value());
  ASSERT_TRUE(altered.finish().has_value());
  EXPECT_EQ(altered.findings().size(), 2U);
}

TEST(TreeCheckTest, ATileIsOfATreeOrIsNot) {
  for (const std::uint64_t size : {0U, 1U, 255U, 256U, 257U, 70000U}) {
    const TreeAtRest tree = tree_of(size);
    for (const std::string name :
         {"tile/0/000", "tile/0/000.p/1", "tile/0/000.p/255", "tile/0/001.p/1", "tile/1/000.p/1",
          "tile/entries/000", "tile/entries/273.p/112", "tile/1/000", "tile/2/000.p/1",
          "tile/0/273", "tile/8/000.p/1", "tile/63/000.p/1"}) {
      EXPECT_EQ(is_tile_of(parse_tile_name(name).value(), size), tree.files.contains(name))
          << size << " " << name;
    }
  }
}

TEST(FirstDifferenceTest, TheFirstEntryThatDiffersIsFound) {
  const auto first = [](const TreeAtRest& one, const TreeAtRest& other) {
    return first_difference(one.size, one.source(), other.size, other.source()).value();
  };
  const TreeAtRest large = tree_of(70'000);
  for (const std::uint64_t size : {1U, 255U, 256U, 257U, 65'536U, 65'537U, 70'000U}) {
    const TreeAtRest whole = tree_of(size);
    // Parts of trees of which one begins with the other come from the tiles of each.
    const auto cut = [&](const Tile& tile) -> Result<std::string> {
      if (auto bytes = large.source()(tile); bytes.has_value()) {
        return bytes;
      }
      return large.source()({.level = tile.level, .index = tile.index});
    };
    EXPECT_EQ(first_difference(size, whole.source(), large.size, cut).value(), std::nullopt);
    for (const std::uint64_t at : {std::uint64_t{0}, size / 2, size - 1}) {
      EXPECT_EQ(first(tree_of(size, at), large), at) << size;
      EXPECT_EQ(first(large, tree_of(size, at)), at) << size;
    }
  }
}

}  // namespace
}  // namespace chancery::ledger
