#include "core/ledger/tree.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/unit/core/crypto/vectors.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::ledger {
namespace {

// RFC 6962 section 2.1.
TEST(TreeTest, HasThePublishedLeafHashesAndRoots) {
  const test::Vectors vectors("rfc6962-tree.txt");
  const std::vector<std::string> entries = vectors.list("entries");
  const std::vector<Hash> expected = vectors.hashes("leaf_hashes");
  const std::vector<Hash> roots = vectors.hashes("roots");
  ASSERT_EQ(entries.size(), 8U);
  ASSERT_EQ(roots.size(), 9U);
  std::vector<Hash> leaves;
  CompactTree tree;
  for (std::size_t size = 0; size <= 8; ++size) {
    EXPECT_EQ(tree_root(leaves), roots[size]) << size;
    EXPECT_EQ(tree.root(), roots[size]) << size;
    if (size < 8) {
      leaves.push_back(leaf_hash(as_bytes(entries[size])));
      EXPECT_EQ(leaves.back(), expected[size]);
      tree.append(leaves.back());
    }
  }
}

TEST(TreeTest, HasThePublishedRootsAtTheEdgesOfTiles) {
  const test::Vectors vectors("rfc6962-tree.txt");
  CompactTree tree;
  for (const std::uint64_t size : {1U, 255U, 256U, 257U, 65535U, 65536U, 65537U, 70000U}) {
    while (tree.size() < size) {
      tree.append(leaf_hash(u64_be(tree.size())));
    }
    EXPECT_EQ(tree.root(), vectors.hash("tile_root_" + std::to_string(size))) << size;
  }
}

TEST(TreeTest, MatchesTheDefinitionAtEverySizeUpTo300) {
  CompactTree tree;
  reference::Entries entries;
  for (int size = 0; size <= 300; ++size) {
    ASSERT_EQ(tree.root(), reference::root(entries)) << size;
    entries.push_back("entry " + std::to_string(size));
    tree.append(leaf_hash(as_bytes(entries.back())));
  }
}

TEST(TreeTest, ALeafOfTwoHashesIsNotTheirNode) {
  const Hash left = leaf_hash(as_bytes("left"));
  const Hash right = leaf_hash(as_bytes("right"));
  EXPECT_NE(leaf_hash(as_bytes(to_string(left) + to_string(right))), node_hash(left, right));
}

TEST(TreeTest, ContinuesFromEveryEdge) {
  CompactTree whole;
  for (std::uint64_t size = 0; size <= 70; ++size) {
    Result<CompactTree> resumed = CompactTree::resume(whole.size(), whole.edge());
    ASSERT_TRUE(resumed.has_value()) << size;
    EXPECT_EQ(resumed->root(), whole.root());
    const Hash next = leaf_hash(u64_be(size));
    resumed->append(next);
    whole.append(next);
    EXPECT_EQ(resumed->root(), whole.root());
    EXPECT_EQ(resumed->size(), size + 1);
  }
}

TEST(TreeTest, RefusesAnEdgeThatCannotBelongToTheSize) {
  for (const std::size_t count : {0U, 2U, 4U, 64U}) {
    const Result<CompactTree> resumed = CompactTree::resume(13, std::vector<Hash>(count));
    ASSERT_FALSE(resumed.has_value()) << count;
    EXPECT_EQ(resumed.error().code, ErrorCode::kMalformed);
  }
  EXPECT_TRUE(CompactTree::resume(13, std::vector<Hash>(3)).has_value());
  EXPECT_TRUE(CompactTree::resume(std::numeric_limits<std::uint64_t>::max(), std::vector<Hash>(64))
                  .has_value());
}

}  // namespace
}  // namespace chancery::ledger
