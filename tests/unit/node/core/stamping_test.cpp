#include "node/core/stamping.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/exchange/compose.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/ledger/tree.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"

namespace chancery::node {
namespace {

using exchange::Directory;
using exchange::Envelope;
using test::must;
using test::outcome;
using Codes = std::vector<std::string>;

constexpr std::uint64_t kNowUs = 1'700'000'200'000'000;

std::vector<Waiting> waiting_of(std::initializer_list<v1::Precedence> precedences) {
  std::vector<Waiting> waiting;
  for (const v1::Precedence precedence : precedences) {
    waiting.emplace_back().precedence = precedence;
  }
  return waiting;
}

class StampingTest : public testing::Test {
 protected:
  Waiting waiting(const Codes& recipients, bool sealed = true, std::string_view text = "text") {
    return waiting(exchange_.draft("AM", recipients, sealed ? "threat.alert" : "contact"), sealed,
                   text);
  }
  static Waiting waiting(v1::Draft draft, bool sealed, std::string_view text) {
    Waiting made;
    made.sealed = sealed;
    made.text =
        sealed
            ? must(exchange::pad_text(test::seeded_bytes("salt", exchange::kTextSaltBytes), text))
            : test::TestExchange::text_of(text);
    draft.set_text_digest(to_string(exchange::text_digest(made.text)));
    made.notice_id = draft.notice_id();
    made.draft = draft.SerializeAsString();
    made.precedence = draft.precedence();
    return made;
  }
  // With exactly the randomness that was asked for.
  StampedBatch stamped(const std::vector<Waiting>& notices, const Directory& directory,
                       std::uint64_t now_us = kNowUs, std::uint64_t last_us = 0,
                       std::size_t batch_size_max = kSignedTogetherMax) {
    const std::string random = test::seeded_bytes("random " + std::to_string(++calls_),
                                                  random_bytes_needed(notices, directory));
    return stamp(notices,
                 {.directory = &directory,
                  .origin = "AM",
                  .log_seen = exchange::tree_head(3, ledger::tree_root({})),
                  .now_us = now_us,
                  .created_at_last_us = last_us,
                  .batch_size_max = batch_size_max},
                 random);
  }
  StampedBatch stamped(const std::vector<Waiting>& notices) {
    return stamped(notices, exchange_.directory());
  }
  // As a node does it whose signer fails after `sets_max` sets.
  std::vector<Envelope> signed_by_am(const StampedBatch& batch, std::size_t sets_max = 1000) {
    const auto signer = test::key_signer("AM node 1 signing");
    std::vector<SignedSet> signed_sets;
    for (const std::vector<Hash>& ds : batch.sets) {
      if (signed_sets.size() == sets_max) {
        break;
      }
      exchange::BatchToSign to_sign(exchange_.genesis(), signer->public_key().id(), ds);
      std::string value = must(signer->sign(as_bytes(to_sign.message())));
      signed_sets.push_back({.to_sign = std::move(to_sign), .value = std::move(value)});
    }
    std::vector<Envelope> envelopes;
    for (const SignedEnvelope& each : signed_envelopes(batch, signed_sets)) {
      envelopes.push_back(exchange_.parse(each.bytes));
      EXPECT_EQ(each.entry, envelopes.back().entry);
    }
    return envelopes;
  }
  std::string judged(const Envelope& envelope, const Directory& directory) {
    return outcome(exchange::judge_notice(envelope, directory, exchange_.cache()));
  }

