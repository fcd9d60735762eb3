#include "core/crypto/secret.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace chancery::crypto {
namespace {

TEST(SecretTest, WipingOverwritesTheBytesInPlace) {
  std::array<std::uint8_t, 4> bytes = {1, 2, 3, 4};
  wipe(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 4>{}));
}

TEST(SecretTest, AWipedTextIsEmptyAndItsMemoryZero) {
  std::string secret(64, 'k');
  const char* const memory = secret.data();
  {
    const WipeAtEnd wiped(secret);
    EXPECT_EQ(secret.size(), 64U);
  }
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(std::string(memory, 64).find('k'), std::string::npos);  // The capacity is still ours.
}

TEST(SecretTest, ComparesAllBytesAndTheLength) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("xbc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abcd")));
}

}  // namespace
}  // namespace chancery::crypto
