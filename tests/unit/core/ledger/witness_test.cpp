#include "core/ledger/witness.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/signer.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kOrigin = "hub.example.org/log";

crypto::KeySigner signer_of(char fill) {
  return crypto::KeySigner(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(std::string(32, fill)))
          .value());
}

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() {
    for (std::uint64_t i = 0; i < kLeaves; ++i) {
      leaves_.push_back(leaf_hash(as_bytes(std::to_string(i))));
    }
  }

  [[nodiscard]] std::span<const Hash> first(std::uint64_t size) const {
    return std::span(leaves_).first(size);
  }
  [[nodiscard]] WitnessedTree tree(std::uint64_t size) const {
    return {.size = size, .root = size == 0 ? Hash{} : tree_root(first(size))};
  }
  [[nodiscard]] Checkpoint checkpoint(std::uint64_t size) const {
    return {.origin = std::string(kOrigin), .size = size, .root = tree_root(first(size))};
  }

  static std::string signed_by(char fill, const Checkpoint& checkpoint) {
    crypto::KeySigner signer = signer_of(fill);
    const NoteKey key{.name = checkpoint.origin, .key = signer.public_key()};
    const std::string body = checkpoint_body(checkpoint);
    return body + "\n" + note_signature_line(key, as_bytes(signer.sign(as_bytes(body)).value()));
  }

  [[nodiscard]] AddCheckpoint growth(std::uint64_t old_size, std::uint64_t size) const {
    return {.old_size = old_size,
            .proof = consistency_proof(first(size), old_size),
            .checkpoint = signed_by('l', checkpoint(size))};
  }

  [[nodiscard]] WitnessVerdict judge(const std::string& request, const WitnessedTree& last) const {
    return judge_add_checkpoint(request, kOrigin, std::span(&log_key_, 1), last);
  }
  [[nodiscard]] WitnessVerdict judge(const AddCheckpoint& request,
                                     const WitnessedTree& last) const {
    return judge(format_add_checkpoint(request), last);
  }

  // What it was about, where the log signed it.
  static Checkpoint about(const WitnessVerdict& verdict) {
    return verdict.checkpoint.has_value() ? verdict.checkpoint->checkpoint : Checkpoint{};
  }

  static constexpr std::uint64_t kLeaves = 70;
  std::vector<Hash> leaves_;
  NoteKey log_key_{.name = std::string(kOrigin), .key = signer_of('l').public_key()};
};

TEST_F(WitnessTest, CosignsWhateverGrowsFromWhatItCosignedLast) {
  for (const std::uint64_t old_size : {0U, 1U, 2U, 7U, 8U, 63U, 64U}) {
    for (std::uint64_t size = old_size; size <= kLeaves; ++size) {
      const WitnessVerdict verdict = judge(growth(old_size, size), tree(old_size));
      ASSERT_EQ(verdict.status, WitnessStatus::kOk) << old_size << " " << size << verdict.text;
      EXPECT_EQ(verdict.next().size, size);
      EXPECT_EQ(verdict.next().root, tree_root(first(size)));
      EXPECT_EQ(verdict.text, "");
    }
  }
}

// The table of the specification, each row where those before it do not apply.
TEST_F(WitnessTest, RefusesInTheOrderOfTheSpecification) {
  const AddCheckpoint good = growth(3, 8);
  ASSERT_TRUE(judge(good, tree(3)).is_ok());

  AddCheckpoint other_log = good;
  other_log.checkpoint = signed_by('x', {.origin = "other", .size = 2, .root = {}});
  EXPECT_EQ(judge(other_log, tree(1)).status, WitnessStatus::kUnknownOrigin);

  AddCheckpoint stranger = good;
  stranger.checkpoint = signed_by('x', checkpoint(2));
  EXPECT_EQ(judge(stranger, tree(1)).status, WitnessStatus::kNotSigned);
  EXPECT_FALSE(judge(stranger, tree(1)).checkpoint.has_value());

  AddCheckpoint smaller = good;
  smaller.checkpoint = signed_by('l', checkpoint(2));
  EXPECT_EQ(judge(smaller, tree(1)).status, WitnessStatus::kMalformed);
  EXPECT_TRUE(judge(smaller, tree(1)).checkpoint.has_value()) << "what the log signed is evidence";

  AddCheckpoint beside = good;
  beside.proof.clear();
  const WitnessVerdict conflict = judge(beside, tree(5));
  EXPECT_EQ(conflict.status, WitnessStatus::kOtherSize);
  EXPECT_EQ(conflict.text, "5\n");
  EXPECT_EQ(judge(good, tree(0)).text, "0\n");

  EXPECT_EQ(judge(beside, tree(3)).status, WitnessStatus::kNotConsistent);
  EXPECT_EQ(about(judge(beside, tree(3))), checkpoint(8));
}

