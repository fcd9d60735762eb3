#include "io/os/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace chancery::os {
namespace {

TEST(RandomTest, GivesAsManyBytesAsAsked) {
  for (const std::size_t size : {0U, 1U, 32U, 255U, 256U, 257U, 1U << 20U}) {
    EXPECT_EQ(random_bytes(size).size(), size);
  }
}

TEST(RandomTest, NeverRepeatsThirtyTwoBytes) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(random_bytes(32)).second);
  }
}

// That the last byte is zero 64 times in a row has a chance of 2^-512.
TEST(RandomTest, FillsUpToTheLastByteAndNoFurther) {
  bool last_byte_set = false;
  for (int i = 0; i < 64; ++i) {
    std::array<std::uint8_t, 600> bytes{};
    fill_random(std::span(bytes).first(599));
    last_byte_set = last_byte_set || bytes[598] != 0;
    EXPECT_EQ(bytes[599], 0);
  }
  EXPECT_TRUE(last_byte_set);
}

TEST(RandomTest, UsesEveryByteValue) {
  const std::string bytes = random_bytes(1U << 16U);
  EXPECT_EQ(std::set<char>(bytes.begin(), bytes.end()).size(), 256U);
}

}  // namespace
}  // namespace chancery::os
