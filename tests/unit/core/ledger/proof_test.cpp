#include "core/ledger/proof.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/crypto/sha256.h"
#include "core/ledger/tree.h"
#include "tests/unit/core/crypto/vectors.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::ledger {
namespace {

using Path = std::vector<Hash>;

constexpr std::uint64_t kSizeMax =
    130;  // Past 128, so that an edge of one and of two leaves is met.

std::vector<Hash> hashes_of(const reference::Entries& entries) {
  std::vector<Hash> leaves;
  for (const std::string& entry : entries) {
    leaves.push_back(leaf_hash(as_bytes(entry)));
  }
  return leaves;
}

// Every path that differs from a good one by one hash: altered, missing, or surplus.
std::vector<Path> spoiled(const Path& good) {
  std::vector<Path> paths;
  for (std::size_t i = 0; i <= good.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    Path surplus = good;
    surplus.insert(surplus.begin() + at, i < good.size() ? good[i] : Hash{});
    paths.push_back(surplus);
    if (i < good.size()) {
      Path altered = good;
      altered[i][i % 32] ^= 0x01U;
      paths.push_back(altered);
      Path missing = good;
      missing.erase(missing.begin() + at);
      paths.push_back(missing);
    }
  }
  return paths;
}

Hash hash_of_path(const Path& path) {
  std::string bytes;
  for (const Hash& hash : path) {
    bytes += to_string(hash);
  }
  return crypto::sha256({as_bytes(bytes)});
}

bool consistent(std::uint64_t old_size, const Hash& old_root, std::uint64_t new_size,
                const Hash& new_root, const Path& path) {
  const Result<void> verified = verify_consistency(old_size, old_root, new_size, new_root, path);
  if (!verified.has_value()) {
    EXPECT_EQ(verified.error().code, ErrorCode::kBadBatchPath);
  }
  return verified.has_value();
}

// RFC 6962 sections 2.1.1 and 2.1.2.
TEST(ProofTest, MakesThePublishedProofs) {
  const test::Vectors vectors("rfc6962-tree.txt");
  const Path leaves = vectors.hashes("leaf_hashes");
  const Path roots = vectors.hashes("roots");
  const auto first = [&](std::uint64_t size) {
    return std::span(leaves).first(static_cast<std::size_t>(size));
  };
  for (const auto& [index, size] : {std::pair{0, 8}, {5, 8}, {2, 3}, {1, 5}, {0, 1}}) {
    const auto at = static_cast<std::size_t>(index);
    const auto n = static_cast<std::size_t>(size);
    const Path path =
        vectors.hashes("inclusion_" + std::to_string(index) + "_" + std::to_string(size));
    EXPECT_EQ(inclusion_proof(first(n), at), path);
    EXPECT_TRUE(verify_inclusion(leaves[at], at, n, path, roots[n]).has_value());
  }
  for (const auto& [old_size, new_size] : {std::pair{1, 8}, {6, 8}, {2, 5}, {6, 7}, {5, 5}}) {
    const auto m = static_cast<std::size_t>(old_size);
    const auto n = static_cast<std::size_t>(new_size);
    const Path path =
        vectors.hashes("consistency_" + std::to_string(old_size) + "_" + std::to_string(new_size));
    EXPECT_EQ(consistency_proof(first(n), m), path);
    EXPECT_TRUE(consistent(m, roots[m], n, roots[n], path));
  }
}

TEST(ProofTest, MakesThePublishedProofsOfALargeTree) {
  const test::Vectors vectors("rfc6962-tree.txt");
  Path leaves;
  for (std::uint64_t i = 0; i < 70000; ++i) {
    leaves.push_back(leaf_hash(u64_be(i)));
  }
  const Path inclusion = inclusion_proof(leaves, 69999);
  EXPECT_EQ(inclusion.size(), 9U);
  EXPECT_EQ(hash_of_path(inclusion), vectors.hash("tile_inclusion_69999_70000"));
  const Path consistency = consistency_proof(leaves, 65537);
  EXPECT_EQ(consistency.size(), 15U);
  EXPECT_EQ(hash_of_path(consistency), vectors.hash("tile_consistency_65537_70000"));
  const Hash root = vectors.hash("tile_root_70000");
  EXPECT_TRUE(verify_inclusion(leaves[69999], 69999, 70000, inclusion, root).has_value());
  EXPECT_TRUE(consistent(65537, vectors.hash("tile_root_65537"), 70000, root, consistency));
}

// RFC 9162 section 2.1.3.2, against the definition, at every size and index.
TEST(ProofTest, InclusionIsWhatTheDefinitionSaysAndNothingElse) {
  for (std::uint64_t size = 1; size <= kSizeMax; ++size) {
    const reference::Entries entries = reference::make_entries(size);
    const Path leaves = hashes_of(entries);
    const Hash root = tree_root(leaves);
    const ProvenTree all = prove_all(leaves);
    ASSERT_EQ(all.root, root);
    ASSERT_EQ(all.paths.size(), size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Path path = inclusion_proof(leaves, index);
      const Hash& leaf = leaves[index];
      ASSERT_EQ(path, all.paths[index]);
      ASSERT_EQ(reference::root_by_inclusion(leaf, index, size, path), root);
      ASSERT_TRUE(verify_inclusion(leaf, index, size, path, root).has_value());
      for (const Path& bad : spoiled(path)) {
        const Result<Hash> found = root_from_inclusion(leaf, index, size, bad);
        const auto expected = reference::root_by_inclusion(leaf, index, size, bad);
        ASSERT_EQ(found.has_value(), expected.has_value()) << index << " of " << size;
        if (found.has_value() && expected.has_value()) {
          ASSERT_EQ(*found, *expected);
          ASSERT_NE(*found, root);
        }
        ASSERT_EQ(verify_inclusion(leaf, index, size, bad, root).error().code,
                  ErrorCode::kBadBatchPath);
      }
    }
  }
}

TEST(ProofTest, InclusionProofsAreThoseOfTheDefinition) {
  for (const std::uint64_t size : {1U, 2U, 3U, 7U, 8U, 33U, 64U, 65U}) {
    const reference::Entries entries = reference::make_entries(size);
    const Path leaves = hashes_of(entries);
    for (std::uint64_t index = 0; index < size; ++index) {
      ASSERT_EQ(inclusion_proof(leaves, index), reference::inclusion(entries, index));
    }
  }
}

TEST(ProofTest, APathHasTheRootOfAllThatCameBefore) {
  const std::vector<Hash> leaves = hashes_of(reference::make_entries(kSizeMax));
  for (std::uint64_t size = 1; size <= kSizeMax; ++size) {
    const auto tree = std::span(leaves).first(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Path path = inclusion_proof(tree, index);
      ASSERT_EQ(root_ending_with(leaves[index], index, size, path).value_or(Hash{}),
                tree_root(tree.first(index + 1)))
          << index << " of " << size;
    }
  }
  EXPECT_FALSE(root_ending_with(leaves[0], 0, 2, {}).has_value());
}

TEST(ProofTest, InclusionAtAnotherIndexIsRefused) {
  for (std::uint64_t size = 1; size <= 33; ++size) {
    const Path leaves = hashes_of(reference::make_entries(size));
    const Hash root = tree_root(leaves);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Path path = inclusion_proof(leaves, index);
      for (std::uint64_t other = 0; other <= size + 1; ++other) {
        ASSERT_EQ(verify_inclusion(leaves[index], other, size, path, root).has_value(),
                  other == index);
      }
    }
  }
}

