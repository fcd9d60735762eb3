#include "broker/core/rounds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/ledger/cosignature.h"
#include "core/ledger/proof.h"
#include "core/ledger/witness.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"
#include "tests/unit/broker/support.h"

namespace chancery::broker {
namespace {

using std::chrono::milliseconds;
using test::must;

// Six members' witnesses, as ledger::judge_add_checkpoint() has them, and a log that they follow.
class RoundsTest : public testing::Test {
 protected:
  RoundsTest() {
    for (const char* const member : {"AM", "BY", "KG", "KZ", "RU", "TJ"}) {
      there_.insert(name(member));
      members_[name(member)] = member;
    }
    grow(10);
  }

  [[nodiscard]] std::string origin() const { return exchange_.roster().hub().origin_line(); }
  [[nodiscard]] std::string name(const std::string& member) const {
    return exchange::witness_name(origin(), member);
  }
  [[nodiscard]] SignedHead head(std::uint64_t size) const {
    const Hash root = ledger::tree_root(std::span(leaves_).first(size));
    const std::vector<std::string> log_key = {"hub log 1"};
    return {.checkpoint = {.origin = origin(), .size = size, .root = root},
            .note = test::signed_checkpoint(origin(), size, root, log_key),
            .witnesses = witnesses_};
  }
  void grow(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      leaves_.push_back(ledger::leaf_hash(u64_be(leaves_.size())));
    }
    rounds_.log_is(head(leaves_.size()));
  }

  void turn(milliseconds passed = milliseconds(0)) {
    now_ += passed;
    rounds_.turn(now_, [&](const std::string& witness) { return there_.contains(witness); });
  }

  [[nodiscard]] std::string line_of(const std::string& witness, const std::string& note,
                                    std::uint64_t time_s) const {
    return cosignature_of(members_.at(witness), witness, note, time_s);
  }

  // What this witness says to a request, with its tree moved on where it cosigns.
  v1::Answer witness_says(const RoundRequest& request) {
    const ledger::NoteKey log_key{.name = origin(), .key = test::signing_public("hub log 1")};
    ledger::WitnessedTree& last = cosigned_[request.witness];
    const ledger::WitnessVerdict verdict = ledger::judge_add_checkpoint(
        request.round.request(), origin(), std::span(&log_key, 1), last);
    v1::Answer answer;
    answer.set_round(request.round.round());
    answer.set_status(static_cast<std::uint32_t>(verdict.status));
    answer.set_text(verdict.text);
    if (verdict.is_ok()) {
      last = verdict.next();
      const ledger::AddCheckpoint asked =
          must(ledger::parse_add_checkpoint(request.round.request()));
      answer.set_text(line_of(request.witness, asked.checkpoint, 1000 + time_));
    }
    return answer;
  }

  void read_proofs() {
    for (const ProofRead& read : rounds_.take_reads()) {
      rounds_.proven(read,
                     ledger::consistency_proof(std::span(leaves_).first(read.size), read.old_size));
    }
  }

  // Until nothing is asked any more. Those that are silent do not answer.
  void all_answer(const std::set<std::string>& silent = {}) {
    while (true) {
      read_proofs();
      const std::vector<RoundRequest> requests = rounds_.take_requests();
      if (requests.empty()) {
        return;
      }
      for (const RoundRequest& request : requests) {
        if (!silent.contains(request.witness)) {
          ++asked_count_;
          EXPECT_TRUE(rounds_.answer(now_, request.witness, witness_says(request)).has_value());
        }
      }
    }
  }

  // What the round that has just ended came to; of size 0, and a failed test, where that is
  // nothing.
  CosignedHead result() {
    const std::optional<CosignedHead> taken = rounds_.take_result();
    EXPECT_TRUE(taken.has_value());
    return taken.value_or(CosignedHead{.head = head(0)});
  }
  // A whole round of all who are there.
  CosignedHead round() {
    turn(limits_.spacing);
    all_answer();
    turn();
    return result();
  }

