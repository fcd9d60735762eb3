#include "core/ledger/kept_tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

// A log of 70,000 leaves: two levels above them.
class KeptTilesTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 70'000;

  KeptTilesTest() {
    for (std::uint64_t i = 0; i < kSize; ++i) {
      leaves_.push_back(leaf_hash(as_bytes(std::to_string(i))));
    }
  }

  Result<std::string> leaf_hashes(std::uint64_t first, std::size_t count) {
    std::string hashes;
    for (std::uint64_t i = first; i < first + count; ++i) {
      if (lost_.contains(i)) {
        return fail(ErrorCode::kStoreDamaged, "leaf " + std::to_string(i));
      }
      hashes += as_view(leaves_.at(static_cast<std::size_t>(i)));
    }
    return hashes;
  }
  Result<std::string> read(std::uint8_t level, std::uint64_t first, std::size_t count) {
    std::string hashes;
    for (std::uint64_t i = first; i < first + count; ++i) {
      const auto found = kept_.find({level, i});
      if (found == kept_.end()) {
        return fail(ErrorCode::kStoreDamaged, "hash " + std::to_string(i));
      }
      hashes += as_view(found->second);
    }
    return hashes;
  }
  KeptTiles tiles() {
    return KeptTiles(
        {.leaf_hashes = [this](std::uint64_t first,
                               std::size_t count) { return leaf_hashes(first, count); },
         .read = [this](std::uint8_t level, std::uint64_t first,
                        std::size_t count) { return read(level, first, count); },
         .put = [this](std::uint8_t level, std::uint64_t index, const Hash& hash) -> Result<void> {
           kept_[{level, index}] = hash;
           return {};
         }});
  }
  // What the tiles lead to, or the name of the error.
  std::string root() {
    const Result<Hash> root =
        root_from_tiles(kSize, [this](const Tile& tile) { return tiles().tile(tile); });
    return root.has_value() ? to_string(*root) : std::string(error_info(root.error().code).name);
  }
  [[nodiscard]] std::string true_root() const { return to_string(tree_root(leaves_)); }
  std::string checked() {
    const Result<void> good = tiles().check(0, kSize);
    return good.has_value() ? "good" : std::string(error_info(good.error().code).name);
  }

  std::vector<Hash> leaves_;
  std::set<std::uint64_t> lost_;
  std::map<std::pair<std::uint8_t, std::uint64_t>, Hash> kept_;
};

TEST_F(KeptTilesTest, LeadsToTheRootHoweverTheLogGrew) {
  for (std::uint64_t size = 0; size < kSize;) {
    const std::uint64_t next = std::min(kSize, size + 1 + size % 777);
    ASSERT_TRUE(tiles().add(size, next));
    size = next;
  }
  EXPECT_EQ(root(), true_root());
  EXPECT_EQ(checked(), "good");
  EXPECT_EQ(tiles().tile({.level = 1, .index = 1, .width = 17}).value().size(), 17U * 32);
  EXPECT_EQ(tiles().tile({.level = 1, .index = 1, .width = 18}).error().code,
            ErrorCode::kStoreDamaged);
}

TEST_F(KeptTilesTest, WhatRottedIsNamedAndMadeAgain) {
  ASSERT_TRUE(tiles().add(0, kSize));
  kept_[{1, 3}] = Hash{};
  EXPECT_EQ(checked(), "store-damaged");
  kept_.erase({1, 260});
  EXPECT_EQ(root(), "store-damaged");
  ASSERT_TRUE(tiles().mend(0, 1024));
  ASSERT_TRUE(tiles().mend(1024, kSize));
  EXPECT_EQ(checked(), "good");
  EXPECT_EQ(root(), true_root());
}

TEST_F(KeptTilesTest, WhatTheLeavesOfAreLostIsLeftOutUntilTheyAreBack) {
  lost_ = {5, 69'900};
  ASSERT_TRUE(tiles().add(0, kSize)) << "a log goes on past what rotted";
  EXPECT_EQ(checked(), "store-damaged");
  lost_.clear();
  ASSERT_TRUE(tiles().restore(5, kSize));
  EXPECT_EQ(checked(), "good");
  EXPECT_EQ(root(), true_root());
}

}  // namespace
}  // namespace chancery::ledger
