#include "core/ledger/tile_proofs.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

// A log of 70,000 entries, entry i the 8 bytes of i, and its tiles at every size.
class TileProofsTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 70'000;

  struct Log {
    std::vector<Hash> leaves;
    std::map<std::string, std::string> tiles;  // The full ones, and the partial ones at kSize.

    Log() {
      TileMaker maker;
      for (std::uint64_t i = 0; i < kSize; ++i) {
        leaves.push_back(leaf_hash(u64_be(i)));
        keep(maker.append(leaves.back()));
      }
      keep(maker.partial());
    }
    void keep(const std::vector<MadeTile>& made) {
      for (const MadeTile& one : made) {
        tiles[tile_name({.level = one.tile.level, .index = one.tile.index})] = one.bytes;
      }
    }
  };
  static const Log& log() {
    static const Log made;
    return made;
  }

  // As a reader of files has it that finds a longer tile: cut to the width.
  TileSource source_ = [this](const Tile& tile) -> Result<std::string> {
    ++reads_;
    const auto found = log().tiles.find(tile_name({.level = tile.level, .index = tile.index}));
    if (found == log().tiles.end()) {
      return fail(ErrorCode::kNotFound, tile_name(tile));
    }
    return found->second.substr(0, tile.width * Hash{}.size());
  };
  static std::span<const Hash> first(std::uint64_t size) {
    return std::span(log().leaves).first(size);
  }

  std::size_t reads_ = 0;
};

TEST_F(TileProofsTest, AreThoseOfAllLeaves) {
  for (const std::uint64_t size : {1U, 2U, 3U, 255U, 256U, 257U, 511U, 513U, 700U}) {
    for (std::uint64_t at = 0; at < size; at += 1 + at / 7) {
      EXPECT_EQ(inclusion_proof(at, size, source_).value(), inclusion_proof(first(size), at))
          << at << " of " << size;
      EXPECT_EQ(consistency_proof(at, size, source_).value(), consistency_proof(first(size), at))
          << at << " of " << size;
    }
    EXPECT_TRUE(consistency_proof(size, size, source_).value().empty());
  }
}

// Published: SHA-256 of the hashes one after the other.
TEST_F(TileProofsTest, AreThePublishedOnes) {
  const auto digest = [](const std::vector<Hash>& path) {
    std::string bytes;
    for (const Hash& hash : path) {
      bytes += as_view(hash);
    }
    return hex(crypto::sha256({as_bytes(bytes)}));
  };
  const std::vector<Hash> inclusion = inclusion_proof(kSize - 1, kSize, source_).value();
  EXPECT_EQ(inclusion.size(), 9U);
  EXPECT_EQ(digest(inclusion), "7f9c65572e20afe764f069f98880d24a8ee38adbb14ad219f1dcc15e58be2d75");
  const std::vector<Hash> consistency = consistency_proof(65'537, kSize, source_).value();
  EXPECT_EQ(consistency.size(), 15U);
  EXPECT_EQ(digest(consistency),
            "33b6c157ffdff5f39f33b7c49db9b374d2e253b11982375e9a58b2559ae94d57");
}

TEST_F(TileProofsTest, VerifyAgainstTheRoot) {
  const Hash root = tree_root(log().leaves);
  for (const std::uint64_t at : {0U, 1U, 255U, 256U, 32'768U, 65'535U, 65'536U, 69'999U}) {
    const std::vector<Hash> path = inclusion_proof(at, kSize, source_).value();
    EXPECT_TRUE(verify_inclusion(log().leaves[at], at, kSize, path, root).has_value()) << at;
  }
  for (const std::uint64_t old_size : {1U, 256U, 300U, 65'535U, 65'536U, 65'537U, 69'999U}) {
    const std::vector<Hash> path = consistency_proof(old_size, kSize, source_).value();
    EXPECT_TRUE(
        verify_consistency(old_size, tree_root(first(old_size)), kSize, root, path).has_value())
        << old_size;
  }
}

// Three levels, of which the highest has one tile.
TEST_F(TileProofsTest, ReadFewTilesWhateverTheSize) {
  for (std::uint64_t at = 1; at < kSize; at += 997) {
    reads_ = 0;
    ASSERT_TRUE(inclusion_proof(at, kSize, source_).has_value());
    EXPECT_LE(reads_, 5U) << at;
    reads_ = 0;
    ASSERT_TRUE(consistency_proof(at, kSize, source_).has_value());
    EXPECT_LE(reads_, 5U) << at;
  }
}

TEST_F(TileProofsTest, ATileThatIsNotThereOrShortIsAnError) {
  const TileSource none = [](const Tile& tile) -> Result<std::string> {
    return fail(ErrorCode::kNotFound, tile_name(tile));
  };
  EXPECT_EQ(inclusion_proof(5, kSize, none).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(consistency_proof(5, kSize, none).error().code, ErrorCode::kNotFound);
  const TileSource shortened = [this](const Tile& tile) -> Result<std::string> {
    CHANCERY_TRY(std::string bytes, source_(tile));
    bytes.pop_back();
    return bytes;
  };
  EXPECT_EQ(inclusion_proof(5, kSize, shortened).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(consistency_proof(5, kSize, shortened).error().code, ErrorCode::kMalformed);
}

// Logs may delete a partial tile once they have the full one.
TEST_F(TileProofsTest, TheFullTileServesInsteadOfAPartialOne) {
  const TileSource whole = [](const Tile& tile) -> Result<std::string> {
    return log().tiles.at(tile_name({.level = tile.level, .index = tile.index}));
  };
  EXPECT_EQ(inclusion_proof(300, 301, whole).value(), inclusion_proof(first(301), 300));
}

}  // namespace
}  // namespace chancery::ledger