  test::TestExchange exchange_;
  int calls_ = 0;
};

TEST(CountToSignTest, SignsAllAtRestAndOnlyTheUrgentWhileSomethingIsUnderWay) {
  using enum v1::Precedence;
  const auto routine = waiting_of({PRECEDENCE_ROUTINE, PRECEDENCE_ROUTINE, PRECEDENCE_DEFERRED});
  const auto mixed = waiting_of(
      {PRECEDENCE_OVERRIDE, PRECEDENCE_FLASH, PRECEDENCE_IMMEDIATE, PRECEDENCE_PRIORITY});
  EXPECT_EQ(count_to_sign({}, 0), 0U);
  EXPECT_EQ(count_to_sign({}, 5), 0U);
  EXPECT_EQ(count_to_sign(routine, 0), 3U);
  EXPECT_EQ(count_to_sign(routine, 1), 0U);
  EXPECT_EQ(count_to_sign(mixed, 0), 4U);
  EXPECT_EQ(count_to_sign(mixed, 1), 3U);
  EXPECT_EQ(count_to_sign(mixed, 100'000), 3U);
}

TEST(CountThatFitsTest, ThePatientLeaveTheLastOfTheWindowToTheUrgent) {
  using enum v1::Precedence;
  constexpr SigningWindow kWindow{
      .count_max = 10, .bytes_max = 1000, .reserve_count = 3, .reserve_bytes = 300};
  const auto mixed =
      waiting_of({PRECEDENCE_FLASH, PRECEDENCE_IMMEDIATE, PRECEDENCE_ROUTINE, PRECEDENCE_ROUTINE});
  EXPECT_EQ(count_that_fits(mixed, 3, 0, kWindow), 4U);
  EXPECT_EQ(count_that_fits(mixed, 4, 0, kWindow), 3U);
  EXPECT_EQ(count_that_fits(mixed, 5, 0, kWindow), 2U);
  EXPECT_EQ(count_that_fits(mixed, 8, 0, kWindow), 2U);
  EXPECT_EQ(count_that_fits(mixed, 9, 0, kWindow), 1U);
  EXPECT_EQ(count_that_fits(mixed, 10, 0, kWindow), 0U);
  EXPECT_EQ(count_that_fits(mixed, 1'000'000, 0, kWindow), 0U);
}

TEST(CountThatFitsTest, CountsBytesAndLetsOneGoAlone) {
  using enum v1::Precedence;
  constexpr SigningWindow kWindow{
      .count_max = 10, .bytes_max = 1000, .reserve_count = 3, .reserve_bytes = 300};
  auto urgent = waiting_of({PRECEDENCE_FLASH, PRECEDENCE_FLASH});
  auto routine = waiting_of({PRECEDENCE_ROUTINE, PRECEDENCE_ROUTINE});
  for (auto* const two : {&urgent, &routine}) {
    for (Waiting& one : *two) {
      one.draft = std::string(50, 'd');
      one.text = std::string(50, 't');
    }
  }
  EXPECT_EQ(count_that_fits(routine, 1, 500, kWindow), 2U);
  EXPECT_EQ(count_that_fits(routine, 1, 501, kWindow), 1U);
  EXPECT_EQ(count_that_fits(routine, 1, 601, kWindow), 0U);
  EXPECT_EQ(count_that_fits(urgent, 1, 800, kWindow), 2U);
  EXPECT_EQ(count_that_fits(urgent, 1, 801, kWindow), 1U);
  EXPECT_EQ(count_that_fits(urgent, 1, 901, kWindow), 0U);
  routine[0].text = std::string(5000, 't');
  EXPECT_EQ(count_that_fits(routine, 0, 0, kWindow), 1U);
}

TEST(CountToSignTest, AFullBatchWaitsForNothing) {
  std::vector<Waiting> waiting(kSignedTogetherMax - 1);
  EXPECT_EQ(count_to_sign(waiting, 1), 0U);
  EXPECT_EQ(count_to_sign(waiting, 0), kSignedTogetherMax - 1);
  waiting.emplace_back();
  EXPECT_EQ(count_to_sign(waiting, 1), kSignedTogetherMax);
  waiting.emplace_back();
  EXPECT_EQ(count_to_sign(waiting, 0), kSignedTogetherMax);
  EXPECT_LE(kSignedTogetherMax, exchange::kBatchSizeMax);
}

// C-30 to C-42, C-90 to C-95: what is stamped and signed here is good to everybody.
TEST_F(StampingTest, WhatIsStampedIsAGoodNotice) {
  const std::vector<Waiting> notices = {waiting({"BY", "RU"}), waiting({"KZ"}),
                                        waiting({"BY"}, /*sealed=*/false)};
  const StampedBatch batch = stamped(notices);
  EXPECT_TRUE(batch.refused.empty());
  const std::vector<Envelope> envelopes = signed_by_am(batch);
  ASSERT_EQ(envelopes.size(), 3U);
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    EXPECT_EQ(judged(envelopes[i], exchange_.directory()), "good") << i;
    EXPECT_EQ(envelopes[i].header.draft(), notices[i].draft) << "the draft is not touched";
    EXPECT_EQ(envelopes[i].sealed(), notices[i].sealed);
    EXPECT_EQ(envelopes[i].d, batch.sets[batch.notices[i].set][batch.notices[i].position]);
    EXPECT_EQ(batch.notices[i].notice_id, notices[i].notice_id);
    EXPECT_EQ(batch.notices[i].created_at_us, envelopes[i].header.created_at_us());
    EXPECT_EQ(envelopes[i].header.log_seen().size(), 3U);
  }
}

// C-53: a content key lives for one signature batch and one set of recipients.
TEST_F(StampingTest, NoticesToTheSameRecipientsShareTheirStanzasAndOthersDoNot) {
  const std::vector<Waiting> notices = {waiting({"BY", "RU"}), waiting({"BY"}),
                                        waiting({"BY", "RU"}), waiting({"BY", "KZ"})};
  const std::vector<Envelope> made = signed_by_am(stamped(notices));
  const auto stanzas = [](const Envelope& envelope) {
    v1::SealedBody sealed = envelope.body.sealed();
    sealed.clear_ciphertext();
    return sealed.SerializeAsString();
  };
  EXPECT_EQ(stanzas(made[0]), stanzas(made[2]));
  EXPECT_NE(made[0].body.sealed().ciphertext(), made[2].body.sealed().ciphertext());
  std::set<std::string> encapsulations;
  for (const std::size_t i : {0U, 1U, 3U}) {
    for (const v1::Stanza& stanza : made[i].body.sealed().stanzas()) {
      EXPECT_TRUE(encapsulations.insert(stanza.enc()).second);
    }
  }
  const std::vector<Envelope> next = signed_by_am(stamped(notices));
  EXPECT_NE(stanzas(made[0]), stanzas(next[0])) << "the next batch has a key of its own";
}

// C-45: the path and the size of a batch tell nobody how much goes to others.
TEST_F(StampingTest, OnlyNoticesToTheSameRecipientsAreSignedTogether) {
  const std::vector<Waiting> notices = {
      waiting({"BY", "RU"}), waiting({"BY"}), waiting({"BY", "RU"}, /*sealed=*/false),
      waiting({"BY", "KZ"}), waiting({"BY"}), waiting({"BY", "RU"})};
  const StampedBatch batch = stamped(notices);
  const std::vector<Envelope> made = signed_by_am(batch);
  ASSERT_EQ(made.size(), notices.size());
  std::vector<std::uint64_t> sizes;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(judged(made[i], exchange_.directory()), "good") << i;
    const v1::Signature signature = test::signatures_of(made[i]).signatures(0);
    sizes.push_back(signature.batch().tree_size());
    values.push_back(signature.value());
  }
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{3, 2, 3, 1, 2, 3}));
  EXPECT_EQ(std::set<std::string>(values.begin(), values.end()).size(), 3U);
  EXPECT_EQ(values[0], values[2]);
  EXPECT_EQ(values[0], values[5]);
  EXPECT_EQ(values[1], values[4]);
}

