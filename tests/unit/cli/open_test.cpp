#include "cli/open.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/crypto/signer.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/compose.h"
#include "core/exchange/kinds.h"
#include "core/exchange/seal.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

using crypto::Algorithm;
using crypto::PrivateKey;

const Hash this_exchange = crypto::sha256({as_bytes("an exchange")});

PrivateKey key(const std::string& name, Algorithm algorithm = Algorithm::kX25519) {
  return PrivateKey::from_seed(algorithm, crypto::sha256({as_bytes(name)})).value();
}

v1::Draft draft_of(std::string_view plaintext) {
  v1::Draft draft;
  draft.set_origin("TJ");
  draft.set_notice_id(make_uuid_v7(1'700'000'000'000, std::array<std::uint8_t, 10>{}));
  draft.set_kind("threat.alert");
  draft.set_status(v1::STATUS_ACTUAL);
  draft.set_precedence(v1::PRECEDENCE_FLASH);
  v1::Recipient& recipient = *draft.add_recipients();
  recipient.set_member("KZ");
  recipient.set_role(v1::RECIPIENT_ROLE_ACTION);
  draft.set_text_digest(to_string(exchange::text_digest(plaintext)));
  return draft;
}

std::string text_bytes() {
  return exchange::text_from_json("threat.alert", "A subject", "en", R"({"summary": "A secret"})")
      .value()
      .SerializeAsString();
}

std::string signed_envelope(const std::string& header, const std::string& body) {
  crypto::KeySigner signer(key("signing", Algorithm::kEd25519));
  const Hash d = exchange::envelope_hash(this_exchange, header, body);
  const exchange::BatchToSign batch(this_exchange, signer.public_key().id(), std::span(&d, 1));
  const std::string value = signer.sign(as_bytes(batch.message())).value();
  return exchange::envelope_bytes(header, body,
                                  exchange::signatures_bytes({batch.signature(0, value)}));
}

// Sealed to TJ and KZ.
std::string sealed_envelope() {
  const std::string plaintext =
      exchange::pad_text(std::string(exchange::kTextSaltBytes, 's'), text_bytes()).value();
  const std::string header = exchange::make_header(
      draft_of(plaintext).SerializeAsString(),
      {.salt = std::string(16, 'h'), .created_at_us = 1, .log_seen = std::nullopt});
  const std::vector<std::string> recipients = {"KZ"};
  const std::vector<crypto::PublicKey> keys = {key("TJ").public_key(), key("KZ").public_key()};
  const std::string random(exchange::SealGroup::random_bytes_needed(keys.size()), 'r');
  const auto group =
      exchange::SealGroup::make(exchange::seal_info(this_exchange, "TJ", recipients), keys, random);
  return signed_envelope(header, group->seal(header, plaintext).value());
}

OpenTrial trial_with(const PrivateKey& with) {
  const auto envelope = read_envelope(sealed_envelope(), this_exchange);
  EXPECT_TRUE(envelope.has_value()) << envelope.error().to_string();
  auto trial = try_open(*envelope, this_exchange, with);
  EXPECT_TRUE(trial.has_value()) << trial.error().to_string();
  return std::move(trial).value();
}

TEST(OpenTest, TheKeysOfRecipientAndOriginOpenIt) {
  for (const std::string name : {"KZ", "TJ"}) {
    const OpenTrial trial = trial_with(key(name));
    EXPECT_TRUE(trial.opened) << name;
    EXPECT_TRUE(trial.named) << name;
    EXPECT_EQ(trial.text.subject(), "A subject");
  }
}

TEST(OpenTest, AnyOtherKeyIsTriedOnEveryStanzaAndRefused) {
  const OpenTrial stranger = trial_with(key("AM"));
  EXPECT_FALSE(stranger.opened);
  EXPECT_FALSE(stranger.named);
  EXPECT_EQ(stranger.stanza_count, 2U);
  EXPECT_EQ(stranger.refused.code, ErrorCode::kSealBroken);
  const OpenTrial signing = trial_with(key("AM", Algorithm::kEd25519));
  EXPECT_FALSE(signing.opened);
  EXPECT_EQ(signing.stanza_count, 2U);
}

