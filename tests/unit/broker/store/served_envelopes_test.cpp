#include "broker/store/served_envelopes.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace chancery::broker {
namespace {

ServedEnvelopes::Shared shared(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

TEST(ServedEnvelopesTest, TheOldestGoWhereThereIsNoRoom) {
  constexpr std::size_t kSize = ServedEnvelopes::kBytesMax / 8;
  ServedEnvelopes served;
  for (std::uint64_t index = 0; index < 20; ++index) {
    served.keep(index, shared(std::string(kSize, 'x')));
    served.keep(index, shared("what is known stays"));
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
    served.keep(index, shared(std::string(kSize, 'x')));
  }
  served.forget(7);
  served.forget(7);
  served.keep(8, shared(std::string(kSize, 'y')));
  EXPECT_EQ(served.find(7), nullptr);
  EXPECT_NE(served.find(0), nullptr);
  EXPECT_NE(served.find(8), nullptr);
}

TEST(ServedEnvelopesTest, OneThatIsLargeTakesNoRoomOfOthers) {
  ServedEnvelopes served;
  served.keep(0, shared("small"));
  served.keep(1, shared(std::string(ServedEnvelopes::kBytesMax / 4 + 1, 'x')));
  EXPECT_NE(served.find(0), nullptr);
  EXPECT_EQ(served.find(1), nullptr);
}

}  // namespace
}  // namespace chancery::broker