// C-53 again: the batch that comes where one is full has a content key of its own.
TEST_F(StampingTest, ABatchIsNoLargerThanAsked) {
  const std::vector<Waiting> notices = {waiting({"BY", "RU"}), waiting({"BY", "RU"}),
                                        waiting({"BY"}), waiting({"BY", "RU"}),
                                        waiting({"BY", "RU"})};
  const auto tree_sizes = [&](std::size_t batch_size_max) {
    const StampedBatch batch = stamped(notices, exchange_.directory(), kNowUs, 0, batch_size_max);
    std::vector<std::uint64_t> sizes;
    std::map<std::string, std::set<std::string>> encapsulations;  // Of each signature.
    std::set<std::string> all;
    for (const Envelope& envelope : signed_by_am(batch)) {
      EXPECT_EQ(judged(envelope, exchange_.directory()), "good");
      const v1::Signature signature = test::signatures_of(envelope).signatures(0);
      sizes.push_back(signature.batch().tree_size());
      for (const v1::Stanza& stanza : envelope.body.sealed().stanzas()) {
        encapsulations[signature.value()].insert(stanza.enc());
        all.insert(stanza.enc());
      }
    }
    std::size_t of_each = 0;
    for (const auto& [signature, of_one] : encapsulations) {
      of_each += of_one.size();
    }
    EXPECT_EQ(of_each, all.size()) << "no two signatures share a key";
    return sizes;
  };
  using Sizes = std::vector<std::uint64_t>;
  EXPECT_EQ(tree_sizes(1), (Sizes{1, 1, 1, 1, 1}));
  EXPECT_EQ(tree_sizes(3), (Sizes{3, 3, 1, 3, 1}));
  EXPECT_EQ(tree_sizes(4), (Sizes{4, 4, 1, 4, 4}));
}

// The hub refuses a time that runs backwards: sets do not disturb the order of the outbox.
TEST_F(StampingTest, EnvelopesOfSeveralSetsKeepTheOrderOfTheOutbox) {
  const std::vector<Waiting> notices = {waiting({"BY"}), waiting({"RU"}), waiting({"BY"}),
                                        waiting({"RU"}), waiting({"BY"})};
  const std::vector<Envelope> made = signed_by_am(stamped(notices));
  ASSERT_EQ(made.size(), notices.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(made[i].draft.notice_id(), notices[i].notice_id);
    EXPECT_EQ(made[i].header.created_at_us(), kNowUs + i);
  }
}

