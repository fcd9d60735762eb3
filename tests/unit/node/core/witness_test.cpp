#include "node/core/witness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/encoding.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"

namespace chancery::node {
namespace {

using test::must;

constexpr std::string_view kOrigin = "chancery.test/trial";

// A log whose batches end at each multiple of three, as this node followed it to size 12.
class WitnessTest : public testing::Test {
 protected:
  WitnessTest() {
    for (std::uint64_t i = 0; i < 20; ++i) {
      leaves_.push_back(ledger::leaf_hash(u64_be(i)));
    }
  }

  static std::vector<Hash> first(const std::vector<Hash>& leaves, std::uint64_t size) {
    return {leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(size)};
  }
  static std::string signed_head(const std::vector<Hash>& leaves, std::uint64_t size) {
    const std::vector<std::string> key = {"hub log 1"};
    return test::signed_checkpoint(kOrigin, size, ledger::tree_root(first(leaves, size)), key);
  }
  static std::string request(const std::vector<Hash>& leaves, std::uint64_t old_size,
                             std::uint64_t size) {
    return ledger::format_add_checkpoint(
        {.old_size = old_size,
         .proof = ledger::consistency_proof(first(leaves, size), old_size),
         .checkpoint = signed_head(leaves, size)});
  }

  [[nodiscard]] WitnessState cosigned_at(std::uint64_t size, std::uint64_t time_s = 100) const {
    return {.tree = {.size = size, .root = ledger::tree_root(first(leaves_, size))},
            .time_s = time_s};
  }
  [[nodiscard]] WitnessDecision judge(std::string_view request, const WitnessState& last) const {
    const WitnessView view{.origin = kOrigin,
                           .log_keys = std::span(&log_key_, 1),
                           .last = last,
                           .followed_size = 12,
                           .root_at = [this](std::uint64_t size) -> Result<std::optional<Hash>> {
                             if (size == 0 || size % 3 != 0) {
                               return std::optional<Hash>();
                             }
                             return std::optional(ledger::tree_root(first(leaves_, size)));
                           },
                           .now_s = now_s_};
    return must(judge_request(request, view));
  }