// Whatever was followed before, the answer is that of a path that is followed alone.
TEST(FollowedPathTest, ANeighboursPathIsGoodExactlyWhereItLeadsToTheRoot) {
  for (std::uint64_t size = 1; size <= 20; ++size) {
    const Path leaves = hashes_of(reference::make_entries(size));
    const ProvenTree all = prove_all(leaves);
    for (std::uint64_t known = 0; known < size; ++known) {
      for (std::uint64_t index = 0; index < size; ++index) {
        FollowedPath followed =
            FollowedPath::follow(leaves[known], known, size, all.paths[known]).value();
        ASSERT_EQ(followed.root(), all.root);
        const Path& good = all.paths[index];
        for (const Path& bad : spoiled(good)) {
          ASSERT_FALSE(followed.follow(leaves[index], index, bad)) << index << " of " << size;
        }
        ASSERT_FALSE(followed.follow(Hash{'x'}, index, good));
        for (std::uint64_t other = 0; other <= size + 1; ++other) {
          ASSERT_EQ(followed.follow(leaves[index], other, good), other == index);
        }
        ASSERT_TRUE(followed.follow(leaves[index], index, good));
        ASSERT_EQ(followed.root(), all.root);
        ASSERT_TRUE(followed.follow(leaves[known], known, all.paths[known]));
      }
    }
  }
}

