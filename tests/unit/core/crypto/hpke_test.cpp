#include "core/crypto/hpke.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/crypto/aead.h"
#include "tests/unit/core/crypto/vectors.h"

namespace chancery::crypto {
namespace {

PrivateKey sealing_key(char fill) {
  return PrivateKey::from_seed(Algorithm::kX25519, as_bytes(std::string(32, fill))).value();
}

constexpr std::string_view kSeed = "an ephemeral seed of 32 bytes...";

HpkeSealed seal(const PrivateKey& recipient, std::string_view seed = kSeed) {
  return hpke_seal(recipient.public_key(), as_bytes("info"), as_bytes("aad"), as_bytes("text"),
                   as_bytes(seed))
      .value();
}

Result<std::string> open(const PrivateKey& recipient, const HpkeSealed& sealed,
                         const std::string& info = "info", const std::string& aad = "aad") {
  return hpke_open(recipient, as_bytes(sealed.enc), as_bytes(info), as_bytes(aad),
                   as_bytes(sealed.ct));
}

// RFC 9180 section 7.1.3.
TEST(HpkeTest, DerivesThePublishedKeyPairs) {
  const test::Vectors vectors("hpke-base.txt");
  const std::string ikm_r = vectors.bytes("ikm_r");
  const PrivateKey recipient = hpke_derive_key_pair(as_bytes(ikm_r)).value();
  EXPECT_EQ(hex(as_bytes(recipient.raw())), vectors.text("sk_r"));
  EXPECT_EQ(hex(recipient.public_key().raw()), vectors.text("pk_r"));
  const std::string ikm_e = vectors.bytes("ikm_e");
  const PrivateKey ephemeral = hpke_derive_key_pair(as_bytes(ikm_e)).value();
  EXPECT_EQ(hex(as_bytes(ephemeral.raw())), vectors.text("sk_e"));
  EXPECT_FALSE(hpke_derive_key_pair(as_bytes(ikm_e).first(31)).has_value());
}

// RFC 9180 sections 5.1 and 5.2: the key, and the nonces of the first sequence numbers.
TEST(HpkeTest, SchedulesThePublishedKeyAndNonces) {
  const test::Vectors vectors("hpke-base.txt");
  const std::string shared_secret = vectors.bytes("shared_secret");
  const std::string info = vectors.bytes("info");
  const HpkeKeySchedule schedule = hpke_key_schedule(as_bytes(shared_secret), as_bytes(info));
  EXPECT_EQ(hex(as_bytes(schedule.key)), vectors.text("key"));
  EXPECT_EQ(hex(as_bytes(schedule.base_nonce)), vectors.text("base_nonce"));
  for (int sequence = 0; sequence <= 9; ++sequence) {
    std::string nonce = schedule.base_nonce;
    nonce.back() = static_cast<char>(nonce.back() ^ sequence);
    const std::string aad = "Count-" + std::to_string(sequence);
    const std::string plaintext = vectors.bytes("plaintext");
    EXPECT_EQ(
        aes256gcm_seal(as_bytes(schedule.key), as_bytes(nonce), as_bytes(aad), as_bytes(plaintext))
            .value(),
        vectors.bytes("ct" + std::to_string(sequence)));
  }
}

TEST(HpkeTest, SealsAndOpensThePublishedMessage) {
  const test::Vectors vectors("hpke-base.txt");
  const std::string sk_r = vectors.bytes("sk_r");
  const PrivateKey recipient = PrivateKey::from_seed(Algorithm::kX25519, as_bytes(sk_r)).value();
  const std::string info = vectors.bytes("info");
  const std::string plaintext = vectors.bytes("plaintext");
  const std::string ikm_e = vectors.bytes("ikm_e");
  const HpkeSealed sealed = hpke_seal(recipient.public_key(), as_bytes(info), as_bytes("Count-0"),
                                      as_bytes(plaintext), as_bytes(ikm_e))
                                .value();
  EXPECT_EQ(hex(as_bytes(sealed.enc)), vectors.text("enc"));
  EXPECT_EQ(hex(as_bytes(sealed.ct)), vectors.text("ct0"));
  EXPECT_EQ(open(recipient, sealed, info, "Count-0").value(), plaintext);
}

TEST(HpkeTest, AnyFlippedBitDoesNotOpen) {
  const PrivateKey recipient = sealing_key('r');
  const HpkeSealed sealed = seal(recipient);
  ASSERT_EQ(open(recipient, sealed).value(), "text");
  for (std::size_t bit = 0; bit < sealed.ct.size() * 8; ++bit) {
    HpkeSealed altered = sealed;
    altered.ct[bit / 8] = static_cast<char>(altered.ct[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(open(recipient, altered).error().code, ErrorCode::kSealBroken) << bit;
  }
  for (std::size_t bit = 0; bit < kHpkeEncBytes * 8; ++bit) {
    HpkeSealed altered = sealed;
    altered.enc[bit / 8] = static_cast<char>(altered.enc[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(open(recipient, altered).error().code,
              bit == 255 ? ErrorCode::kSealMalformed : ErrorCode::kSealBroken)
        << bit;  // X25519 would ignore bit 255, and the message would have two encodings.
  }
}

TEST(HpkeTest, AnotherRecipientInfoOrAadDoesNotOpen) {
  const PrivateKey recipient = sealing_key('r');
  const HpkeSealed sealed = seal(recipient);
  EXPECT_EQ(open(sealing_key('x'), sealed).error().code, ErrorCode::kSealBroken);
  EXPECT_EQ(open(recipient, sealed, "Info").error().code, ErrorCode::kSealBroken);
  EXPECT_EQ(open(recipient, sealed, "info", "").error().code, ErrorCode::kSealBroken);
}

TEST(HpkeTest, WrongLengthsAreMalformed) {
  const PrivateKey recipient = sealing_key('r');
  const HpkeSealed sealed = seal(recipient);
  for (std::size_t length = 0; length <= 40; ++length) {
    if (length != kHpkeEncBytes) {
      EXPECT_EQ(open(recipient, {std::string(length, 9), sealed.ct}).error().code,
                ErrorCode::kSealMalformed);
      EXPECT_EQ(hpke_seal(recipient.public_key(), {}, {}, {}, as_bytes(std::string(length, 's')))
                    .error()
                    .code,
                ErrorCode::kSealMalformed);
    }
  }
  for (std::size_t length = 0; length < kAeadTagBytes; ++length) {
    EXPECT_EQ(open(recipient, {sealed.enc, sealed.ct.substr(0, length)}).error().code,
              ErrorCode::kSealMalformed);
  }
}

// RFC 9180 section 7.1.4: the shared secret would be all zeroes, known to everybody.
TEST(HpkeTest, AnEncOfSmallOrderIsRefused) {
  const PrivateKey recipient = sealing_key('r');
  for (const std::string& u : test::Vectors("ed25519.txt").list("small_order_u")) {
    EXPECT_EQ(open(recipient, {u, std::string(20, 'c')}).error().code, ErrorCode::kSealMalformed);
  }
}

TEST(HpkeTest, AnEd25519KeyNeitherSealsNorOpens) {
  const PrivateKey key =
      PrivateKey::from_seed(Algorithm::kEd25519, as_bytes(std::string(32, 'k'))).value();
  EXPECT_EQ(hpke_seal(key.public_key(), {}, {}, {}, as_bytes(kSeed)).error().code,
            ErrorCode::kSealMalformed);
  EXPECT_EQ(open(key, seal(sealing_key('r'))).error().code, ErrorCode::kSealMalformed);
}

TEST(HpkeTest, TheSeedAloneDecidesTheCiphertext) {
  const PrivateKey recipient = sealing_key('r');
  EXPECT_EQ(seal(recipient).ct, seal(recipient).ct);
  EXPECT_NE(seal(recipient).ct, seal(recipient, std::string(32, 'f')).ct);
  EXPECT_NE(seal(recipient).ct, seal(sealing_key('q')).ct);
}

TEST(HpkeTest, EmptyTextsAndLongInfosComeBack) {
  const PrivateKey recipient = sealing_key('r');
  const std::string info(5000, 'i');
  const HpkeSealed sealed =
      hpke_seal(recipient.public_key(), as_bytes(info), {}, {}, as_bytes(kSeed)).value();
  EXPECT_EQ(sealed.ct.size(), kAeadTagBytes);
  EXPECT_EQ(open(recipient, sealed, info, "").value(), "");
}

}  // namespace
}  // namespace chancery::crypto
