#include "core/ledger/leaf.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/base/encoding.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

Leaf sample() {
  Leaf leaf{.type = LeafType::kDirectory, .accepted_at_ms = 0x0102030405060708};
  leaf.directory.fill(0xd1);
  leaf.entry.fill(0xe2);
  return leaf;
}

TEST(LeafTest, IsLaidOutAsTheProtocolSays) {
  std::string expected = "020102030405060708";
  for (int i = 0; i < 32; ++i) {
    expected += "d1";
  }
  for (int i = 0; i < 32; ++i) {
    expected += "e2";
  }
  EXPECT_EQ(hex(encode(sample())), expected);
  EXPECT_EQ(leaf_hash(sample()), leaf_hash(Bytes(encode(sample()))));
}

TEST(LeafTest, ComesBackFromItsBytes) {
  EXPECT_EQ(parse_leaf(encode(sample())).value(), sample());
  Leaf last = sample();
  last.type = LeafType::kNotice;
  last.accepted_at_ms = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(parse_leaf(encode(last)).value(), last);
}

TEST(LeafTest, EveryOtherLengthIsRefused) {
  for (std::size_t length = 0; length <= 200; ++length) {
    const Result<Leaf> leaf = parse_leaf(as_bytes(std::string(length, '\x01')));
    EXPECT_EQ(leaf.has_value(), length == kLeafBytes) << length;
    EXPECT_TRUE(leaf.has_value() || leaf.error().code == ErrorCode::kMalformed);
  }
}

TEST(LeafTest, EveryOtherTypeIsRefused) {
  for (unsigned type = 0; type <= 255; ++type) {
    auto bytes = encode(sample());
    bytes[0] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(parse_leaf(bytes).has_value(), type == 1 || type == 2) << type;
  }
}

TEST(LeafTest, EveryByteChangesTheHash) {
  const auto bytes = encode(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto altered = bytes;
    altered[i] ^= 0x01U;
    EXPECT_NE(leaf_hash(Bytes(altered)), leaf_hash(sample())) << i;
  }
}

}  // namespace
}  // namespace chancery::ledger