// What was found of one draft holds for the next of its form, and for no other.
TEST_F(StampingTest, EachIsJudgedAndAddressedAsWhatItIs) {
  const v1::Draft secret = exchange_.draft("AM", {"BY"});
  const std::vector<Waiting> notices = {waiting({"BY"}), waiting({"BY"}),
                                        waiting(secret, false, "in the clear"), waiting({"RU"}),
                                        waiting({"BY", "RU"})};
  const StampedBatch batch = stamped(notices);
  ASSERT_EQ(batch.refused.size(), 1U);
  EXPECT_EQ(batch.refused[0].notice_id, secret.notice_id());
  EXPECT_EQ(batch.refused[0].error.code, ErrorCode::kSealRequired);
  std::vector<std::string> recipients;
  for (const Stamped& one : batch.notices) {
    std::string& codes = recipients.emplace_back();
    for (const v1::Recipient& recipient : one.draft->recipients()) {
      codes += recipient.member();
    }
  }
  EXPECT_EQ(recipients, (std::vector<std::string>{"BY", "BY", "RU", "BYRU"}));
}

TEST_F(StampingTest, WhereTheSignerFailsNothingBehindAnUnsignedNoticeIsTaken) {
  const StampedBatch batch = stamped({waiting({"BY"}), waiting({"BY"}), waiting({"RU"}),
                                      waiting({"BY"}), waiting({"KZ"}), waiting({"RU"})});
  ASSERT_EQ(batch.sets.size(), 3U);
  EXPECT_EQ(signed_by_am(batch, 0).size(), 0U);
  EXPECT_EQ(signed_by_am(batch, 1).size(), 2U);
  EXPECT_EQ(signed_by_am(batch, 2).size(), 4U);
  EXPECT_EQ(signed_by_am(batch, 3).size(), 6U);
}

TEST_F(StampingTest, ASetOfWhichNothingCanBeStampedIsNotSigned) {
  const v1::Draft unknown = exchange_.draft("AM", {"ZZ"});
  const StampedBatch batch = stamped({waiting(unknown, true, "text"), waiting({"BY"})});
  EXPECT_EQ(batch.refused.size(), 1U);
  ASSERT_EQ(batch.sets.size(), 1U);
  EXPECT_EQ(batch.sets[0].size(), 1U);
}

TEST_F(StampingTest, EachNoticeHasASaltOfItsOwn) {
  std::set<std::string> salts;
  for (const Envelope& envelope : signed_by_am(stamped({waiting({"BY"}), waiting({"BY"})}))) {
    EXPECT_TRUE(salts.insert(envelope.header.salt()).second);
  }
}

// created_at strictly increases per signing key, whatever the clock does.
TEST_F(StampingTest, TimesRiseWithAClockThatStandsStillOrJumpsBack) {
  const std::vector<Waiting> notices = {waiting({"BY"}), waiting({"BY"}), waiting({"BY"})};
  const auto times = [&](std::uint64_t now_us, std::uint64_t last_us) {
    std::vector<std::uint64_t> made;
    for (const Stamped& one : stamped(notices, exchange_.directory(), now_us, last_us).notices) {
      made.push_back(one.created_at_us);
    }
    return made;
  };
  using Times = std::vector<std::uint64_t>;
  EXPECT_EQ(times(kNowUs, kNowUs - 50), (Times{kNowUs, kNowUs + 1, kNowUs + 2}));
  EXPECT_EQ(times(kNowUs, kNowUs), (Times{kNowUs + 1, kNowUs + 2, kNowUs + 3}));
  EXPECT_EQ(times(kNowUs, kNowUs + 1000), (Times{kNowUs + 1001, kNowUs + 1002, kNowUs + 1003}));
}

