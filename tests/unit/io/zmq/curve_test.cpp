#include "io/zmq/curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/base/encoding.h"

namespace chancery::zmq {
namespace {

// RFC 7748 section 6.1: Alice's and Bob's X25519 keys. CURVE keys are X25519 keys (RFC 26).
TEST(CurveTest, DerivesThePublicKeysOfRfc7748) {
  const auto key = [](const char* text) { return *hash_from_hex(text); };
  const CurveKey alice = key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const CurveKey bob = key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(*curve_public(CurveSecret(alice)),
            key("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
  EXPECT_EQ(*curve_public(CurveSecret(bob)),
            key("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
}

TEST(CurveTest, ASecretIsWipedWhenItGoes) {
  CurveKey key{};
  key.fill(0x5a);
  alignas(CurveSecret) std::array<std::uint8_t, sizeof(CurveSecret)> memory{};
  auto* const secret = std::construct_at(reinterpret_cast<CurveSecret*>(memory.data()), key);
  const CurveSecret copy = *secret;
  EXPECT_EQ(std::ranges::count(memory, 0x5a), 32);
  std::destroy_at(secret);
  EXPECT_EQ(std::ranges::count(memory, 0x5a), 0);
  EXPECT_EQ(copy.bytes(), key);
}

}  // namespace
}  // namespace chancery::zmq
