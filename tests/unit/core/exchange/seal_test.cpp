#include "core/exchange/seal.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/hpke.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::exchange {
namespace {

using ledger::reference::hash_of;
using test::agreement_private;
using test::agreement_public;
using test::kGenesis;
using test::outcome;

const std::string salt_of_text(kTextSaltBytes, 's');

// C-55
TEST(SizeClassTest, AreThePowersOfTwoTo4KiBAndThenEighths) {
  constexpr std::array<std::pair<std::size_t, std::size_t>, 22> kTable = {{
      {1, 1},           {36, 64},          {63, 64},       {64, 64},         {65, 128},
      {129, 256},       {1025, 2048},      {2049, 4096},   {4095, 4096},     {4096, 4096},
      {4097, 4608},     {4608, 4608},      {4609, 5120},   {8191, 8192},     {8192, 8192},
      {8193, 9216},     {16385, 18432},    {65537, 73728}, {524289, 589824}, {917504, 917504},
      {917505, 983040}, {983041, 1048576},
  }};
  for (const auto& [bytes, expected] : kTable) {
    EXPECT_EQ(size_class(bytes), expected) << bytes;
  }
}

TEST(SizeClassTest, AreNeverSmallerAndWasteAtMostAnEighthAbove4KiB) {
  for (std::size_t bytes = 1; bytes < 70'000; ++bytes) {
    const std::size_t padded = size_class(bytes);
    ASSERT_GE(padded, bytes);
    ASSERT_EQ(size_class(padded), padded) << bytes;
    if (bytes > 4096) {
      ASSERT_LT((padded - bytes) * 8, bytes) << bytes;
    }
  }
}

// C-54
TEST(PadTextTest, FollowsItsLayout) {
  const std::string plaintext = test::must(pad_text(salt_of_text, "hello"));
  EXPECT_EQ(plaintext, salt_of_text + std::string("\0\0\0\5", 4) + "hello" + std::string(23, '\0'));
}

TEST(PadTextTest, EveryTextComesBack) {
  for (const std::size_t length : {0U, 1U, 27U, 28U, 29U, 4060U, 4061U, 100'000U}) {
    const std::string text(length, 't');
    EXPECT_EQ(unpad_text(test::must(pad_text(salt_of_text, text))).value(), text) << length;
  }
}

// C-24
TEST(PadTextTest, ATextHasItsLimit) {
  const Result<std::string> largest = pad_text(salt_of_text, std::string(kTextBytesMax, 't'));
  EXPECT_EQ(outcome(largest), "good");
  EXPECT_EQ(unpad_text(*largest).value().size(), kTextBytesMax);
  EXPECT_EQ(outcome(pad_text(salt_of_text, std::string(kTextBytesMax + 1, 't'))), "limit-exceeded");
}

// C-54: exactly what pad_text makes, so that two paddings of one text are not two texts.
TEST(UnpadTextTest, RefusesEveryOtherPadding) {
  const std::string good = test::must(pad_text(salt_of_text, "hello"));
  for (std::size_t i = kTextPrefixBytes + 5; i < good.size(); ++i) {
    std::string altered = good;
    altered[i] = '\1';
    EXPECT_EQ(outcome(unpad_text(altered)), "seal-malformed") << i;
  }
  EXPECT_EQ(outcome(unpad_text(good + std::string(64, '\0'))), "seal-malformed");
  EXPECT_EQ(outcome(unpad_text(good.substr(0, 41))), "seal-malformed");
  EXPECT_EQ(outcome(unpad_text(good.substr(0, 35))), "seal-malformed");
  EXPECT_EQ(outcome(unpad_text("")), "seal-malformed");
  std::string longer = good;
  longer[kTextSaltBytes + 3] = '\x1d';  // One more than there is.
  EXPECT_EQ(outcome(unpad_text(longer)), "seal-malformed");
  longer[kTextSaltBytes] = '\xff';
  EXPECT_EQ(outcome(unpad_text(longer)), "seal-malformed");
}

// C-51
TEST(SealInfoTest, FollowsItsLayout) {
  const std::vector<std::string> recipients = {"BY", "SEC"};
  const std::string expected = std::string("chancery/v1 seal\0", 17) + to_string(kGenesis) + "\2" +
                               "AM" + to_string(hash_of(std::string("\2BY\3SEC")));
  EXPECT_EQ(seal_info(kGenesis, "AM", recipients), expected);
}

TEST(SealInfoTest, NoTwoSetsOfRecipientsShareOne) {
  const std::vector<std::string> joined = {"BYRU"};
  const std::vector<std::string> apart = {"BY", "RU"};
  EXPECT_NE(seal_info(kGenesis, "AM", joined), seal_info(kGenesis, "AM", apart));
}

class SealTest : public testing::Test {
 protected:
  SealTest() {
    keys_.push_back(agreement_public("AM"));
    keys_.push_back(agreement_public("BY"));
  }
  SealGroup group() {
    return test::must(SealGroup::make(seal_info(kGenesis, "AM", recipients_), keys_,
                                      test::seeded_bytes("random", 96)));
  }
  v1::SealedBody seal(const std::string& header, const std::string& plaintext) {
    v1::Body body;
    EXPECT_TRUE(body.ParseFromString(test::must(group().seal(header, plaintext))));
    return body.sealed();
  }
  static Opener opener(std::string_view name, std::size_t cache_count_max = 256) {
    std::vector<crypto::PrivateKey> keys;
    keys.push_back(agreement_private("an older key of " + std::string(name)));
    keys.push_back(agreement_private(name));
    return Opener(std::move(keys), cache_count_max);
  }
  std::string open(Opener& opener, const v1::SealedBody& sealed,
                   const std::string& header = "header") {
    return outcome(opener.open(kGenesis, "AM", recipients_, header, sealed, digest_));
  }

  std::vector<std::string> recipients_ = {"BY"};
  std::vector<crypto::PublicKey> keys_;
  std::string plaintext_ = test::must(pad_text(salt_of_text, "a secret text"));
  std::string digest_ = to_string(text_digest(plaintext_));
};

// C-50
TEST_F(SealTest, OriginAndRecipientsOpenIt) {
  const v1::SealedBody sealed = seal("header", plaintext_);
  for (const char* const name : {"AM", "BY"}) {
    Opener opens = opener(name);
    const Result<std::string> plaintext =
        opens.open(kGenesis, "AM", recipients_, "header", sealed, digest_);
    ASSERT_EQ(outcome(plaintext), "good") << name;
    EXPECT_EQ(*plaintext, plaintext_);
  }
}

TEST_F(SealTest, SomebodyElseHasNoStanza) {
  Opener other = opener("RU");
  EXPECT_EQ(open(other, seal("header", plaintext_)), "unknown-key");
}

// C-52, C-53: by the primitives alone, as a second implementation would.
TEST_F(SealTest, OpensByTheLayoutsAlone) {
  const v1::SealedBody sealed = seal("header", plaintext_);
  ASSERT_EQ(sealed.stanzas_size(), 2);
  EXPECT_LT(sealed.stanzas(0).key_id(), sealed.stanzas(1).key_id());
  const crypto::PrivateKey mine = agreement_private("BY");
  const v1::Stanza& stanza =
      sealed.stanzas(as_view(mine.public_key().id()) == sealed.stanzas(0).key_id() ? 0 : 1);
  const std::string info = seal_info(kGenesis, "AM", recipients_);
  const std::string content_key = test::must(
      crypto::hpke_open(mine, as_bytes(stanza.enc()), as_bytes(info), {}, as_bytes(stanza.ct())));
  EXPECT_EQ(content_key.size(), 32U);
  const std::string label =
      std::string("chancery/v1 notice key\0", 23) + to_string(hash_of("header"));
  const std::string key = crypto::hkdf_expand(as_bytes(content_key), as_bytes(label), 32);
  const std::array<std::uint8_t, 12> nonce{};
  EXPECT_EQ(crypto::aes256gcm_open(as_bytes(key), nonce, {}, as_bytes(sealed.ciphertext())).value(),
            plaintext_);
}

// C-53: one content key, another key for each header, so one nonce serves all.
TEST_F(SealTest, NoticesOfABatchShareStanzasAndNoKey) {
  const SealGroup shared = group();
  v1::Body first;
  v1::Body second;
  ASSERT_TRUE(first.ParseFromString(test::must(shared.seal("header 1", plaintext_))));
  ASSERT_TRUE(second.ParseFromString(test::must(shared.seal("header 2", plaintext_))));
  EXPECT_EQ(first.sealed().stanzas(0).ct(), second.sealed().stanzas(0).ct());
  EXPECT_NE(first.sealed().ciphertext(), second.sealed().ciphertext());
  Opener opens = opener("BY");
  EXPECT_EQ(open(opens, first.sealed(), "header 1"), "good");
  EXPECT_EQ(open(opens, second.sealed(), "header 2"), "good");
  EXPECT_EQ(open(opens, second.sealed(), "header 1"), "seal-broken");
}

// C-51: the seal is bound to exchange, origin, recipients and header.
TEST_F(SealTest, OpensInItsOwnPlaceOnly) {
  const v1::SealedBody sealed = seal("header", plaintext_);
  Opener opens = opener("BY");
  const std::vector<std::string> others = {"BY", "RU"};
  ASSERT_EQ(open(opens, sealed), "good");  // Now the content key is remembered.
  EXPECT_EQ(outcome(opens.open(Hash{'h'}, "AM", recipients_, "header", sealed, digest_)),
            "seal-broken");
  EXPECT_EQ(outcome(opens.open(kGenesis, "KZ", recipients_, "header", sealed, digest_)),
            "seal-broken");
  EXPECT_EQ(outcome(opens.open(kGenesis, "AM", others, "header", sealed, digest_)), "seal-broken");
  EXPECT_EQ(open(opens, sealed, "another header"), "seal-broken");
}

// C-52
TEST_F(SealTest, AnAlteredStanzaOrCiphertextDoesNotOpen) {
  const v1::SealedBody good = seal("header", plaintext_);
  const auto refused = [&](const v1::SealedBody& sealed) {
    Opener opens = opener("BY");
    return open(opens, sealed);
  };
  for (int s = 0; s < good.stanzas_size(); ++s) {
    if (good.stanzas(s).key_id() != as_view(agreement_public("BY").id())) {
      continue;
    }
    for (std::size_t i = 0; i < 48; ++i) {
      v1::SealedBody altered = good;
      (*altered.mutable_stanzas(s)->mutable_ct())[i] ^= 1;
      EXPECT_EQ(refused(altered), "seal-broken") << i;
    }
    for (std::size_t i = 0; i < 32; ++i) {
      v1::SealedBody altered = good;
      (*altered.mutable_stanzas(s)->mutable_enc())[i] ^= 1;
      EXPECT_NE(refused(altered), "good") << i;
      altered = good;
      (*altered.mutable_stanzas(s)->mutable_key_id())[i] ^= 1;
      EXPECT_EQ(refused(altered), "unknown-key") << i;
    }
    v1::SealedBody cut = good;
    cut.mutable_stanzas(s)->mutable_ct()->pop_back();
    EXPECT_NE(refused(cut), "good");
    cut = good;
    cut.mutable_stanzas(s)->mutable_enc()->pop_back();
    EXPECT_EQ(refused(cut), "seal-malformed");
  }
  for (std::size_t i = 0; i < good.ciphertext().size(); ++i) {
    v1::SealedBody altered = good;
    (*altered.mutable_ciphertext())[i] ^= 1;
    EXPECT_EQ(refused(altered), "seal-broken") << i;
    altered.set_ciphertext(good.ciphertext().substr(0, i));
    EXPECT_NE(refused(altered), "good") << i;
  }
}

// C-56
TEST_F(SealTest, AnotherTextThanTheDraftNamesIsRefused) {
  const std::string other = test::must(pad_text(salt_of_text, "another text"));
  Opener opens = opener("BY");
  EXPECT_EQ(open(opens, seal("header", other)), "text-digest-mismatch");
}

// A full cache forgets and works on.
TEST_F(SealTest, TheCacheOfContentKeysIsBounded) {
  Opener opens = opener("BY", 2);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) {
      const SealGroup one =
          test::must(SealGroup::make(seal_info(kGenesis, "AM", recipients_), keys_,
                                     test::seeded_bytes("random " + std::to_string(i), 96)));
      v1::Body body;
      ASSERT_TRUE(body.ParseFromString(test::must(one.seal("header", plaintext_))));
      EXPECT_EQ(open(opens, body.sealed()), "good") << i;
    }
  }
}

// C-20
TEST_F(SealTest, ABodyOverItsLimitIsNotMade) {
  EXPECT_EQ(outcome(group().seal("header", std::string(kBodyBytesMax, 'x'))), "limit-exceeded");
}

// C-24: the largest text fits a body with 64 stanzas.
TEST_F(SealTest, TheLargestTextFitsWith64Stanzas) {
  keys_.clear();
  for (int i = 0; i < 64; ++i) {
    keys_.push_back(agreement_public("node " + std::to_string(i)));
  }
  const SealGroup large =
      test::must(SealGroup::make(seal_info(kGenesis, "AM", recipients_), keys_,
                                 test::seeded_bytes("r", SealGroup::random_bytes_needed(64))));
  const std::string plaintext = test::must(pad_text(salt_of_text, std::string(kTextBytesMax, 't')));
  EXPECT_EQ(outcome(large.seal("header", plaintext)), "good");
}

}  // namespace
}  // namespace chancery::exchange
