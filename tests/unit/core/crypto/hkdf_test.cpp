#include "core/crypto/hkdf.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/core/crypto/vectors.h"

namespace chancery::crypto {
namespace {

TEST(HkdfTest, DerivesTheKeysOfRfc5869) {
  const test::Vectors vectors("hkdf-sha256.txt");
  for (const std::string n : {"1", "2", "3"}) {
    const std::string salt = vectors.bytes("salt" + n);
    const std::string ikm = vectors.bytes("ikm" + n);
    const std::string info = vectors.bytes("info" + n);
    const std::string okm = vectors.bytes("okm" + n);
    const Hash prk = hkdf_extract(as_bytes(salt), as_bytes(ikm));
    EXPECT_EQ(hex(prk), vectors.text("prk" + n));
    EXPECT_EQ(hkdf_expand(prk, as_bytes(info), okm.size()), okm);
  }
}

// RFC 5869 section 2.2: not provided is a string of zeroes.
TEST(HkdfTest, NoSaltIsZeroes) {
  EXPECT_EQ(hkdf_extract({}, as_bytes("key")), hkdf_extract(Hash{}, as_bytes("key")));
  EXPECT_NE(hkdf_extract({}, as_bytes("key")), hkdf_extract({}, as_bytes("kez")));
}

TEST(HkdfTest, ExtractsFromNothing) {
  EXPECT_NE(hkdf_extract(as_bytes("salt"), {}), hkdf_extract({}, {}));
}

TEST(HkdfTest, AShorterOutputBeginsALongerOne) {
  const Hash prk = hkdf_extract({}, as_bytes("key"));
  const std::string longest = hkdf_expand(prk, as_bytes("info"), kHkdfOutputBytesMax);
  EXPECT_EQ(longest.size(), kHkdfOutputBytesMax);
  EXPECT_EQ(hkdf_expand(prk, as_bytes("info"), 33), longest.substr(0, 33));
  const std::string info(kHkdfInfoBytesMax, 'i');
  EXPECT_EQ(hkdf_expand(prk, as_bytes(info), 5).size(), 5U);
}

TEST(HkdfDeathTest, StopsWhereTheProgramAsksForMoreThanTheLimits) {
  const Hash prk{};
  const std::string info(kHkdfInfoBytesMax + 1, 'i');
  EXPECT_DEATH((void)hkdf_expand(prk, as_bytes(info), 32), "invariant broken");
  EXPECT_DEATH((void)hkdf_expand(prk, {}, kHkdfOutputBytesMax + 1), "invariant broken");
}

}  // namespace
}  // namespace chancery::crypto
