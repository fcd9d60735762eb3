#include "broker/core/peers.h"

#include <gtest/gtest.h>

namespace chancery::broker {
namespace {

constexpr std::size_t kPeersInTest = 3;

Hash key(std::uint8_t byte) {
  Hash hash{};
  hash.fill(byte);
  return hash;
}

Peer peer(const std::string& routing_id, int descriptor, std::uint8_t key_byte = 1) {
  return {.routing_id = routing_id, .transport_key_id = key(key_byte), .descriptor = descriptor};
}

TEST(PeersTest, KnowsAConnectionAgain) {
  Peers peers(kPeersInTest);
  const Peers::Met first = peers.meet(peer("a", 10));
  EXPECT_TRUE(first.is_new);
  const Peers::Met again = peers.meet(peer("a", 10));
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.handle, first.handle);
  EXPECT_EQ(peers.with_routing_id("a"), first.handle);
  ASSERT_NE(peers.find(first.handle), nullptr);
  EXPECT_EQ(peers.find(first.handle)->descriptor, 10);
}

TEST(PeersTest, WhoHadTheDescriptorBeforeIsGone) {
  Peers peers(kPeersInTest);
  const PeerHandle before = peers.meet(peer("a", 10)).handle;
  const Peers::Met met = peers.meet(peer("b", 10));
  EXPECT_EQ(met.forgotten, std::vector<PeerHandle>{before});
  EXPECT_NE(met.handle, before);
  EXPECT_EQ(peers.find(before), nullptr);
  EXPECT_EQ(peers.with_routing_id("a"), std::nullopt);
}

TEST(PeersTest, AnotherKeyUnderARoutingIdIsAnotherConnection) {
  Peers peers(kPeersInTest);
  const PeerHandle before = peers.meet(peer("a", 10, 1)).handle;
  const Peers::Met met = peers.meet(peer("a", 10, 2));
  EXPECT_TRUE(met.is_new);
  EXPECT_EQ(met.forgotten, std::vector<PeerHandle>{before});
  EXPECT_EQ(peers.with_routing_id("a"), met.handle);
  EXPECT_EQ(peers.count(), 1U);
}

TEST(PeersTest, KeepsAsManyAsItsLimitAndForgetsTheOldestForOneMore) {
  Peers peers(kPeersInTest);
  const PeerHandle oldest = peers.meet(peer("a", 10)).handle;
  EXPECT_TRUE(peers.meet(peer("b", 11)).forgotten.empty());
  EXPECT_TRUE(peers.meet(peer("c", 12)).forgotten.empty());
  EXPECT_EQ(peers.count(), peers.count_max());
  EXPECT_EQ(peers.meet(peer("d", 13)).forgotten, std::vector<PeerHandle>{oldest});
  EXPECT_EQ(peers.count(), peers.count_max());
}

TEST(PeersTest, GivesThoseOfAKeyOldestFirst) {
  Peers peers(kPeersInTest);
  const PeerHandle first = peers.meet(peer("a", 10, 1)).handle;
  peers.meet(peer("b", 11, 2));
  const PeerHandle second = peers.meet(peer("c", 12, 1)).handle;
  EXPECT_EQ(peers.with_key(key(1)), (std::vector<PeerHandle>{first, second}));
  peers.forget(first);
  EXPECT_EQ(peers.with_key(key(1)), std::vector<PeerHandle>{second});
}

}  // namespace
}  // namespace chancery::broker
