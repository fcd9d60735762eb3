#include "core/crypto/aead.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/core/crypto/vectors.h"

namespace chancery::crypto {
namespace {

struct Case {
  std::string key = std::string(32, 'k');
  std::string nonce = std::string(12, 'n');
  std::string aad = "to whom";
  std::string plaintext = "what";
};

Result<std::string> seal(const Case& in) {
  return aes256gcm_seal(as_bytes(in.key), as_bytes(in.nonce), as_bytes(in.aad),
                        as_bytes(in.plaintext));
}

Result<std::string> open(const Case& in, const std::string& ciphertext) {
  return aes256gcm_open(as_bytes(in.key), as_bytes(in.nonce), as_bytes(in.aad),
                        as_bytes(ciphertext));
}

TEST(AeadTest, SealsAndOpensThePublishedCases) {
  const test::Vectors vectors("aes256gcm.txt");
  for (const std::string n : {"13", "14", "16"}) {
    const Case in{.key = vectors.bytes("key" + n),
                  .nonce = vectors.bytes("nonce" + n),
                  .aad = vectors.bytes("aad" + n),
                  .plaintext = vectors.bytes("plaintext" + n)};
    EXPECT_EQ(seal(in).value(), vectors.bytes("ciphertext" + n)) << n;
    EXPECT_EQ(open(in, vectors.bytes("ciphertext" + n)).value(), in.plaintext) << n;
  }
}

TEST(AeadTest, AnyFlippedBitIsRefused) {
  const Case in;
  const std::string sealed = seal(in).value();
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string altered = sealed;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    const Result<std::string> opened = open(in, altered);
    ASSERT_FALSE(opened.has_value()) << bit;
    EXPECT_EQ(opened.error().code, ErrorCode::kSealBroken);
  }
}

// OpenSSL 3.0 itself takes a tag of one byte.
TEST(AeadTest, AShortenedTagIsRefused) {
  const Case in;
  const std::string sealed = seal(in).value();
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    const Result<std::string> opened = open(in, sealed.substr(0, length));
    ASSERT_FALSE(opened.has_value()) << length;
    EXPECT_EQ(opened.error().code,
              length < kAeadTagBytes ? ErrorCode::kSealMalformed : ErrorCode::kSealBroken);
  }
  EXPECT_FALSE(open(in, sealed + '\0').has_value());
}

TEST(AeadTest, AnotherKeyNonceOrAadDoesNotOpen) {
  const std::string sealed = seal({}).value();
  EXPECT_FALSE(open({.key = std::string(32, 'x')}, sealed).has_value());
  EXPECT_FALSE(open({.nonce = std::string(12, 'x')}, sealed).has_value());
  EXPECT_FALSE(open({.aad = "to all"}, sealed).has_value());
  EXPECT_FALSE(open({.aad = ""}, sealed).has_value());
  EXPECT_TRUE(open({}, sealed).has_value());
}

TEST(AeadTest, KeysAndNoncesOfOtherLengthsAreRefused) {
  for (std::size_t length = 0; length <= 40; ++length) {
    EXPECT_EQ(seal({.key = std::string(length, 'k')}).has_value(), length == kAeadKeyBytes);
    EXPECT_EQ(seal({.nonce = std::string(length, 'n')}).has_value(), length == kAeadNonceBytes);
    EXPECT_EQ(open({.key = std::string(length, 'k')}, std::string(20, 'c')).error().code,
              length == kAeadKeyBytes ? ErrorCode::kSealBroken : ErrorCode::kSealMalformed);
  }
}

TEST(AeadTest, LargeTextsComeBack) {
  const Case in{.aad = "", .plaintext = std::string((1U << 20U) + 1, 'p')};
  EXPECT_EQ(open(in, seal(in).value()).value(), in.plaintext);
}

}  // namespace
}  // namespace chancery::crypto