// The directory changed between the ticket and the signature: one is refused, the others go on.
TEST_F(StampingTest, ANoticeThatBecameForbiddenIsRefusedAlone) {
  v1::Draft late = exchange_.draft("AM", {"BY"});
  late.set_expires_at_ms(kNowUs / 1000);
  const v1::Draft unknown = exchange_.draft("AM", {"BY", "ZZ"});
  Waiting broken = waiting({"BY"});
  broken.draft += "\x78\x01";
  const std::vector<Waiting> notices = {waiting({"BY"}), waiting(late, true, "text"),
                                        waiting(unknown, true, "text"), broken,
                                        waiting({"BY", "RU"})};
  const StampedBatch batch = stamped(notices);
  ASSERT_EQ(batch.refused.size(), 3U);
  EXPECT_EQ(batch.refused[0].notice_id, notices[1].notice_id);
  EXPECT_EQ(batch.refused[0].error.code, ErrorCode::kExpired);
  EXPECT_EQ(batch.refused[1].error.code, ErrorCode::kUnknownRecipient);
  EXPECT_EQ(batch.refused[2].error.code, ErrorCode::kUnknownField);
  const std::vector<Envelope> made = signed_by_am(batch);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].draft.notice_id(), notices[0].notice_id);
  EXPECT_EQ(made[1].draft.notice_id(), notices[4].notice_id);
  EXPECT_EQ(judged(made[1], exchange_.directory()), "good");
}

// C-96: nobody there to open it.
TEST_F(StampingTest, ARecipientWhoseNodeWasRevokedIsRefusedAlone) {
  Directory directory = exchange_.directory();
  const std::vector<std::string> signer = {"RU authority"};
  must(directory.apply(
      exchange_.parse(exchange_.entry(
          test::revocation_of(test::signing_public("RU node 1 signing").id()), signer, directory)),
      exchange_.cache()));
  const StampedBatch batch =
      stamped({waiting({"BY"}), waiting({"BY", "RU"}), waiting({"RU", "TJ"})}, directory);
  EXPECT_EQ(batch.notices.size(), 1U);
  ASSERT_EQ(batch.refused.size(), 2U);
  EXPECT_EQ(batch.refused[0].error.code, ErrorCode::kRecipientWithoutNode);
  EXPECT_EQ(batch.refused[1].error.code, ErrorCode::kRecipientWithoutNode);
}

// C-32, C-33, C-138: the same draft under a new directory is the same notice in a new envelope.
TEST_F(StampingTest, StampingAgainKeepsTheNoticeAndMakesAnotherEnvelope) {
  const std::vector<Waiting> notices = {waiting({"BY"})};
  const Envelope first = signed_by_am(stamped(notices)).front();
  Directory later = exchange_.directory();
  must(later.apply(exchange_.parse(exchange_.enrol(test::node_entry("BY", 2, false, false), later)),
                   exchange_.cache()));
  EXPECT_EQ(judged(first, later), "stale-directory");
  const Envelope second =
      signed_by_am(stamped(notices, later, kNowUs, first.header.created_at_us())).front();
  EXPECT_EQ(judged(second, later), "good");
  EXPECT_EQ(second.notice, first.notice);
  EXPECT_NE(second.d, first.d);
  EXPECT_GT(second.header.created_at_us(), first.header.created_at_us());
}

// Every notice with a recipient set of its own is the most that can be asked for; stamped() gives
// exactly what was announced, and taking more stops the program.
TEST_F(StampingTest, TheRandomnessThatIsAnnouncedIsEnough) {
  const std::vector<Waiting> notices = {
      waiting({"BY", "KG", "KZ", "RU", "TJ"}), waiting({"BY", "KG", "KZ", "RU"}),
      waiting({"BY", "KG", "KZ", "TJ"}), waiting({"KG", "KZ", "RU", "TJ"})};
  EXPECT_EQ(stamped(notices).notices.size(), 4U);
  const std::vector<Waiting> everybody = {waiting({"BY", "KG", "KZ", "RU", "TJ"})};
  EXPECT_EQ(random_bytes_needed(everybody, exchange_.directory()), 16U + 32U * 7U);
  EXPECT_EQ(random_bytes_needed({}, exchange_.directory()), 0U);
  std::vector<Waiting> in_clear = everybody;
  in_clear.front().sealed = false;
  EXPECT_EQ(random_bytes_needed(in_clear, exchange_.directory()), 16U) << "a salt, and no key";
}

TEST_F(StampingTest, ALittleLessRandomnessIsAProgramError) {
  const std::vector<Waiting> everybody = {waiting({"BY", "KG", "KZ", "RU", "TJ"})};
  const std::string random =
      test::seeded_bytes("random", random_bytes_needed(everybody, exchange_.directory()) - 1);
  EXPECT_DEATH(static_cast<void>(stamp(everybody,
                                       {.directory = &exchange_.directory(),
                                        .origin = "AM",
                                        .log_seen = {},
                                        .now_us = kNowUs,
                                        .created_at_last_us = 0},
                                       random)),
               "");
}

}  // namespace
}  // namespace chancery::node