TEST_F(WitnessTest, ATreeOfNothingHasTheRootOfNothing) {
  AddCheckpoint empty = growth(0, 0);
  EXPECT_TRUE(judge(empty, tree(0)).is_ok());
  empty.checkpoint =
      signed_by('l', {.origin = std::string(kOrigin), .size = 0, .root = leaf_hash(Bytes())});
  EXPECT_EQ(judge(empty, tree(0)).status, WitnessStatus::kNotConsistent);
}

TEST_F(WitnessTest, WhatBeginsWithNothingHasNoProof) {
  AddCheckpoint request = growth(0, 5);
  request.proof.push_back(leaves_[0]);
  EXPECT_EQ(judge(request, tree(0)).status, WitnessStatus::kNotConsistent);
}

TEST_F(WitnessTest, TheSameTreeIsCosignedAgainAndAnotherOfItsSizeIsAFork) {
  EXPECT_TRUE(judge(growth(8, 8), tree(8)).is_ok());
  AddCheckpoint fork{.old_size = 8, .proof = {}, .checkpoint = {}};
  fork.checkpoint = signed_by('l', {.origin = std::string(kOrigin), .size = 8, .root = leaves_[0]});
  const WitnessVerdict verdict = judge(fork, tree(8));
  EXPECT_EQ(verdict.status, WitnessStatus::kNotConsistent);
  EXPECT_EQ(about(verdict).root, leaves_[0]);
}

TEST_F(WitnessTest, ARewrittenTreeIsNoGrowth) {
  std::vector<Hash> rewritten = leaves_;
  rewritten[2] = rewritten[1];
  const AddCheckpoint request{
      .old_size = 8,
      .proof = consistency_proof(rewritten, 8),
      .checkpoint = signed_by(
          'l', {.origin = std::string(kOrigin), .size = kLeaves, .root = tree_root(rewritten)})};
  EXPECT_EQ(judge(request, tree(8)).status, WitnessStatus::kNotConsistent);
}

TEST_F(WitnessTest, OneSpellingOfARequest) {
  const std::string good = format_add_checkpoint(growth(3, 8));
  EXPECT_EQ(parse_add_checkpoint(good).value(), growth(3, 8));
  const std::size_t proof_at = good.find('\n') + 1;
  const std::string proof = good.substr(proof_at, good.find("\n\n") - proof_at + 1);
  const std::string note = growth(3, 8).checkpoint;
  const auto with = [&](const std::string& old, const std::string& hashes) {
    return old + hashes + "\n" + note;
  };
  ASSERT_EQ(with("old 3\n", proof), good);
  const std::string hash = proof.substr(0, 44);
  for (const std::string& bad :
       {with("old 03\n", proof), with("old +3\n", proof), with("old\n", proof),
        with("Old 3\n", proof), with("old  3\n", proof), with("old 3 \n", proof),
        with("old 18446744073709551616\n", proof), with("", proof), with("old 3\n", "\n" + proof),
        with("old 3\n", hash + " \n"), with("old 3\n", hash.substr(0, 43) + "\n"),
        with("old 3\n", hash.substr(0, 42) + "h=\n"), with("old 3\n", "AAAA\n"),
        with("old 3\n", hash + "\r\n"), std::string("old 3\n").append(proof).append(note),
        std::string("old 3"), std::string(),
        with("old 3\n", proof).substr(0, proof_at + proof.size())}) {
    EXPECT_EQ(judge(bad, tree(3)).status, WitnessStatus::kMalformed) << bad;
  }
}

TEST_F(WitnessTest, ARequestHasAtMostSoManyHashesAndBytes) {
  AddCheckpoint request = growth(3, 8);
  request.proof.assign(kAddCheckpointHashesMax, leaves_[0]);
  EXPECT_TRUE(parse_add_checkpoint(format_add_checkpoint(request)).has_value());
  request.proof.push_back(leaves_[0]);
  EXPECT_FALSE(parse_add_checkpoint(format_add_checkpoint(request)).has_value());
  request.proof.clear();
  request.checkpoint.resize(kAddCheckpointBytesMax - std::string("old 3\n\n").size(), 'x');
  EXPECT_TRUE(parse_add_checkpoint(format_add_checkpoint(request)).has_value());
  request.checkpoint += 'x';
  EXPECT_FALSE(parse_add_checkpoint(format_add_checkpoint(request)).has_value());
}

TEST_F(WitnessTest, LinesOfOthersInTheCheckpointArePassedOver) {
  const crypto::KeySigner stranger = signer_of('w');
  const NoteKey key{.name = "witness", .type = kNoteCosignature, .key = stranger.public_key()};
  AddCheckpoint request = growth(3, 8);
  request.checkpoint += note_signature_line(key, as_bytes(std::string(72, 's')));
  EXPECT_TRUE(judge(request, tree(3)).is_ok());
}

}  // namespace
}  // namespace chancery::ledger
