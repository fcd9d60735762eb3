#include "broker/store/served_envelopes.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::broker {
namespace {

TEST(ServedEnvelopesTest, TheOldestGoWhereThereIsNoRoom) {
  constexpr std::size_t kSize = ServedEnvelopes::kBytesMax / 8;
  ServedEnvelopes served;
  for (std::uint64_t index = 0; index < 20; ++index) {
    served.keep(index, std::string(kSize, 'x'));
    served.keep(index, "what is known stays");
  }
  for (std::uint64_t index = 0; index < 20; ++index) {
    EXPECT_EQ(served.find(index) != nullptr, index >= 12) << index;
  }
  EXPECT_EQ(*served.find(12), std::string(kSize, 'x'));
}

TEST(ServedEnvelopesTest, WhatIsForgottenLeavesItsRoom) {
  constexpr std::size_t kSize = ServedEnvelopes::kBytesMax / 8;
  ServedEnvelopes served;
  for (std::uint64_t index = 0; index < 8; ++index) {
    served.keep(index, std::string(kSize, 'x'));
  }
  served.forget(7);
  served.forget(7);
  served.keep(8, std::string(kSize, 'y'));
  EXPECT_EQ(served.find(7), nullptr);
  EXPECT_NE(served.find(0), nullptr);
  EXPECT_NE(served.find(8), nullptr);
}

TEST(ServedEnvelopesTest, OneThatIsLargeTakesNoRoomOfOthers) {
  ServedEnvelopes served;
  served.keep(0, "small");
  served.keep(1, std::string(ServedEnvelopes::kBytesMax / 4 + 1, 'x'));
  EXPECT_NE(served.find(0), nullptr);
  EXPECT_EQ(served.find(1), nullptr);
}

}  // namespace
}  // namespace chancery::broker
