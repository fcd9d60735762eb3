#include "core/crypto/signer.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/core/crypto/vectors.h"

namespace chancery::crypto {
namespace {

KeySigner signer_from(const std::string& seed, Algorithm algorithm = Algorithm::kEd25519) {
  return KeySigner(PrivateKey::from_seed(algorithm, as_bytes(seed)).value());
}

bool verifies(const PublicKey& key, const std::string& message, const std::string& signature) {
  const Result<void> verified = verify(key, as_bytes(message), as_bytes(signature));
  if (!verified.has_value()) {
    EXPECT_EQ(verified.error().code, ErrorCode::kBadSignature);
  }
  return verified.has_value();
}

TEST(SignerTest, MakesTheSignaturesOfRfc8032) {
  const test::Vectors vectors("ed25519.txt");
  for (const std::string n : {"1", "2", "3"}) {
    KeySigner signer = signer_from(vectors.bytes("seed" + n));
    const std::string message = vectors.bytes("message" + n);
    const Result<std::string> signature = signer.sign(as_bytes(message));
    ASSERT_TRUE(signature.has_value());
    EXPECT_EQ(*signature, vectors.bytes("signature" + n));
    EXPECT_TRUE(verifies(signer.public_key(), message, *signature));
  }
}

TEST(SignerTest, AnyFlippedBitIsRefused) {
  KeySigner signer = signer_from(std::string(32, 's'));
  const std::string message = "notice";
  const std::string signature = signer.sign(as_bytes(message)).value();
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string altered = signature;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verifies(signer.public_key(), message, altered)) << bit;
  }
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    std::string altered = message;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verifies(signer.public_key(), altered, signature)) << bit;
  }
  EXPECT_FALSE(verifies(signer_from(std::string(32, 't')).public_key(), message, signature));
}

// More than are kept ready, and then the first again.
TEST(SignerTest, EachOfManyKeysIsItself) {
  constexpr std::size_t kCount = 3'000;
  const auto seed_of = [](std::size_t i) {
    std::string seed(32, 's');
    seed.replace(0, 4, std::to_string(1'000 + i % kCount));
    return seed;
  };
  std::string before(kSignatureBytes, '\0');
  for (std::size_t i = 0; i < kCount + 3; ++i) {
    KeySigner signer = signer_from(seed_of(i));
    const std::string signature = signer.sign(as_bytes("m")).value();
    EXPECT_TRUE(verifies(signer.public_key(), "m", signature)) << i;
    EXPECT_FALSE(verifies(signer.public_key(), "m", before)) << i;
    before = signature;
  }
}

TEST(SignerTest, EveryOtherLengthIsRefused) {
  KeySigner signer = signer_from(std::string(32, 's'));
  const std::string signature = signer.sign(as_bytes("m")).value();
  for (std::size_t length = 0; length < signature.size(); ++length) {
    EXPECT_FALSE(verifies(signer.public_key(), "m", signature.substr(0, length)));
  }
  EXPECT_FALSE(verifies(signer.public_key(), "m", signature + '\0'));
}

// C-2: one answer where RFC 8032 leaves two. A multiplication by the cofactor would take them all.
TEST(SignerTest, ComparesRByteForByteAndWithoutTheCofactor) {
  const test::Vectors vectors("ed25519.txt");
  const auto taken = [&](const std::string& name) {
    const std::string raw = vectors.bytes(name + "_public");
    const PublicKey key = PublicKey::from_raw(Algorithm::kEd25519, as_bytes(raw)).value();
    return verifies(key, vectors.bytes(name + "_message"), vectors.bytes(name + "_signature"));
  };
  EXPECT_TRUE(taken("mixed_key_taken"));
  EXPECT_FALSE(taken("mixed_key_refused"));
  EXPECT_FALSE(taken("mixed_r_refused"));
  EXPECT_TRUE(taken("small_r_taken"));
  EXPECT_FALSE(taken("unreduced_r_refused"));
}

// C-2. RFC 8032 section 5.1.7: S is below L, or one signature would have two spellings.
TEST(SignerTest, TheSameSignatureWithSPlusLIsRefused) {
  const test::Vectors vectors("ed25519.txt");
  const std::string order = vectors.bytes("order");
  for (const std::string n : {"1", "2", "3"}) {
    std::string signature = vectors.bytes("signature" + n);
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      carry += static_cast<unsigned char>(signature[32 + i]);
      carry += static_cast<unsigned char>(order[i]);
      signature[32 + i] = static_cast<char>(carry & 0xffU);
      carry >>= 8U;
    }
    ASSERT_EQ(carry, 0U);
    const std::string raw = vectors.bytes("public" + n);
    const PublicKey key = PublicKey::from_raw(Algorithm::kEd25519, as_bytes(raw)).value();
    EXPECT_FALSE(verifies(key, vectors.bytes("message" + n), signature));
  }
}

TEST(SignerTest, NothingVerifiesUnderAnX25519Key) {
  KeySigner signer = signer_from(std::string(32, 's'));
  const PublicKey key =
      PublicKey::from_raw(Algorithm::kX25519, as_bytes(std::string(32, 9))).value();
  EXPECT_FALSE(verifies(key, "m", signer.sign(as_bytes("m")).value()));
}

// A key of the wrong kind comes from a configuration, so it must be an error and no abort.
TEST(SignerTest, SigningWithAnX25519KeyFailsRetryably) {
  KeySigner signer = signer_from(std::string(32, 's'), Algorithm::kX25519);
  const Result<std::string> signature = signer.sign(as_bytes("m"));
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kSigningFailed);
  EXPECT_EQ(error_info(signature.error().code).retry, Retry::kRetryable);
}

// C-2: half of all y are on no point of the curve; PublicKey does not ask.
TEST(SignerTest, NothingVerifiesUnderAKeyOffTheCurve) {
  const std::string raw = std::string(1, '\x02') + std::string(31, '\0');
  const PublicKey key = PublicKey::from_raw(Algorithm::kEd25519, as_bytes(raw)).value();
  const std::string identity = std::string(1, '\x01') + std::string(63, '\0');
  EXPECT_FALSE(verifies(key, "m", identity));
}

}  // namespace
}  // namespace chancery::crypto
