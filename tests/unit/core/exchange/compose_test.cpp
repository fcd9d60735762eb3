#include "core/exchange/compose.h"

#include <gtest/gtest.h>

#include <string>

#include "core/exchange/envelope.h"
#include "core/exchange/policy.h"
#include "core/exchange/strict.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::outcome;
using test::TestExchange;

// A signer whose token was pulled out.
class BrokenSigner final : public crypto::Signer {
 public:
  [[nodiscard]] const crypto::PublicKey& public_key() const override { return key_; }
  [[nodiscard]] Result<std::string> sign(Bytes /*message*/) override {
    return fail(ErrorCode::kSigningFailed, "no token");
  }

 private:
  crypto::PublicKey key_ = test::signing_public("a token");
};

// C-10: what is made here is read there.
TEST(ComposeTest, WhatIsMadeParsesStrictly) {
  const std::string header = make_header(
      "draft",
      {.salt = std::string(16, 's'), .created_at_us = 7, .log_seen = tree_head(3, Hash{1})});
  const Result<v1::Header> parsed = parse_wire<v1::Header>(header);
  ASSERT_EQ(outcome(parsed), "good");
  EXPECT_EQ(parsed->version(), 1U);
  EXPECT_EQ(parsed->draft(), "draft");
  EXPECT_EQ(parsed->salt(), std::string(16, 's'));
  EXPECT_EQ(parsed->created_at_us(), 7U);
  EXPECT_EQ(parsed->log_seen().size(), 3U);
  EXPECT_EQ(parsed->log_seen().root(), to_string(Hash{1}));

  const Result<v1::Body> body = parse_wire<v1::Body>(clear_body("text"));
  ASSERT_EQ(outcome(body), "good");
  EXPECT_EQ(body->clear(), "text");
  EXPECT_EQ(outcome(parse_wire<v1::Body>(clear_body(""))), "good");
}

TEST(ComposeTest, AHeaderWithoutLogSeenHasNone) {
  const std::string header =
      make_header("draft", {.salt = std::string(16, 's'), .created_at_us = 7, .log_seen = {}});
  EXPECT_FALSE(test::must(parse_wire<v1::Header>(header)).has_log_seen());
}

// C-41
TEST(ComposeTest, SignaturesAscendByKeyId) {
  std::vector<v1::Signature> signatures(3);
  signatures[0].set_key_id("b");
  signatures[1].set_key_id("\xff");
  signatures[2].set_key_id("a");
  const v1::Signatures all = test::must(parse_wire<v1::Signatures>(signatures_bytes(signatures)));
  ASSERT_EQ(all.signatures_size(), 3);
  EXPECT_EQ(all.signatures(0).key_id(), "a");
  EXPECT_EQ(all.signatures(1).key_id(), "b");
  EXPECT_EQ(all.signatures(2).key_id(), "\xff");  // Bytes are unsigned.
}

// The same input gives the same bytes: a ceremony can be repeated and compared.
TEST(ComposeTest, TheSameCallsMakeTheSameExchange) {
  EXPECT_EQ(TestExchange().founding_entries(), TestExchange().founding_entries());
  EXPECT_NE(TestExchange().genesis(), TestExchange({.name = "another"}).genesis());
}

TEST(EntryProposalTest, AFirstRosterMakesItsOwnGenesis) {
  v1::DirectoryEntry entry = test::roster_entry(test::founding_roster({}));
  entry.set_slot("roster");
  const Stamp stamp{.salt = std::string(16, 's'), .created_at_us = 1, .log_seen = {}};
  const EntryProposal first(entry, "AM", test::seeded_uuid("x", 1), stamp, std::nullopt);
  EXPECT_EQ(genesis_of(first.envelope()).value(), first.genesis());
  const EntryProposal later(entry, "AM", test::seeded_uuid("x", 1), stamp, Hash{9});
  EXPECT_EQ(later.genesis(), Hash{9});
  EXPECT_NE(first.d(), later.d());
}

TEST(EntryProposalTest, ASignerThatFailsLeavesTheProposalAsItWas) {
  v1::DirectoryEntry entry = test::state_entry("minimize", "priority");
  entry.set_slot("state/minimize");
  EntryProposal proposal(entry, "KZ", test::seeded_uuid("x", 1),
                         {.salt = std::string(16, 's'), .created_at_us = 1, .log_seen = {}},
                         Hash{9});
  const std::string before = proposal.envelope();
  BrokenSigner broken;
  EXPECT_EQ(outcome(proposal.sign(broken)), "signing-failed");
  EXPECT_EQ(proposal.envelope(), before);
  test::must(proposal.sign(*test::key_signer("KZ authority")));
  EXPECT_EQ(test::must(parse_envelope(proposal.envelope(), Hash{9})).signatures.size(), 1U);
}

}  // namespace
}  // namespace chancery::exchange
