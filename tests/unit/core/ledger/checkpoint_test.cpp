#include "core/ledger/checkpoint.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "core/crypto/signer.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/tree.h"
#include "tests/unit/core/crypto/vectors.h"

namespace chancery::ledger {
namespace {

crypto::KeySigner signer_from(const std::string& seed) {
  return crypto::KeySigner(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(seed)).value());
}

// A checkpoint's note, signed by each key, with the seed beside it.
std::string signed_note(const std::string& body,
                        const std::vector<std::pair<NoteKey, std::string>>& keys) {
  std::string text = body + "\n";
  for (const auto& [key, seed] : keys) {
    crypto::KeySigner signer = signer_from(seed);
    text += note_signature_line(key, as_bytes(signer.sign(as_bytes(body)).value()));
  }
  return text;
}

TEST(CheckpointTest, OpensThePublishedCheckpoint) {
  const test::Vectors vectors("notes.txt");
  const NoteKey log = NoteKey::parse(vectors.text("log_key")).value();
  const std::string text =
      vectors.text("log_body") + "\n" + vectors.text("log_line") + vectors.text("cosigner_line");
  const Result<SignedCheckpoint> opened = open_checkpoint(text, log);
  ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
  EXPECT_EQ(opened->checkpoint.origin, "hub.example.org/log");
  EXPECT_EQ(opened->checkpoint.size, 8U);
  EXPECT_EQ(opened->checkpoint.root, test::Vectors("rfc6962-tree.txt").hashes("roots").back());
  EXPECT_EQ(format_note(opened->note), text);
  EXPECT_EQ(checkpoint_body(opened->checkpoint), vectors.text("log_body"));
}

TEST(CheckpointTest, BodiesComeBack) {
  for (const std::uint64_t size : {std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()}) {
    Checkpoint checkpoint{.origin = "hub.example.org/log", .size = size};
    checkpoint.root.fill(0xfb);
    EXPECT_EQ(parse_checkpoint_body(checkpoint_body(checkpoint)).value(), checkpoint);
  }
  const Checkpoint empty{.origin = "o", .size = 0, .root = tree_root({})};
  EXPECT_EQ(parse_checkpoint_body(checkpoint_body(empty)).value(), empty);
}

TEST(CheckpointTest, ABodyHasOneSpelling) {
  const std::string root = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";
  const std::string good = "origin\n8\n" + root + "\n";
  ASSERT_TRUE(parse_checkpoint_body(good).has_value());
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(parse_checkpoint_body(good.substr(0, length)).has_value()) << length;
  }
  const std::vector<std::string> bad = {
      good + "extension\n",
      good + "\n",
      good + "x",
      "\n8\n" + root + "\n",  // No origin.
      "ori\tgin\n8\n" + root + "\n",
      "ori\xffgin\n8\n" + root + "\n",
      "origin\n08\n" + root + "\n",  // Decimal in another spelling.
      "origin\n+8\n" + root + "\n",
      "origin\n-8\n" + root + "\n",
      "origin\n 8\n" + root + "\n",
      "origin\n8 \n" + root + "\n",
      "origin\n0x8\n" + root + "\n",
      "origin\n\n" + root + "\n",
      "origin\n18446744073709551616\n" + root + "\n",  // 2^64.
      "origin\n8\n" + root + "=\n",
      "origin\n8\n" + root.substr(0, 43) + "\n",
      "origin\n8\n" + root.substr(0, 42) + "h=\n",  // Bits after the end.
      "origin\n8\n" + root.substr(0, 40) + "\n",    // 30 bytes.
      "origin\n8\n" + root + "AAAA\n",
      "origin\n8\n\n",
      "origin\r\n8\r\n" + root + "\r\n",
  };
  for (const std::string& body : bad) {
    const Result<Checkpoint> checkpoint = parse_checkpoint_body(body);
    ASSERT_FALSE(checkpoint.has_value()) << body;
    EXPECT_EQ(checkpoint.error().code, ErrorCode::kBadCheckpoint);
  }
}

// c2sp.org/tlog-checkpoint and RFC 6962: the empty tree has the hash of nothing for a root.
TEST(CheckpointTest, SizeZeroHasTheRootOfNothing) {
  EXPECT_FALSE(parse_checkpoint_body("o\n0\n" + base64(Hash{}) + "\n").has_value());
  EXPECT_TRUE(parse_checkpoint_body("o\n0\n" + base64(tree_root({})) + "\n").has_value());
}

class OpenCheckpointTest : public testing::Test {
 protected:
  static NoteKey key(const std::string& name, const std::string& seed,
                     std::uint8_t type = kNoteEd25519) {
    return {.name = name, .type = type, .key = signer_from(seed).public_key()};
  }

  const std::string seed_ = std::string(32, 'l');
  const std::string other_seed_ = std::string(32, 'o');
  const NoteKey log_ = key("hub", seed_);
  const std::string body_ =
      checkpoint_body({.origin = "hub", .size = 3, .root = leaf_hash(as_bytes("x"))});
};

TEST_F(OpenCheckpointTest, RefusesWhatTheLogDidNotSign) {
  EXPECT_TRUE(open_checkpoint(signed_note(body_, {{log_, seed_}}), log_).has_value());
  EXPECT_FALSE(open_checkpoint(signed_note(body_, {{log_, other_seed_}}), log_).has_value());
  const NoteKey stranger = key("hub", other_seed_);
  EXPECT_FALSE(open_checkpoint(signed_note(body_, {{stranger, other_seed_}}), log_).has_value());
}

TEST_F(OpenCheckpointTest, RefusesAKeyWhoseNameIsNotTheOrigin) {
  const NoteKey named = key("hub2", seed_);
  EXPECT_EQ(open_checkpoint(signed_note(body_, {{named, seed_}}), named).error().code,
            ErrorCode::kBadCheckpoint);
}

TEST_F(OpenCheckpointTest, ACosignatureIsNotTheLogsSignature) {
  const NoteKey cosigner = key("hub", seed_, kNoteCosignature);
  crypto::KeySigner signer = signer_from(seed_);
  const std::string message = cosignature_message(1, body_);
  const std::string text =
      body_ + "\n" +
      cosignature_line(cosigner, 1, as_bytes(signer.sign(as_bytes(message)).value()));
  ASSERT_TRUE(verify_note(parse_note(text).value(), std::array{cosigner}).has_value());
  EXPECT_FALSE(open_checkpoint(text, cosigner).has_value());
}

// The checkpoint over a change of log key carries both signatures.
TEST_F(OpenCheckpointTest, OneOfSeveralLogKeysIsEnoughAndABadOneTooMany) {
  const std::vector<NoteKey> keys = {log_, key("hub", other_seed_)};
  EXPECT_TRUE(open_checkpoint(signed_note(body_, {{keys[1], other_seed_}}), keys).has_value());
  EXPECT_TRUE(open_checkpoint(signed_note(body_, {{keys[0], seed_}, {keys[1], other_seed_}}), keys)
                  .has_value());
  EXPECT_FALSE(
      open_checkpoint(signed_note(body_, {{keys[0], seed_}, {keys[1], seed_}}), keys).has_value());
  EXPECT_FALSE(
      open_checkpoint(signed_note(body_, {{log_, seed_}}), std::span<const NoteKey>()).has_value());
}

TEST_F(OpenCheckpointTest, RefusesExtensionLinesThoughSigned) {
  EXPECT_FALSE(open_checkpoint(signed_note(body_ + "more\n", {{log_, seed_}}), log_).has_value());
}

}  // namespace
}  // namespace chancery::ledger
