#include "core/crypto/keys.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <utility>

#include "core/crypto/sha256.h"
#include "tests/unit/core/crypto/vectors.h"

namespace chancery::crypto {
namespace {

constexpr std::array kBoth = {Algorithm::kEd25519, Algorithm::kX25519};

std::string with_top_bit(std::string raw) {
  raw[31] = static_cast<char>(static_cast<unsigned char>(raw[31]) | 0x80U);
  return raw;
}

ErrorCode code_of(Algorithm algorithm, const std::string& raw) {
  const Result<PublicKey> key = PublicKey::from_raw(algorithm, as_bytes(raw));
  return key.has_value() ? ErrorCode::kInternal : key.error().code;  // kInternal: taken.
}

// p + k in little-endian, 0 <= k <= 18: the values below 2^255 that have a smaller spelling.
std::string unreduced(int k) {
  std::string raw(32, '\xff');
  raw[0] = static_cast<char>(0xed + k);
  raw[31] = '\x7f';
  return raw;
}

TEST(PublicKeyTest, EveryEncodingOfASmallOrderPointIsCalledThat) {
  const test::Vectors vectors("ed25519.txt");
  for (const std::string& y : vectors.list("small_order_y")) {
    EXPECT_EQ(code_of(Algorithm::kEd25519, y), ErrorCode::kKeySmallOrder) << hex(as_bytes(y));
    EXPECT_EQ(code_of(Algorithm::kEd25519, with_top_bit(y)), ErrorCode::kKeySmallOrder);
  }
  for (const std::string& u : vectors.list("small_order_u")) {
    EXPECT_EQ(code_of(Algorithm::kX25519, u), ErrorCode::kKeySmallOrder) << hex(as_bytes(u));
    EXPECT_EQ(code_of(Algorithm::kX25519, with_top_bit(u)), ErrorCode::kKeySmallOrder);
  }
}

// RFC 8032 section 5.1.3 step 1; RFC 7748 section 5 would reduce u.
TEST(PublicKeyTest, ACoordinateOfAtLeastPIsRefused) {
  for (int k = 2; k <= 18; ++k) {  // 0 and 1 are of small order.
    EXPECT_EQ(code_of(Algorithm::kEd25519, unreduced(k)), ErrorCode::kKeyNotCanonical) << k;
    EXPECT_EQ(code_of(Algorithm::kEd25519, with_top_bit(unreduced(k))),
              ErrorCode::kKeyNotCanonical);
    EXPECT_EQ(code_of(Algorithm::kX25519, unreduced(k)), ErrorCode::kKeyNotCanonical) << k;
  }
}

TEST(PublicKeyTest, TheLargestReducedCoordinatesAreTaken) {
  std::string raw = unreduced(-2);  // p - 2; p - 1 is of small order.
  EXPECT_EQ(code_of(Algorithm::kEd25519, raw), ErrorCode::kInternal);
  EXPECT_EQ(code_of(Algorithm::kX25519, raw), ErrorCode::kInternal);
  raw = unreduced(5);
  raw[17] = '\xfe';  // Less than p, as a middle byte is not all ones.
  EXPECT_EQ(code_of(Algorithm::kEd25519, raw), ErrorCode::kInternal);
}

TEST(PublicKeyTest, BitOfTheSignIsForEd25519Only) {
  const test::Vectors vectors("ed25519.txt");
  const std::string raw = with_top_bit(vectors.bytes("public1"));
  EXPECT_EQ(code_of(Algorithm::kEd25519, raw), ErrorCode::kInternal);
  EXPECT_EQ(code_of(Algorithm::kX25519, raw), ErrorCode::kKeyNotCanonical);
}

TEST(PublicKeyTest, EveryOtherLengthIsRefused) {
  for (std::size_t length = 0; length <= 80; ++length) {
    const std::string bytes(length, '\x09');
    if (length != kKeyBytes) {
      EXPECT_EQ(code_of(Algorithm::kEd25519, bytes), ErrorCode::kMalformed) << length;
    }
    EXPECT_FALSE(PublicKey::from_spki(as_bytes(bytes)).has_value()) << length;
  }
}

// RFC 8410 section 10.1 prints this key's SPKI.
TEST(PublicKeyTest, HasTheSpkiOfRfc8410AndItsHashForAnId) {
  const std::string der =
      from_base64("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").value();
  const Result<PublicKey> key = PublicKey::from_spki(as_bytes(der));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->algorithm(), Algorithm::kEd25519);
  EXPECT_EQ(hex(key->raw()), "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
  EXPECT_EQ(key->spki(), der);
  EXPECT_EQ(key->id(), sha256({as_bytes(der)}));
}

TEST(PublicKeyTest, SpkiHasOneSpelling) {
  for (const Algorithm algorithm : kBoth) {
    const PrivateKey key =
        PrivateKey::from_seed(algorithm, as_bytes(std::string(32, '\x05'))).value();
    const std::string& der = key.public_key().spki();
    ASSERT_EQ(der.size(), kSpkiBytes);
    EXPECT_EQ(PublicKey::from_spki(as_bytes(der)).value(), key.public_key());
    for (std::size_t i = 0; i < 12; ++i) {
      std::string altered = der;
      altered[i] = static_cast<char>(altered[i] ^ 0x40);
      EXPECT_EQ(PublicKey::from_spki(as_bytes(altered)).error().code, ErrorCode::kMalformed) << i;
    }
    EXPECT_FALSE(PublicKey::from_spki(as_bytes(der + '\0')).has_value());
    EXPECT_FALSE(PublicKey::from_spki(as_bytes(der).first(43)).has_value());
  }
}

TEST(PublicKeyTest, OneKeyForTwoAlgorithmsIsTwoKeys) {
  const std::string raw(32, '\x09');
  const PublicKey signing = PublicKey::from_raw(Algorithm::kEd25519, as_bytes(raw)).value();
  const PublicKey sealing = PublicKey::from_raw(Algorithm::kX25519, as_bytes(raw)).value();
  EXPECT_NE(signing, sealing);
  EXPECT_NE(signing.id(), sealing.id());
  EXPECT_NE(signing < sealing, sealing < signing);
}

TEST(PrivateKeyTest, MakesTheKeysOfRfc8032) {
  const test::Vectors vectors("ed25519.txt");
  for (const std::string n : {"1", "2", "3"}) {
    const std::string seed = vectors.bytes("seed" + n);
    const PrivateKey key = PrivateKey::from_seed(Algorithm::kEd25519, as_bytes(seed)).value();
    EXPECT_EQ(hex(key.public_key().raw()), vectors.text("public" + n));
    EXPECT_EQ(key.raw(), seed);
  }
  EXPECT_FALSE(PrivateKey::from_seed(Algorithm::kEd25519, as_bytes("short")).has_value());
}

TEST(PrivateKeyTest, PemIsWhatOpensslReads) {
  for (const Algorithm algorithm : kBoth) {
    const std::string seed(32, '\x42');
    const PrivateKey key = PrivateKey::from_seed(algorithm, as_bytes(seed)).value();
    const std::string pem = key.to_pem();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    ASSERT_NE(pkey, nullptr);
    EXPECT_EQ(EVP_PKEY_get_id(pkey.get()),
              algorithm == Algorithm::kEd25519 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519);
    std::string raw(32, '\0');
    std::size_t length = raw.size();
    EXPECT_EQ(EVP_PKEY_get_raw_private_key(pkey.get(), reinterpret_cast<unsigned char*>(raw.data()),
                                           &length),
              1);
    EXPECT_EQ(raw, seed);

    const PrivateKey read = PrivateKey::from_pem(pem).value();
    EXPECT_EQ(read.public_key(), key.public_key());
    EXPECT_EQ(read.raw(), seed);
  }
}

// RFC 8410 section 10.3 prints this one.
TEST(PrivateKeyTest, ReadsThePemOfRfc8410) {
  const Result<PrivateKey> key = PrivateKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(hex(key->public_key().raw()),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
}

TEST(PrivateKeyTest, PemThatIsAnythingElseIsRefused) {
  const std::string pem =
      PrivateKey::from_seed(Algorithm::kEd25519, as_bytes(std::string(32, 'k'))).value().to_pem();
  for (std::size_t length = 0; length + 1 < pem.size(); ++length) {
    EXPECT_FALSE(PrivateKey::from_pem(std::string_view(pem).substr(0, length)).has_value());
  }
  EXPECT_FALSE(PrivateKey::from_pem(pem + "\n").has_value());
  EXPECT_FALSE(PrivateKey::from_pem(pem + pem).has_value());
  EXPECT_FALSE(PrivateKey::from_pem("\n" + pem).has_value());
  std::string other = pem;
  other[28 + 14] = '4';  // Inside the OID.
  EXPECT_FALSE(PrivateKey::from_pem(other).has_value());
}

// As $(cat key.pem) gives it to an environment, and as an editor of another system writes it.
TEST(PrivateKeyTest, PemMayEndItsLinesOtherwise) {
  const PrivateKey key =
      PrivateKey::from_seed(Algorithm::kX25519, as_bytes(std::string(32, 'k'))).value();
  const std::string pem = key.to_pem();
  std::string other;
  for (const char c : pem) {
    other += c == '\n' ? "\r\n" : std::string(1, c);
  }
  for (const std::string& text :
       {pem.substr(0, pem.size() - 1), other, other.substr(0, other.size() - 2)}) {
    const Result<PrivateKey> read = PrivateKey::from_pem(text);
    ASSERT_TRUE(read.has_value()) << text;
    EXPECT_EQ(read->public_key(), key.public_key());
  }
}

TEST(PrivateKeyTest, MovesAndStaysItself) {
  PrivateKey first =
      PrivateKey::from_seed(Algorithm::kX25519, as_bytes(std::string(32, 'k'))).value();
  const PublicKey public_key = first.public_key();
  const PrivateKey second = std::move(first);
  EXPECT_EQ(second.public_key(), public_key);
}

}  // namespace
}  // namespace chancery::crypto
