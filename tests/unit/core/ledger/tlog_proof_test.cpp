#include "core/ledger/tlog_proof.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "core/crypto/signer.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"
#include "tests/unit/core/crypto/vectors.h"

namespace chancery::ledger {
namespace {

ErrorCode proof_refusal(const std::string& text) {
  const Result<TlogProof> proof = parse_tlog_proof(text);
  return proof.has_value() ? ErrorCode::kInternal : proof.error().code;  // kInternal: taken.
}

// Of the published entry 5 of 8, under the published checkpoint and cosignature.
class TlogProofTest : public testing::Test {
 protected:
  [[nodiscard]] WitnessPolicy policy(std::size_t quorum) const {
    const std::array logs = {NoteKey::parse(notes_.text("log_key")).value()};
    const std::array witnesses = {NoteKey::parse(notes_.text("cosigner_key")).value()};
    return WitnessPolicy::any_of(logs, witnesses, quorum).value();
  }

  [[nodiscard]] ErrorCode verification(const TlogProof& proof) const {
    const Result<WitnessedCheckpoint> verified = verify_tlog_proof(proof, leaf_, policy(1));
    return verified.has_value() ? ErrorCode::kInternal : verified.error().code;
  }

  const test::Vectors notes_{"notes.txt"};
  const test::Vectors tree_{"rfc6962-tree.txt"};
  const Hash leaf_ = tree_.hashes("leaf_hashes").at(5);
  const std::string signed_ = notes_.text("log_body") + "\n" + notes_.text("log_line");
  const TlogProof proof_{.extra = {},
                         .index = 5,
                         .path = tree_.hashes("inclusion_5_8"),
                         .checkpoint = signed_ + notes_.text("cosigner_line")};
  const std::string head_ =
      "c2sp.org/tlog-proof@v1\n"
      "index 5\n"
      "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
      "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
      "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n";
  const std::string hash_ = "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n";
};

TEST_F(TlogProofTest, OfThePublishedTreeVerifies) {
  const std::string text = head_ + "\n" + proof_.checkpoint;
  EXPECT_EQ(format_tlog_proof(proof_), text);
  const Result<TlogProof> parsed = parse_tlog_proof(text);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
  EXPECT_EQ(*parsed, proof_);
  const Result<WitnessedCheckpoint> verified = verify_tlog_proof(*parsed, leaf_, policy(1));
  ASSERT_TRUE(verified.has_value()) << verified.error().to_string();
  EXPECT_EQ(verified->checkpoint.checkpoint.size, 8U);
  EXPECT_EQ(verified->cosignatures,
            (std::vector<Cosignature>{{.witness = 0, .time_s = 1'700'000'000}}));
}

TEST_F(TlogProofTest, ComesBack) {
  TlogProof proof = proof_;
  proof.extra = std::string("\x00\xff\n extra", 9);
  const std::string text = format_tlog_proof(proof);
  EXPECT_EQ(text.substr(0, text.find("\nindex")), "c2sp.org/tlog-proof@v1\nextra AP8KIGV4dHJh");
  EXPECT_EQ(parse_tlog_proof(text).value(), proof);
  proof.index = 18'446'744'073'709'551'615U;
  EXPECT_EQ(parse_tlog_proof(format_tlog_proof(proof)).value(), proof);
  proof.index = 0;
  proof.path.clear();
  EXPECT_EQ(parse_tlog_proof(format_tlog_proof(proof)).value(), proof);
}

TEST_F(TlogProofTest, HasOneSpelling) {
  const std::string end = "\n" + signed_;
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  ASSERT_EQ(proof_refusal(head_ + end), ErrorCode::kInternal);
  ASSERT_EQ(proof_refusal(first + "extra QQ==\nindex 0\n" + end), ErrorCode::kInternal);
  const std::vector<std::string> no_proofs = {
      end,  // The first line.
      "index 5\n" + end,
      "c2sp.org/tlog-proof@v2\nindex 5\n" + end,
      "c2sp.org/tlog-proof@v1 \nindex 5\n" + end,
      "\n" + first + "index 5\n" + end,
      first + end,  // The index.
      first + hash_ + end,
      first + "index\n" + end,
      first + "index \n" + end,
      first + "index  5\n" + end,
      first + "index 05\n" + end,
      first + "index +5\n" + end,
      first + "index -5\n" + end,
      first + "index 5 \n" + end,
      first + "index 0x5\n" + end,
      first + "index 18446744073709551616\n" + end,
      first + "Index 5\n" + end,
      first + "index 5\nindex 5\n" + end,
      first + "index 5\r\n" + end,
      first + "extra \nindex 5\n" + end,  // Extra data.
      first + "extra\nindex 5\n" + end,
      first + "extra QQ\nindex 5\n" + end,
      first + "extra QR==\nindex 5\n" + end,
      first + "extra  QQ==\nindex 5\n" + end,
      first + "extra Q_==\nindex 5\n" + end,
      first + "extra QQ==\nextra QQ==\nindex 5\n" + end,
      first + "index 5\nextra QQ==\n" + end,
      first + "extra QQ==\n" + end,
      first + "index 5\n" + hash_.substr(0, 43) + "\n" + end,  // Hashes.
      first + "index 5\n" + hash_.substr(0, 42) + "d=\n" + end,
      first + "index 5\n" + hash_.substr(0, 40) + "\n" + end,
      first + "index 5\n" + hash_.substr(0, 44) + "AAAA\n" + end,
      first + "index 5\n " + hash_ + end,
      first + "index 5\n" + hash_.substr(0, 44) + " \n" + end,
      first + "index 5\nmore\n" + end,
      head_ + signed_,  // No empty line: the checkpoint is no hash.
  };
  for (const std::string& bad : no_proofs) {
    EXPECT_EQ(proof_refusal(bad), ErrorCode::kMalformed) << bad;
  }
  const std::vector<std::string> no_checkpoints = {
      head_ + "\n",  // The checkpoint.
      head_ + "\n" + end,
      head_ + end + "\n",
      head_ + "\n" + notes_.text("log_body"),
      head_ + "\n" + notes_.text("log_body") + "extension\n\n" + notes_.text("log_line"),
      head_ + "\n" + notes_.text("example_text") + "\n" + notes_.text("example_line"),
  };
  for (const std::string& bad : no_checkpoints) {
    EXPECT_EQ(proof_refusal(bad), ErrorCode::kBadCheckpoint) << bad;
  }
  const std::string whole = head_ + end;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(proof_refusal(whole.substr(0, length)), ErrorCode::kInternal) << length;
  }
}

TEST_F(TlogProofTest, HasAtMostSoMuchOfEach) {
  TlogProof proof = proof_;
  proof.extra = std::string(kTlogProofExtraBytesMax, 'e');
  proof.path.assign(kTlogProofPathMax, Hash{});
  proof.checkpoint = signed_;
  ASSERT_EQ(parse_tlog_proof(format_tlog_proof(proof)).value(), proof);
  proof.extra += 'e';
  EXPECT_EQ(proof_refusal(format_tlog_proof(proof)), ErrorCode::kLimitExceeded);
  proof.extra.clear();
  proof.path.emplace_back();
  EXPECT_EQ(proof_refusal(format_tlog_proof(proof)), ErrorCode::kLimitExceeded);
  std::string long_one = head_ + "\n" + signed_;
  long_one.append(kTlogProofBytesMax - long_one.size(), 'x');
  EXPECT_EQ(proof_refusal(long_one), ErrorCode::kBadCheckpoint);
  EXPECT_EQ(proof_refusal(long_one + 'x'), ErrorCode::kLimitExceeded);
}

TEST_F(TlogProofTest, ProvesOneLeafAtOneIndex) {
  ASSERT_EQ(verification(proof_), ErrorCode::kInternal);
  for (const std::uint64_t index : {0U, 4U, 6U, 8U, 13U}) {
    TlogProof other = proof_;
    other.index = index;
    EXPECT_EQ(verification(other), ErrorCode::kBadBatchPath) << index;
  }
  for (std::size_t i = 0; i < proof_.path.size(); ++i) {
    TlogProof altered = proof_;
    altered.path[i][31] ^= 1U;
    EXPECT_EQ(verification(altered), ErrorCode::kBadBatchPath);
    altered.path.erase(altered.path.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(verification(altered), ErrorCode::kBadBatchPath);
  }
  TlogProof longer = proof_;
  longer.path.emplace_back();
  EXPECT_EQ(verification(longer), ErrorCode::kBadBatchPath);
  const Result<WitnessedCheckpoint> of_another =
      verify_tlog_proof(proof_, tree_.hashes("leaf_hashes").at(4), policy(1));
  EXPECT_EQ(of_another.error().code, ErrorCode::kBadBatchPath);
}

TEST_F(TlogProofTest, NeedsTheLogAndItsWitnesses) {
  TlogProof alone = proof_;
  alone.checkpoint = signed_;
  EXPECT_EQ(verification(alone), ErrorCode::kSignatureMissing);
  EXPECT_TRUE(verify_tlog_proof(alone, leaf_, policy(0)).has_value());
  TlogProof unsigned_by_log = proof_;
  unsigned_by_log.checkpoint = notes_.text("log_body") + "\n" + notes_.text("cosigner_line");
  EXPECT_EQ(verification(unsigned_by_log), ErrorCode::kBadCheckpoint);
  TlogProof of_another_size = proof_;
  of_another_size.checkpoint.replace(proof_.checkpoint.find("\n8\n"), 3, "\n7\n");
  EXPECT_EQ(verification(of_another_size), ErrorCode::kBadCheckpoint);
  const std::array others = {NoteKey::parse(notes_.text("example_key")).value()};
  const WitnessPolicy other_log = WitnessPolicy::any_of(others, {}, 0).value();
  EXPECT_EQ(verify_tlog_proof(proof_, leaf_, other_log).error().code, ErrorCode::kBadCheckpoint);
}

// Nobody signed it: it is for the application to judge.
TEST_F(TlogProofTest, ExtraDataIsNotLookedAt) {
  TlogProof proof = proof_;
  proof.extra = "anything";
  EXPECT_EQ(verification(proof), ErrorCode::kInternal);
}

TEST_F(TlogProofTest, EveryLeafOfSmallTreesIsProved) {
  crypto::KeySigner signer(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(notes_.bytes("log_seed")))
          .value());
  const NoteKey log = NoteKey::parse(notes_.text("log_key")).value();
  std::vector<Hash> leaves;
  for (std::uint64_t size = 0; size <= 20; ++size) {
    std::string note =
        checkpoint_body({.origin = log.name, .size = size, .root = tree_root(leaves)});
    const std::string value = signer.sign(as_bytes(note)).value();
    note += "\n";
    note += note_signature_line(log, as_bytes(value));
    for (std::uint64_t i = 0; i < size; ++i) {
      const TlogProof proof{
          .extra = {}, .index = i, .path = inclusion_proof(leaves, i), .checkpoint = note};
      const TlogProof parsed = parse_tlog_proof(format_tlog_proof(proof)).value();
      EXPECT_TRUE(verify_tlog_proof(parsed, leaves[i], policy(0)).has_value()) << i << " " << size;
    }
    // There is no leaf at the size itself; in a log of nothing, none at all.
    const TlogProof beyond{.extra = {}, .index = size, .path = {}, .checkpoint = note};
    EXPECT_EQ(verify_tlog_proof(beyond, Hash{}, policy(0)).error().code, ErrorCode::kBadBatchPath);
    leaves.push_back(leaf_hash(u64_be(size)));
  }
}

}  // namespace
}  // namespace chancery::ledger
