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

// RFC 4231, test cases 1, 2 and 6, the last with a key that is longer than a block.
TEST(HkdfTest, HmacIsThatOfRfc4231) {
  const std::string short_key(20, '\x0b');
  EXPECT_EQ(hex(hmac_sha256(as_bytes(short_key), as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');
  EXPECT_EQ(hex(hmac_sha256(as_bytes(long_key),
                            as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
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