  [[nodiscard]] std::set<std::string> who_cosigned(const CosignedHead& result) const {
    const std::vector<ledger::Cosignature> found = must(
        ledger::verify_cosignatures(must(ledger::parse_note(result.head.note)), witnesses_.keys));
    std::set<std::string> names;
    for (const ledger::Cosignature& cosignature : found) {
      names.insert(witnesses_.keys[cosignature.witness].name);
    }
    return names;
  }

  test::TestExchange exchange_;
  exchange::WitnessSet witnesses_ = exchange::witnesses_of(exchange_.directory());
  std::vector<Hash> leaves_;
  Rounds::Time now_ = Rounds::Time{} + milliseconds(1'000'000);
  std::uint64_t time_ = 0;
  std::map<std::string, std::string> members_;
  std::map<std::string, ledger::WitnessedTree> cosigned_;
  std::set<std::string> there_;
  std::size_t asked_count_ = 0;
  RoundLimits limits_ = {.settle = milliseconds(0)};
  Rounds rounds_{limits_};
};

// C-183
TEST_F(RoundsTest, AllCosignTheNewestCheckpoint) {
  const CosignedHead cosigned = round();
  EXPECT_EQ(cosigned.head.checkpoint, head(10).checkpoint);
  EXPECT_EQ(who_cosigned(cosigned), there_);
  EXPECT_EQ(cosigned.time_s, 1000U);
  EXPECT_EQ(rounds_.lag(), 0U);
  EXPECT_EQ(asked_count_, 6U);
  EXPECT_FALSE(rounds_.take_result().has_value()) << "once";
}

// C-183
TEST_F(RoundsTest, TheNextRoundTakesWhatIsNewestThen) {
  round();
  grow(5);
  turn(limits_.spacing - milliseconds(1));
  EXPECT_FALSE(rounds_.is_running()) << "not so soon";
  turn(milliseconds(1));
  grow(7);
  EXPECT_EQ(rounds_.lag(), 12U);
  all_answer();
  turn(limits_.spacing);
  EXPECT_EQ(result().head.checkpoint, head(15).checkpoint);
  EXPECT_EQ(rounds_.lag(), 7U);
  EXPECT_TRUE(rounds_.is_running()) << "as there is more";
  all_answer();
  turn();
  EXPECT_EQ(result().head.checkpoint, head(22).checkpoint);
}

// C-189: the store keeps the first as it does a change, before any node hears of it.
TEST_F(RoundsTest, TheFirstHeadIsKeptAsIsOneThatChangesWitnesses) {
  EXPECT_TRUE(round().changes_witnesses);
  grow(1);
  turn(limits_.spacing);
  all_answer();
  turn();
  EXPECT_FALSE(result().changes_witnesses);
  witnesses_.keys.pop_back();
  grow(1);
  turn(limits_.spacing);
  all_answer();
  turn(limits_.grace);
  EXPECT_TRUE(result().changes_witnesses);
}

// C-183: a hub that has just started does not know what its witnesses cosigned.
TEST_F(RoundsTest, AWitnessSaysHowFarItIsAndIsAskedFromThere) {
  round();
  grow(5);
  rounds_ = Rounds(limits_);
  rounds_.log_is(head(15));
  asked_count_ = 0;
  const CosignedHead cosigned = round();
  EXPECT_EQ(who_cosigned(cosigned), there_);
  EXPECT_EQ(asked_count_, 12U);
}

// C-184: what members hand in as they meet it again is below the first head that is cosigned.
TEST_F(RoundsTest, AHubThatHasStartedWaitsForWhatMembersKept) {
  round();
  RoundLimits limits = limits_;
  limits.settle = milliseconds(2000);
  rounds_ = Rounds(limits);
  rounds_.log_is(head(10));
  const std::set<std::string> all = std::exchange(there_, {});
  turn(milliseconds(10'000));
  there_ = all;
  turn();
  turn(milliseconds(1999));
  EXPECT_FALSE(rounds_.is_running()) << "since a quorum is there";
  grow(5);
  turn(milliseconds(1));
  all_answer();
  turn();
  EXPECT_EQ(result().head.checkpoint.size, 15U);
}

// C-183: what the one before cosigned says nothing of it.
TEST_F(RoundsTest, AWitnessWithANewKeyIsAskedAsOneThatCosignedNothing) {
  round();
  std::ranges::find(witnesses_.keys, name("AM"), &ledger::NoteKey::name)->key =
      test::signing_public(test::node_key_name("AM", 2, "witness"));
  grow(5);
  turn(limits_.spacing);
  read_proofs();
  for (const RoundRequest& request : rounds_.take_requests()) {
    const ledger::AddCheckpoint asked = must(ledger::parse_add_checkpoint(request.round.request()));
    EXPECT_EQ(asked.old_size, request.witness == name("AM") ? 0U : 10U) << request.witness;
  }
}

// C-184
TEST_F(RoundsTest, ARoundEndsALittleAfterItsQuorum) {
  turn();
  all_answer({name("RU"), name("TJ")});
  turn(limits_.grace - milliseconds(1));
  EXPECT_FALSE(rounds_.take_result().has_value());
  turn(milliseconds(1));
  const CosignedHead cosigned = result();
  EXPECT_EQ(who_cosigned(cosigned).size(), 4U);
}

// C-184
TEST_F(RoundsTest, WithOneTooFewThereIsNoResultAndTheNextBeginsAfterAPause) {
  turn();
  all_answer({name("KZ"), name("RU"), name("TJ")});
  turn(limits_.round_max - milliseconds(1));
  EXPECT_TRUE(rounds_.is_running());
  turn(milliseconds(1));
  EXPECT_FALSE(rounds_.is_running());
  EXPECT_FALSE(rounds_.take_result().has_value());
  EXPECT_EQ(rounds_.lag(), 10U);
  turn(limits_.pause - milliseconds(1));
  EXPECT_FALSE(rounds_.is_running());
  turn(milliseconds(1));
  EXPECT_TRUE(rounds_.is_running());
  all_answer();
  turn();
  result();
}

// C-184
TEST_F(RoundsTest, WithoutAQuorumOfThoseWhoAreThereNobodyIsAsked) {
  there_ = {name("AM"), name("BY"), name("KG")};
  turn();
  EXPECT_FALSE(rounds_.is_running());
  there_.insert(name("KZ"));
  round();
}

// C-184
TEST_F(RoundsTest, AHeadIsCosignedAgainBeforeItsTimesGetOld) {
  round();
  turn(limits_.idle - milliseconds(1));
  EXPECT_FALSE(rounds_.is_running());
  time_ = 30;
  now_ += milliseconds(1);
  const CosignedHead cosigned = round();
  EXPECT_EQ(cosigned.time_s, 1030U);
  EXPECT_EQ(cosigned.head.checkpoint, head(10).checkpoint);
}

// C-182
TEST_F(RoundsTest, AChangeOfWitnessesNeedsAQuorumOfTheOldOnesAsWell) {
  round();
  // Who is left are three of four, so three are a quorum; of the six before that is too few.
  std::erase_if(witnesses_.keys, [&](const ledger::NoteKey& key) {
    return key.name == name("AM") || key.name == name("BY");
  });
  witnesses_.quorum = 3;
  grow(1);
  turn(limits_.spacing);
  all_answer({name("AM"), name("BY"), name("KG")});
  turn(limits_.round_max);
  EXPECT_FALSE(rounds_.take_result().has_value());
  now_ += limits_.pause;
  turn();
  all_answer({name("AM"), name("KG")});
  turn(limits_.grace);
  result();
  // From then on they alone count.
  grow(1);
  turn(limits_.spacing);
  all_answer({name("KG")});
  turn(limits_.grace);
  result();
}

// C-185
TEST_F(RoundsTest, ALineThatDoesNotVerifyIsLeftOut) {
  turn();
  read_proofs();
  for (const RoundRequest& request : rounds_.take_requests()) {
    v1::Answer answer = witness_says(request);
    const bool bad = request.witness == name("AM");
    if (bad) {
      answer.set_text(line_of(request.witness, head(9).note, 1000));
    }
    const Result<void> taken = rounds_.answer(now_, request.witness, answer);
    EXPECT_EQ(taken.has_value(), !bad);
    if (bad) {
      EXPECT_EQ(taken.error().code, ErrorCode::kBadCheckpoint);
    }
  }
  turn();
  const CosignedHead cosigned = result();
  EXPECT_EQ(who_cosigned(cosigned).size(), 5U);
}

// C-185
TEST_F(RoundsTest, NobodyCosignsForAnotherAndOnlyOnce) {
  turn();
  for (const RoundRequest& request : rounds_.take_requests()) {
    v1::Answer answer = witness_says(request);
    answer.set_text(line_of(name("AM"), head(10).note, 1000));
    EXPECT_EQ(rounds_.answer(now_, request.witness, answer).has_value(),
              request.witness == name("AM"));
    EXPECT_TRUE(rounds_.answer(now_, request.witness, answer).has_value()) << "too late";
  }
  turn();
  EXPECT_FALSE(rounds_.take_result().has_value());
}

// C-185: of what another round asked nothing is taken.
TEST_F(RoundsTest, AnAnswerToARoundThatIsOverIsPassedOver) {
  turn();
  const std::vector<RoundRequest> requests = rounds_.take_requests();
  turn(limits_.round_max);
  turn(limits_.pause);
  ASSERT_TRUE(rounds_.is_running());
  for (const RoundRequest& request : requests) {
    EXPECT_TRUE(rounds_.answer(now_, request.witness, witness_says(request)).has_value());
  }
  turn();
  EXPECT_FALSE(rounds_.take_result().has_value());
}

// C-185: whoever cosigned more than there is has seen a log that this one is not.
TEST_F(RoundsTest, AWitnessThatIsAheadIsNamed) {
  cosigned_[name("AM")] = {.size = 11, .root = leaves_[0]};
  turn();
  for (const RoundRequest& request : rounds_.take_requests()) {
    const Result<void> taken = rounds_.answer(now_, request.witness, witness_says(request));
    ASSERT_EQ(taken.has_value(), request.witness != name("AM"));
    if (!taken.has_value()) {
      EXPECT_EQ(taken.error().code, ErrorCode::kForeignLog);
      EXPECT_NE(taken.error().detail.find("11"), std::string::npos);
    }
  }
  turn();
  result();
}

// C-185: it may say another size each time.
TEST_F(RoundsTest, AWitnessIsAskedOnlySoOftenInARound) {
  there_ = {name("AM"), name("BY"), name("KG"), name("KZ")};
  turn();
  all_answer({name("AM")});
  std::size_t count = 1;  // Above.
  v1::Answer answer;
  answer.set_round(1);
  answer.set_status(409);
  for (std::uint64_t size = 1; size < 9; ++size) {
    answer.set_text(std::to_string(size) + "\n");
    EXPECT_TRUE(rounds_.answer(now_, name("AM"), answer).has_value());
    read_proofs();
    count += rounds_.take_requests().size();
  }
  EXPECT_EQ(count, limits_.asked_count_max);
}

// C-185
TEST_F(RoundsTest, ARefusalIsToldWithItsReason) {
  turn();
  v1::Answer answer;
  answer.set_round(1);
  answer.set_status(422);
  answer.set_text("the roots of one size differ\n");
  const Result<void> taken = rounds_.answer(now_, name("AM"), answer);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(taken.error().detail.find("422 the roots of one size differ"), std::string::npos);
  answer.set_status(409);
  answer.set_text("many\n");
  EXPECT_EQ(rounds_.answer(now_, name("BY"), answer).error().code, ErrorCode::kBadCheckpoint);
}

}  // namespace
}  // namespace chancery::broker