  std::vector<Hash> leaves_;
  ledger::NoteKey log_key_{.name = std::string(kOrigin), .key = test::signing_public("hub log 1")};
  std::uint64_t now_s_ = 1000;
};

// C-186
TEST_F(WitnessTest, CosignsWhatItHasFollowed) {
  const WitnessDecision decision = judge(request(leaves_, 3, 12), cosigned_at(3));
  ASSERT_EQ(decision.step, WitnessStep::kCosign);
  EXPECT_FALSE(decision.mismatch.has_value());
  EXPECT_EQ(decision.next, cosigned_at(12, 1000));

  const auto signer = test::key_signer("AM node 1 witness");
  const ledger::NoteKey key{.name = "chancery.test/trial/AM",
                            .type = ledger::kNoteCosignature,
                            .key = signer->public_key()};
  const WitnessAnswer answer =
      cosigned_answer(decision, key, as_bytes(must(signer->sign(as_bytes(decision.message)))));
  EXPECT_EQ(answer.status, 200U);
  const ledger::Note note = must(ledger::parse_note(signed_head(leaves_, 12) + answer.text));
  EXPECT_EQ(must(ledger::verify_cosignature(key, note.text, note.signatures.back())), 1000U);
}

TEST_F(WitnessTest, CosignsTheSameAgainWithANewTime) {
  const WitnessDecision decision = judge(request(leaves_, 12, 12), cosigned_at(12));
  EXPECT_EQ(decision.step, WitnessStep::kCosign);
  EXPECT_EQ(decision.next, cosigned_at(12, 1000));
}

TEST_F(WitnessTest, ALogOfNothingIsOneAsWell) {
  EXPECT_EQ(judge(request(leaves_, 0, 0), {}).step, WitnessStep::kCosign);
}

// C-186
TEST_F(WitnessTest, WhatItHasNotFollowedYetWaits) {
  EXPECT_EQ(judge(request(leaves_, 3, 15), cosigned_at(3)).step, WitnessStep::kWait);
}

// C-186: as the specification has it, whatever was followed.
TEST_F(WitnessTest, RefusesWithTheStatusOfTheSpecification) {
  for (const std::uint64_t size : {12U, 15U}) {
    const WitnessDecision other_size = judge(request(leaves_, 3, size), cosigned_at(6));
    EXPECT_EQ(other_size.step, WitnessStep::kRefuse);
    EXPECT_EQ(other_size.answer.status, 409U);
    EXPECT_EQ(other_size.answer.text, "6\n");
    EXPECT_FALSE(other_size.mismatch.has_value());
  }
  EXPECT_EQ(judge("nonsense", cosigned_at(6)).answer.status, 400U);
}

// C-186: the hub shows others a log that this node did not follow.
TEST_F(WitnessTest, AnotherLogGetsNoLineAndIsShownWithWhatTheHubSigned) {
  std::vector<Hash> other = leaves_;
  other[10] = other[11];
  // It grows from what was cosigned, by a proof that is good.
  const WitnessDecision fork = judge(request(other, 3, 12), cosigned_at(3));
  EXPECT_EQ(fork.step, WitnessStep::kRefuse);
  EXPECT_EQ(fork.answer.status, 422U);
  ASSERT_TRUE(fork.mismatch.has_value());
  EXPECT_EQ(fork.mismatch.value_or(Error{}).code, ErrorCode::kRootMismatch);
  EXPECT_EQ(fork.evidence, signed_head(other, 12));
  // Also where it does not.
  const WitnessDecision rewritten = judge(request(other, 12, 12), cosigned_at(12));
  EXPECT_EQ(rewritten.answer.status, 422U);
  EXPECT_EQ(rewritten.evidence, signed_head(other, 12));
}

// C-186
TEST_F(WitnessTest, ASizeWhereNoBatchEndedIsAnotherLog) {
  const WitnessDecision decision = judge(request(leaves_, 3, 11), cosigned_at(3));
  EXPECT_EQ(decision.step, WitnessStep::kRefuse);
  EXPECT_TRUE(decision.mismatch.has_value());
}

// What nobody signed proves nothing.
TEST_F(WitnessTest, WhatTheHubDidNotSignIsNoEvidence) {
  std::vector<Hash> other = leaves_;
  other[10] = other[11];
  const std::vector<std::string> stranger = {"BY node 1 witness"};
  const std::string forged = ledger::format_add_checkpoint(
      {.old_size = 12,
       .proof = {},
       .checkpoint =
           test::signed_checkpoint(kOrigin, 12, ledger::tree_root(first(other, 12)), stranger)});
  const WitnessDecision decision = judge(forged, cosigned_at(12));
  EXPECT_EQ(decision.answer.status, 403U);
  EXPECT_FALSE(decision.mismatch.has_value());
}

// C-186: times of a witness do not go back.
TEST_F(WitnessTest, WithAClockThatWentBackItWaitsForItsLastTime) {
  now_s_ = 99;
  const WitnessDecision early = judge(request(leaves_, 3, 12), cosigned_at(3));
  EXPECT_EQ(early.step, WitnessStep::kRefuse);
  EXPECT_EQ(early.answer.status, 503U);
  now_s_ = 100;
  EXPECT_EQ(judge(request(leaves_, 3, 12), cosigned_at(3)).step, WitnessStep::kCosign);
}

TEST_F(WitnessTest, AnErrorOfTheStoreComesBack) {
  const WitnessView view{.origin = kOrigin,
                         .log_keys = std::span(&log_key_, 1),
                         .last = cosigned_at(3),
                         .followed_size = 12,
                         .root_at = [](std::uint64_t) -> Result<std::optional<Hash>> {
                           return fail(ErrorCode::kStoreDamaged, "a batch");
                         },
                         .now_s = 1000};
  EXPECT_EQ(judge_request(request(leaves_, 3, 12), view).error().code, ErrorCode::kStoreDamaged);
}

}  // namespace
}  // namespace chancery::node