TEST(OpenTest, AKeyOpensByWhatItIsAndNotByTheNameOnTheStanza) {
  // The recipient's secret in the form of an Ed25519 key: the same 32 bytes, another key id.
  EXPECT_TRUE(trial_with(key("KZ", Algorithm::kEd25519)).opened);
}

TEST(OpenTest, InAnotherExchangeTheSameSealStaysShut) {
  const Hash other = crypto::sha256({as_bytes("another exchange")});
  const auto envelope = read_envelope(sealed_envelope(), other);
  ASSERT_TRUE(envelope.has_value());
  const auto trial = try_open(*envelope, other, key("KZ"));
  ASSERT_TRUE(trial.has_value());
  EXPECT_TRUE(trial->named);
  EXPECT_FALSE(trial->opened);
}

TEST(OpenTest, AClearEnvelopeIsNoTrial) {
  const std::string header = exchange::make_header(
      draft_of(text_bytes()).SerializeAsString(),
      {.salt = std::string(16, 'h'), .created_at_us = 1, .log_seen = std::nullopt});
  const auto envelope =
      read_envelope(signed_envelope(header, exchange::clear_body(text_bytes())), this_exchange);
  ASSERT_TRUE(envelope.has_value()) << envelope.error().to_string();
  const auto trial = try_open(*envelope, this_exchange, key("KZ"));
  ASSERT_FALSE(trial.has_value());
  EXPECT_EQ(trial.error().code, ErrorCode::kSealMalformed);
}

TEST(OpenTest, EnvelopesAreReadAsBytesAndInHexadecimal) {
  const std::string bytes = sealed_envelope();
  const auto raw = read_envelope(bytes, this_exchange);
  const auto digits = read_envelope(hex(as_bytes(bytes)) + "\n", this_exchange);
  ASSERT_TRUE(raw.has_value());
  ASSERT_TRUE(digits.has_value());
  EXPECT_EQ(raw->entry, digits->entry);
  EXPECT_FALSE(read_envelope(hex(as_bytes(bytes)).substr(2), this_exchange).has_value());
  EXPECT_FALSE(read_envelope("", this_exchange).has_value());
}

class OpenCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::write_file_new(options_.envelope, sealed_envelope(), 0600).has_value());
    options_.genesis = hex(this_exchange);
  }
  // Exit code, with what was printed in printed_.
  Result<int> run_with(const PrivateKey& with) {
    EXPECT_TRUE(os::replace_file(options_.key, with.to_pem(), 0600).has_value());
    return run();
  }
  Result<int> run() {
    Shared shared;
    shared.json = true;
    testing::internal::CaptureStdout();
    Result<int> code = run_open(options_, shared);
    printed_ = testing::internal::GetCapturedStdout();
    return code;
  }

  os::TemporaryFolder folder_;
  OpenOptions options_{.envelope = folder_ / "envelope", .key = folder_ / "key.pem", .genesis = ""};
  std::string printed_;
};

TEST_F(OpenCommandTest, ExitsZeroWithTheTextWhereItOpensAndOneWhereNot) {
  EXPECT_EQ(run_with(key("KZ")).value_or(-1), os::kExitDone);
  const auto opened = text::parse_json(printed_, 8);
  ASSERT_TRUE(opened.has_value()) << printed_;
  EXPECT_EQ((*opened)["content"].value("summary", ""), "A secret");
  EXPECT_EQ(run_with(key("BY")).value_or(-1), os::kExitFalse);
  const auto shut = text::parse_json(printed_, 8);
  ASSERT_TRUE(shut.has_value()) << printed_;
  EXPECT_FALSE(shut->value("opened", true));
  EXPECT_EQ(printed_.find("secret"), std::string::npos);
}

TEST_F(OpenCommandTest, AKeyFileThatOthersCanReadIsRefused) {
  ASSERT_TRUE(os::replace_file(options_.key, key("KZ").to_pem(), 0644).has_value());
  const auto code = run();
  ASSERT_FALSE(code.has_value());
  EXPECT_EQ(code.error().code, ErrorCode::kFilePermissions);
}

TEST_F(OpenCommandTest, AnExchangeHasToBeNamed) {
  options_.genesis.clear();
  const auto none = run_with(key("KZ"));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
  options_.genesis = "12";
  const auto bad = run_with(key("KZ"));
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace chancery::cli