// A peer chooses these numbers: nothing may overflow, loop for long, or abort.
TEST(ProofTest, ExtremeSizesAreOrdinaryErrors) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::size_t length : {0U, 1U, 63U, 64U, 65U, 200U}) {
    const Path path(length);
    EXPECT_FALSE(root_from_inclusion({}, 0, 0, path).has_value());
    EXPECT_FALSE(root_from_inclusion({}, kMost, kMost, path).has_value());
    EXPECT_FALSE(root_from_inclusion({}, 5, 5, path).has_value());
    EXPECT_EQ(root_from_inclusion({}, 0, kMost, path).has_value(), length == 64);
    EXPECT_FALSE(consistent(kMost - 1, {}, kMost, {}, path));
    EXPECT_FALSE(consistent(kMost, {}, 1, {}, path));
    EXPECT_FALSE(consistent(1, {}, kMost, {}, path));
  }
}

// RFC 9162 section 2.1.4.2, against the definition, at every pair of sizes.
TEST(ProofTest, ConsistencyIsWhatTheDefinitionSaysAndNothingElse) {
  const reference::Entries entries = reference::make_entries(kSizeMax);
  const Path leaves = hashes_of(entries);
  Path roots;
  for (std::size_t size = 0; size <= kSizeMax; ++size) {
    roots.push_back(tree_root(std::span(leaves).first(size)));
  }
  for (std::size_t n = 1; n <= kSizeMax; ++n) {
    for (std::size_t m = 1; m <= n; ++m) {
      const Path path = consistency_proof(std::span(leaves).first(n), m);
      const auto good = reference::roots_by_consistency(m, roots[m], n, path);
      ASSERT_TRUE(good.has_value() && good->first == roots[m] && good->second == roots[n]);
      ASSERT_TRUE(consistent(m, roots[m], n, roots[n], path)) << m << " " << n;
      for (const Path& bad : spoiled(path)) {
        ASSERT_FALSE(consistent(m, roots[m], n, roots[n], bad)) << m << " " << n;
      }
      Hash other = roots[n];
      other[31] ^= 0x80U;
      ASSERT_FALSE(consistent(m, roots[m], n, other, path));
      ASSERT_FALSE(consistent(m, other, n, roots[n], path));
    }
  }
}

TEST(ProofTest, ConsistencyProofsAreThoseOfTheDefinition) {
  for (const std::uint64_t size : {1U, 2U, 3U, 7U, 8U, 33U, 64U, 65U}) {
    const reference::Entries entries = reference::make_entries(size);
    const Path leaves = hashes_of(entries);
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      ASSERT_EQ(consistency_proof(leaves, old_size), reference::consistency(entries, old_size));
    }
  }
}

TEST(ProofTest, NothingIsConsistentWithEverythingByAnEmptyPath) {
  const Path leaves = hashes_of(reference::make_entries(5));
  const Hash nothing = tree_root({});
  const Hash root = tree_root(leaves);
  EXPECT_TRUE(consistency_proof(leaves, 0).empty());
  EXPECT_TRUE(consistent(0, nothing, 5, root, {}));
  EXPECT_TRUE(consistent(0, nothing, 0, nothing, {}));
  EXPECT_FALSE(consistent(0, nothing, 5, root, {root}));
  EXPECT_FALSE(consistent(0, Hash{}, 5, root, {}));  // Not the root of nothing.
  EXPECT_FALSE(consistent(0, nothing, 0, root, {}));
  EXPECT_FALSE(consistent(0, root, 0, root, {}));
}

TEST(ProofTest, OneSizeHasOneRoot) {
  const Hash root = leaf_hash(as_bytes("a"));
  const Hash other = leaf_hash(as_bytes("b"));
  EXPECT_TRUE(consistent(7, root, 7, root, {}));
  EXPECT_FALSE(consistent(7, root, 7, other, {}));
  EXPECT_FALSE(consistent(7, root, 7, root, {root}));
  EXPECT_FALSE(consistent(8, root, 7, root, {}));
}

TEST(ProofTest, ABatchOfOneHasAnEmptyPath) {
  const Hash leaf = leaf_hash(as_bytes("alone"));
  const ProvenTree tree = prove_all(std::span(&leaf, 1));
  EXPECT_EQ(tree.root, leaf);
  EXPECT_EQ(tree.paths, std::vector<Path>(1));
  EXPECT_EQ(root_from_inclusion(leaf, 0, 1, {}).value(), leaf);
  EXPECT_EQ(prove_all({}).root, tree_root({}));
}

}  // namespace
}  // namespace chancery::ledger
