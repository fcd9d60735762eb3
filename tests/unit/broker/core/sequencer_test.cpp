#include "broker/core/sequencer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/exchange/limits.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/leaf.h"
#include "tests/support/wire_bytes.h"
#include "tests/unit/broker/support.h"

namespace chancery::broker {
namespace {

using test::outcome;
using test::TestExchange;
using Names = std::vector<std::string>;
using Words = std::vector<std::string>;

class SequencerTest : public testing::Test {
 protected:
  SequencerTest() { found(sequencer_, log_, exchange_); }

  [[nodiscard]] v1::TreeHead head() const { return head_of(sequencer_.tree()); }
  v1::Draft draft(std::string_view origin = "AM") {
    return exchange_.draft(origin, {origin == "BY" ? "AM" : "BY"}, "contact");
  }
  std::string envelope(const v1::Draft& draft) {
    return notice(exchange_, draft, {.seen = head()});
  }
  std::string offer(const std::string& bytes, std::string_view member = "AM") {
    return outcome(sequencer_.offer(1, member, bytes));
  }
  // Offers them together, as AM, and lets the hub take one turn.
  Words turn_with(const Names& envelopes, std::uint64_t now_ms = kNow) {
    for (const std::string& bytes : envelopes) {
      EXPECT_EQ(offer(bytes), "good");
    }
    return said(turn(sequencer_, log_, now_ms));
  }
  std::string alone(const std::string& bytes) {
    const Words words = turn_with({bytes});
    return words.size() == 1 ? words.front() : "not one answer";
  }
  std::string seeing(const std::optional<v1::TreeHead>& seen) {
    return alone(notice(exchange_, draft(), {.seen = seen}));
  }
  std::string stamped(v1::Precedence precedence, std::uint64_t created_at_us) {
    v1::Draft made = draft();
    made.set_precedence(precedence);
    return notice(exchange_, made, {.seen = head(), .created_at_us = created_at_us});
  }

  TestExchange exchange_{{.partner = true}};
  MemoryLog log_;
  Sequencer sequencer_{HubState(exchange_.genesis()), AdmissionLimits{}, log_keys()};
  static constexpr std::uint64_t kFirst = kFounded + 1;  // With the partner's node.
};

TEST_F(SequencerTest, GivesEachNoticeTheNextIndex) {
  EXPECT_EQ(turn_with({envelope(draft()), envelope(draft())}), (Words{"at 8", "at 9"}));
  EXPECT_EQ(alone(envelope(draft())), "at 10");
  EXPECT_EQ(sequencer_.tree().size(), 11U);
}

// C-135
TEST_F(SequencerTest, AMemberOffersItsOwnNoticesOnly) {
  EXPECT_EQ(offer(envelope(draft("RU")), "AM"), "wrong-origin");
  EXPECT_FALSE(sequencer_.has_work());
  EXPECT_EQ(offer(envelope(draft("RU")), "RU"), "good");
}

// C-135
TEST_F(SequencerTest, ADirectoryEntryMayComeFromAnybody) {
  const std::string entry =
      exchange_.enrol(test::node_entry("RU", 2, false, false), exchange_.directory());
  EXPECT_EQ(offer(entry, "AM"), "good");
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"at 8"});
}

// C-10 to C-19: what does not parse is refused at the door with its own code, and takes no room.
TEST_F(SequencerTest, WhatDoesNotParseIsRefusedBeforeTheQueue) {
  const std::string good = envelope(draft());
  EXPECT_EQ(offer(""), "malformed");
  EXPECT_EQ(offer(good.substr(0, good.size() - 1)), "malformed");
  EXPECT_EQ(offer(good + test::number_field(9, 1)), "unknown-field");
  EXPECT_EQ(offer(good + good), "not-canonical");
  EXPECT_EQ(offer(test::bytes_field(1, std::string(exchange::kEnvelopeBytesMax, 'x'))),
            "limit-exceeded");
  std::string empties;
  for (int i = 0; i < 40'000; ++i) {
    empties += test::bytes_field(1, "");
  }
  EXPECT_NE(offer(empties), "good");
  EXPECT_FALSE(sequencer_.has_work());
  EXPECT_EQ(sequencer_.queue().bytes(), 0U);
}

// C-36: numbers that no store bears are no times.
TEST_F(SequencerTest, ATimeOutOfRangeIsRefusedBeforeTheQueue) {
  constexpr std::uint64_t kLast = ((1ULL << 48U) - 1) * 1000 + 999;
  EXPECT_EQ(offer(stamped(v1::PRECEDENCE_ROUTINE, kLast)), "good");
  EXPECT_EQ(offer(stamped(v1::PRECEDENCE_ROUTINE, kLast + 1)), "malformed");
  EXPECT_EQ(offer(stamped(v1::PRECEDENCE_ROUTINE, std::numeric_limits<std::uint64_t>::max())),
            "malformed");
}

TEST_F(SequencerTest, AFullQueueTakesNothing) {
  Sequencer small(HubState(exchange_.genesis()),
                  {.count_max = 1, .reserve_count = 0, .reserve_bytes = 0}, log_keys());
  EXPECT_EQ(outcome(small.offer(1, "AM", envelope(draft()))), "good");
  EXPECT_EQ(outcome(small.offer(1, "AM", envelope(draft()))), "queue-full");
  EXPECT_EQ(small.queue().count(), 1U);
}

// C-137
TEST_F(SequencerTest, TheSameEnvelopeAgainIsTheSameNotice) {
  const std::string one = envelope(draft());
  EXPECT_EQ(turn_with({one, one}), (Words{"at 8", "still at 8"}));
  EXPECT_EQ(turn_with({one, envelope(draft()), one}), (Words{"still at 8", "at 9", "still at 8"}));
  EXPECT_EQ(log_.entries().size(), 10U);
}

// C-36, C-137: the first that is logged stands, under whatever header the draft comes again.
TEST_F(SequencerTest, TheSameDraftReStampedIsTheSameNotice) {
  const v1::Draft one = draft();
  const std::string first = envelope(one);
  const std::string second = envelope(one);
  ASSERT_NE(first, second);
  EXPECT_EQ(turn_with({first, second}), (Words{"at 8", "still at 8"}));
  EXPECT_EQ(alone(envelope(one)), "still at 8");
  // Also where the repetition would not be good by itself any more.
  EXPECT_EQ(alone(notice(exchange_, one, {.seen = std::nullopt})), "still at 8");
  ASSERT_EQ(log_.entries().size(), 9U);
  EXPECT_EQ(log_.entries().back().envelope.bytes(), first);
}

// C-137
TEST_F(SequencerTest, TheSameIdWithAnotherDraftIsRefused) {
  const v1::Draft one = draft();
  v1::Draft other = one;
  other.set_status(v1::STATUS_EXERCISE);
  EXPECT_EQ(turn_with({envelope(one), envelope(other)}), (Words{"at 8", "notice-id-reused"}));
  EXPECT_EQ(alone(envelope(other)), "notice-id-reused");
  EXPECT_EQ(alone(envelope(one)), "still at 8");
  // The id is the origin's own: with another origin it is another notice.
  v1::Draft elsewhere = draft("BY");
  elsewhere.set_notice_id(one.notice_id());
  EXPECT_EQ(offer(envelope(elsewhere), "BY"), "good");
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"at 9"});
}

// C-137: what proves that an origin used one id twice is kept; what proves nothing is not.
TEST_F(SequencerTest, ASecondGoodDraftUnderAUsedIdIsKept) {
  const v1::Draft one = draft();
  v1::Draft other = one;
  other.set_status(v1::STATUS_EXERCISE);
  const std::string second = envelope(other);
  for (const std::string& bytes : {envelope(one), second}) {  // Within a batch.
    ASSERT_EQ(offer(bytes), "good");
  }
  const Decision together = turn(sequencer_, log_);
  ASSERT_EQ(together.conflicts.size(), 1U);
  EXPECT_EQ(together.conflicts[0].envelope.bytes(), second);
  EXPECT_EQ(together.conflicts[0].index_first, kFirst);

  const test::Unsigned forged = unsigned_notice(exchange_, other, {.seen = head()});
  for (const std::string& bytes :
       {second, exchange_.sign(forged, signing_key("BY")), envelope(one)}) {
    ASSERT_EQ(offer(bytes), "good");
  }
  const Decision later = turn(sequencer_, log_);
  EXPECT_EQ(said(later), (Words{"notice-id-reused", "notice-id-reused", "still at 8"}));
  ASSERT_EQ(later.conflicts.size(), 1U);
  EXPECT_EQ(later.conflicts[0].envelope.bytes(), second);
}

// C-98: what every recipient would have to keep from its readers is not logged.
TEST_F(SequencerTest, AClearTextThatIsNoTextIsRefused) {
  const auto clear = [&](const v1::Draft& draft, const std::string& text) {
    test::Unsigned made = exchange_.clear(draft, text);
    exchange::Stamp stamp = exchange_.next_stamp();
    stamp.log_seen = head();
    v1::Draft with_digest = draft;
    with_digest.set_text_digest(to_string(exchange::text_digest(text)));
    made.header = exchange::make_header(with_digest.SerializeAsString(), stamp);
    made.d = exchange::envelope_hash(exchange_.genesis(), made.header, made.body);
    return exchange_.sign(made, signing_key("AM"));
  };
  EXPECT_EQ(alone(clear(draft(), "\x07 is no Text")), "malformed");
  EXPECT_EQ(alone(clear(draft(), test::bytes_field(1, "\xff"))), "invalid-utf8");
  v1::Text text;
  text.set_subject("A text");
  text.set_content(std::string("\xff\xff", 2));
  EXPECT_EQ(alone(clear(draft(), text.SerializeAsString())), "malformed");
  text.clear_content();
  EXPECT_EQ(alone(clear(draft(), text.SerializeAsString())), "at 8");
}

// C-89: the log's time may be far ahead for good, after one jump of the clock; expiry is asked of
// the clock of now.
TEST_F(SequencerTest, AJumpOfTheClockExpiresNothingForGood) {
  EXPECT_EQ(turn_with({envelope(draft())}, kNow + 1'000'000), Words{"at 8"});
  v1::Draft brief = draft();
  brief.set_expires_at_ms(kNow + 10);
  EXPECT_EQ(turn_with({envelope(brief)}, kNow), Words{"at 9"});
  EXPECT_EQ(log_.commits().back().accepted_at_ms, kNow + 1'000'000);
  brief.set_notice_id(draft().notice_id());
  EXPECT_EQ(turn_with({envelope(brief)}, kNow + 10), Words{"expired"});
}

// C-106, C-107: no roster gets in that the hub could not sign the checkpoints of.
TEST_F(SequencerTest, ARosterMustNameLogKeysThatTheHubHolds) {
  const auto next = [&](bool lost) {
    v1::Roster roster = sequencer_.directory().roster();
    roster.mutable_hub()->add_log_keys(test::signing_public("hub log 2").spki());
    roster.mutable_hub()->set_old_key_lost(lost);
    return exchange_.next_roster(roster, test::four_members, sequencer_.directory());
  };
  EXPECT_EQ(alone(next(false)), "hub-key-missing");
  EXPECT_EQ(alone(next(true)), "hub-key-missing");

  const auto hub_with = [&](std::vector<crypto::PublicKey> keys) {
    HubState state(exchange_.genesis());
    state.tree = sequencer_.tree();
    state.directory = sequencer_.directory();
    return Sequencer(std::move(state), AdmissionLimits{}, std::move(keys));
  };
  const auto told = [&](Sequencer hub, const std::string& entry) {
    test::must(hub.offer(1, "AM", entry));
    return said(hub.decide(log_.answer(hub.begin()), kNow));
  };
  const crypto::PublicKey first = test::signing_public("hub log 1");
  const crypto::PublicKey second = test::signing_public("hub log 2");
  EXPECT_EQ(told(hub_with({first, second}), next(false)), Words{"at 8"});
  EXPECT_EQ(told(hub_with({second}), next(false)), Words{"hub-key-missing"});
  EXPECT_EQ(told(hub_with({second}), next(true)), Words{"at 8"});
}

// C-136: whatever speaks of an entry of this batch, refusals too, waits for the batch.
TEST_F(SequencerTest, AnswersAboutTheBatchWaitForItsCommit) {
  const v1::Draft logged = draft();
  ASSERT_EQ(alone(envelope(logged)), "at 8");
  const v1::Draft one = draft();
  v1::Draft other = one;
  other.set_status(v1::STATUS_EXERCISE);
  for (const std::string& bytes : {envelope(one), envelope(one), envelope(other), envelope(logged),
                                   notice(exchange_, draft(), {.seen = std::nullopt})}) {
    ASSERT_EQ(offer(bytes), "good");
  }
  const Decision decision = turn(sequencer_, log_);
  EXPECT_EQ(said(decision),
            (Words{"at 9", "still at 9", "notice-id-reused", "still at 8", "foreign-log"}));
  std::vector<bool> waits;
  waits.reserve(decision.outcomes.size());
  for (const Outcome& one_outcome : decision.outcomes) {
    waits.push_back(one_outcome.waits);
  }
  EXPECT_EQ(waits, (std::vector{true, true, true, false, false}));
}

// C-145
TEST_F(SequencerTest, CreatedAtMustNotRunBackwardsWithinAPrecedence) {
  EXPECT_EQ(alone(stamped(v1::PRECEDENCE_ROUTINE, 5000)), "at 8");
  EXPECT_EQ(alone(stamped(v1::PRECEDENCE_ROUTINE, 4999)), "out-of-order");
  EXPECT_EQ(alone(stamped(v1::PRECEDENCE_ROUTINE, 5000)), "out-of-order");
  EXPECT_EQ(alone(stamped(v1::PRECEDENCE_ROUTINE, 5001)), "at 9");
  // Across precedences there is no order, since the urgent overtakes.
  EXPECT_EQ(alone(stamped(v1::PRECEDENCE_FLASH, 10)), "at 10");
  EXPECT_EQ(turn_with({stamped(v1::PRECEDENCE_ROUTINE, 7000), stamped(v1::PRECEDENCE_ROUTINE, 6000),
                       stamped(v1::PRECEDENCE_FLASH, 11)}),
            (Words{"at 11", "at 12", "out-of-order"}));
}

// C-146
TEST_F(SequencerTest, ANoticeWaitsForTheOneBeforeIt) {
  const auto offered = [&](v1::Precedence precedence, std::uint64_t at, std::uint64_t previous) {
    test::must(sequencer_.offer(
        1, "AM", test::must(exchange::parse_envelope(stamped(precedence, at), exchange_.genesis())),
        previous));
  };
  offered(v1::PRECEDENCE_ROUTINE, 5002, 5001);
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"gap"});
  // In one batch they follow each other; a precedence does not wait for another.
  offered(v1::PRECEDENCE_ROUTINE, 5001, 0);
  offered(v1::PRECEDENCE_ROUTINE, 5002, 5001);
  offered(v1::PRECEDENCE_FLASH, 5004, 5003);
  offered(v1::PRECEDENCE_ROUTINE, 5006, 5005);
  offered(v1::PRECEDENCE_ROUTINE, 5007, 5002);
  EXPECT_EQ(said(turn(sequencer_, log_)), (Words{"gap", "at 8", "at 9", "gap", "at 10"}));
}

// C-145: what was refused leaves no trace in the clocks, and another key has its own.
TEST_F(SequencerTest, OnlyWhatIsLoggedMovesAKeysClock) {
  v1::Draft unknown = draft();
  unknown.mutable_recipients(0)->set_member("XX");
  EXPECT_EQ(alone(notice(exchange_, unknown, {.seen = head(), .created_at_us = 9000})),
            "unknown-recipient");
  EXPECT_EQ(alone(stamped(v1::PRECEDENCE_ROUTINE, 5000)), "at 8");
  ASSERT_EQ(log_.commits().back().clocks.size(), 1U);
  EXPECT_EQ(log_.commits().back().clocks.front().key_id, node_id("AM"));
  EXPECT_EQ(log_.commits().back().clocks.front().created_at_us, 5000U);
  EXPECT_EQ(offer(notice(exchange_, draft("BY"), {.seen = head(), .created_at_us = 10}), "BY"),
            "good");
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"at 9"});
}

// C-145: also after a start.
TEST_F(SequencerTest, StartsFromTheClocksTreeAndTimeOfItsState) {
  HubState state(exchange_.genesis());
  state.tree = sequencer_.tree();
  state.directory = sequencer_.directory();
  state.accepted_at_ms = kNow + 5;
  state.clocks = {{node_id("AM"), static_cast<std::uint32_t>(v1::PRECEDENCE_ROUTINE), 5000}};
  Sequencer resumed(std::move(state), AdmissionLimits{}, log_keys());
  test::must(resumed.offer(1, "AM", stamped(v1::PRECEDENCE_ROUTINE, 5000)));
  test::must(resumed.offer(1, "AM", stamped(v1::PRECEDENCE_ROUTINE, 5001)));
  const Decision decision = turn(resumed, log_);
  EXPECT_EQ(said(decision), (Words{"out-of-order", "at 8"}));
  EXPECT_EQ(log_.commits().back().accepted_at_ms, kNow + 5);
}

// C-134 says it of a node's link; a notice says it of itself, under its origin's signature.
TEST_F(SequencerTest, ANoticeNamesAHeadOfThisLog) {
  const v1::TreeHead old = head();
  EXPECT_EQ(seeing(old), "at 8");
  EXPECT_EQ(turn_with({envelope(draft()), envelope(draft())}), (Words{"at 9", "at 10"}));
  EXPECT_EQ(seeing(old), "at 11");  // An older head of this log.
  EXPECT_EQ(seeing(head()), "at 12");

  EXPECT_EQ(seeing(std::nullopt), "foreign-log");
  v1::TreeHead other = head();
  (*other.mutable_root())[31] ^= 1;
  EXPECT_EQ(seeing(other), "foreign-log");  // Another log of this size.
  other = old;
  (*other.mutable_root())[0] ^= 1;
  EXPECT_EQ(seeing(other), "foreign-log");  // Of an older size.
  v1::TreeHead between = old;
  between.set_size(10);  // Inside a batch: the hub never signed a head there.
  EXPECT_EQ(seeing(between), "foreign-log");
  v1::TreeHead ahead = head();
  ahead.set_size(ahead.size() + 1);
  EXPECT_EQ(seeing(ahead), "foreign-log");
  EXPECT_EQ(sequencer_.tree().size(), 13U);
}

TEST_F(SequencerTest, AsksTheStoreForNoSizeThatItCannotHave) {
  v1::TreeHead ahead = head();
  for (const std::uint64_t size :
       {std::numeric_limits<std::uint64_t>::max(), kFirst + 1, kFirst, kFirst - 1, kFirst - 1}) {
    ahead.set_size(size);
    ASSERT_EQ(offer(notice(exchange_, draft(), {.seen = ahead})), "good");
  }
  const Questions questions = sequencer_.begin();
  EXPECT_EQ(questions.ids.size(), 5U);
  EXPECT_EQ(questions.head_sizes, std::vector{kFirst - 1});
}

TEST_F(SequencerTest, TheBadOnesOfABatchDoNotTouchTheGoodOnes) {
  v1::Draft unknown = draft();
  unknown.mutable_recipients(0)->set_member("XX");
  const Words words =
      turn_with({envelope(draft()), envelope(unknown), envelope(draft()),
                 notice(exchange_, draft(), {.seen = std::nullopt}), envelope(draft())});
  EXPECT_EQ(words, (Words{"at 8", "unknown-recipient", "at 9", "foreign-log", "at 10"}));
  const Commit& commit = log_.commits().back();
  EXPECT_EQ(commit.entries.size(), 3U);
  EXPECT_EQ(commit.size_before, 8U);
  EXPECT_EQ(commit.size_after, 11U);
}

TEST_F(SequencerTest, ABatchOfBadOnesIsNoCommit) {
  ASSERT_EQ(offer(notice(exchange_, draft(), {.seen = std::nullopt})), "good");
  const Decision decision = sequencer_.decide(log_.answer(sequencer_.begin()), kNow);
  EXPECT_FALSE(decision.commit.has_value());
  EXPECT_EQ(sequencer_.tree().size(), kFirst);
  EXPECT_TRUE(sequencer_.begin().ids.empty());  // Ready for the next turn, and nothing was kept.
  EXPECT_TRUE(sequencer_.decide({}, kNow).outcomes.empty());
}

// C-136: between decide() and committed() the log is where it was.
TEST_F(SequencerTest, NothingMovesBeforeTheCommit) {
  const Hash root = sequencer_.tree().root();
  const Hash directory = sequencer_.directory().root();
  ASSERT_EQ(offer(exchange_.enrol(test::person_entry("AM"), exchange_.directory())), "good");
  const Decision decision = sequencer_.decide(log_.answer(sequencer_.begin()), kNow);
  const Commit commit = commit_of(decision);
  EXPECT_EQ(sequencer_.tree().root(), root);
  EXPECT_EQ(sequencer_.tree().size(), kFirst);
  EXPECT_EQ(sequencer_.directory().root(), directory);
  EXPECT_EQ(sequencer_.accepted_at_ms(), kNow - 1000);
  sequencer_.committed();
  EXPECT_EQ(sequencer_.tree().root(), commit.root_after);
  EXPECT_EQ(sequencer_.tree().edge_bytes(), commit.edge_after);
  EXPECT_EQ(sequencer_.directory().root(), commit.directory);
  EXPECT_EQ(sequencer_.accepted_at_ms(), kNow);

  // The same of notices.
  log_.commit(commit);
  ASSERT_EQ(offer(envelope(draft())), "good");
  const Commit next = commit_of(sequencer_.decide(log_.answer(sequencer_.begin()), kNow + 1));
  EXPECT_EQ(sequencer_.tree().root(), commit.root_after);
  EXPECT_EQ(sequencer_.accepted_at_ms(), kNow);
  sequencer_.committed();
  EXPECT_EQ(sequencer_.tree().root(), next.root_after);
}

using SequencerDeathTest = SequencerTest;

TEST_F(SequencerDeathTest, StopsWhereTheLoopBreaksItsOrder) {
  EXPECT_DEATH(sequencer_.committed(), "next_");
  ASSERT_EQ(offer(envelope(draft())), "good");
  EXPECT_DEATH(static_cast<void>(sequencer_.decide(Answers{.known = {{}}, .heads = {}}, kNow)),
               "batch_");
  const Answers answers = log_.answer(sequencer_.begin());
  EXPECT_DEATH(static_cast<void>(sequencer_.begin()), "batch_");
  ASSERT_TRUE(sequencer_.decide(answers, kNow).commit.has_value());
  EXPECT_DEATH(static_cast<void>(sequencer_.begin()), "next_");
}

// C-104
TEST_F(SequencerTest, TheLogsTimeNeverRunsBackwards) {
  EXPECT_EQ(turn_with({envelope(draft())}, kNow), Words{"at 8"});
  EXPECT_EQ(turn_with({envelope(draft())}, kNow - 500), Words{"at 9"});
  EXPECT_EQ(turn_with({envelope(draft())}, 0), Words{"at 10"});
  EXPECT_EQ(turn_with({envelope(draft())}, kNow + 1), Words{"at 11"});
  std::vector<std::uint64_t> times;
  for (auto i = static_cast<std::size_t>(kFirst); i < log_.commits().size(); ++i) {
    times.push_back(log_.commits()[i].accepted_at_ms);
    EXPECT_EQ(log_.commits()[i].entries.front().leaf.accepted_at_ms, times.back());
  }
  EXPECT_EQ(times, (std::vector{kNow, kNow, kNow, kNow + 1}));
}

// C-100, C-101
TEST_F(SequencerTest, ACommitIsTheBatchItsLeavesAndTheHeadAfterThem) {
  ASSERT_EQ(turn_with({envelope(draft()), envelope(draft())}), (Words{"at 8", "at 9"}));
  const Commit& commit = log_.commits().back();
  EXPECT_EQ(commit.type, ledger::LeafType::kNotice);
  EXPECT_EQ(commit.directory, sequencer_.directory().root());
  // The tree of all leaves, made again from nothing.
  std::vector<Hash> leaves;
  for (const NewEntry& entry : log_.entries()) {
    leaves.push_back(ledger::leaf_hash(entry.leaf));
    EXPECT_EQ(entry.leaf.entry, entry.envelope.entry);
  }
  EXPECT_EQ(commit.root_after, ledger::tree_root(leaves));
  EXPECT_EQ(commit.root_before, ledger::tree_root(std::span(leaves).first(8)));
  EXPECT_EQ(exchange::readers_of(commit.entries[1].envelope.draft), (Names{"AM", "BY"}));
  // C2SP tlog-checkpoint: origin, size, root in base64, a line each.
  EXPECT_EQ(commit.checkpoint_body("chancery.test/trial"),
            ledger::checkpoint_body(
                {.origin = "chancery.test/trial", .size = 10, .root = commit.root_after}));
}

// C-139
TEST_F(SequencerTest, ANoticeEntersTheFeedOfItsRecipientsAndOfItsOrigin) {
  ASSERT_EQ(offer(envelope(exchange_.draft("KG", {"TJ", "AM"}, "contact")), "KG"), "good");
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"at 8"});
  EXPECT_EQ(exchange::readers_of(log_.entries().back().envelope.draft), (Names{"AM", "KG", "TJ"}));
}

// C-101, C-139
TEST_F(SequencerTest, ADirectoryEntryIsABatchOfItsOwnAndEntersNoFeed) {
  ASSERT_EQ(offer(envelope(draft())), "good");
  ASSERT_EQ(offer(exchange_.enrol(test::person_entry("AM"), exchange_.directory())), "good");
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"at 8"});
  const Commit entry = log_.commits().back();
  EXPECT_EQ(entry.type, ledger::LeafType::kDirectory);
  EXPECT_EQ(entry.entries.size(), 1U);
  EXPECT_TRUE(exchange::readers_of(entry.entries.front().envelope.draft).empty());
  EXPECT_EQ(entry.directory, sequencer_.directory().root());  // C-100: the state after it.
  EXPECT_NE(entry.directory, exchange_.directory().root());
  // The notice that came before it is judged by the state of its own turn.
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"at 9"});
  EXPECT_EQ(log_.entries().back().leaf.directory, entry.directory);
}

TEST_F(SequencerTest, ADirectoryEntryThatBreaksARuleChangesNothing) {
  const Hash before = sequencer_.directory().root();
  const std::string person = exchange_.enrol(test::person_entry("AM"), exchange_.directory());
  EXPECT_EQ(alone(person), "at 8");
  EXPECT_EQ(alone(person), "still at 8");  // C-137
  // C-64: made on the state before, its slot is taken.
  EXPECT_EQ(alone(exchange_.enrol(test::person_entry("AM"), exchange_.directory())),
            "slot-conflict");
  // C-65: three of four.
  EXPECT_EQ(alone(exchange_.next_roster(exchange_.roster(), Names{"AM", "BY", "KG"},
                                        sequencer_.directory())),
            "assent-missing");
  EXPECT_EQ(sequencer_.tree().size(), 9U);
  EXPECT_NE(sequencer_.directory().root(), before);
}

// C-76: from the next turn on, what an entry says is in force.
TEST_F(SequencerTest, ARevocationCountsFromTheNextTurnOn) {
  EXPECT_EQ(alone(envelope(draft())), "at 8");
  const std::string revocation =
      exchange_.entry(test::revocation_of(node_id("AM")), Names{test::authority_name("AM")},
                      sequencer_.directory());
  EXPECT_EQ(alone(revocation), "at 9");
  EXPECT_EQ(alone(envelope(draft())), "revoked-key");
}

// C-80 to C-94: the hub asks the policy, and its code reaches the origin as it is.
TEST_F(SequencerTest, EveryRuleOfThePolicyKeepsItsCode) {
  const auto changed = [&](const auto& change) {
    v1::Draft made = draft();
    change(made);
    return alone(envelope(made));
  };
  EXPECT_EQ(changed([](v1::Draft& d) { d.set_expires_at_ms(kNow); }), "expired");
  EXPECT_EQ(changed([](v1::Draft& d) { d.set_expires_at_ms(kNow + 1); }), "at 8");
  EXPECT_EQ(changed([](v1::Draft& d) { d.clear_recipients(); }), "no-recipients");
  EXPECT_EQ(changed([](v1::Draft& d) { d.mutable_recipients(0)->set_member("XX"); }),
            "unknown-recipient");
  EXPECT_EQ(changed([](v1::Draft& d) { d.mutable_label()->set_classification("cosmic"); }),
            "unknown-classification");
  EXPECT_EQ(changed([](v1::Draft& d) { d.set_kind("threat.alert"); }), "seal-required");
  EXPECT_EQ(changed([](v1::Draft& d) {
              d.mutable_recipients(0)->set_member("UN");
              d.mutable_label()->set_tlp(v1::TLP_RED);
            }),
            "partner-forbidden");
  const v1::Draft not_granted = exchange_.draft("UN", {"AM"}, "training");
  ASSERT_EQ(offer(envelope(not_granted), "UN"), "good");
  EXPECT_EQ(said(turn(sequencer_, log_)), Words{"kind-not-granted"});
}

// C-40, C-42, C-90, C-93
TEST_F(SequencerTest, EveryAlteredPartKeepsItsCode) {
  const test::Unsigned made = unsigned_notice(exchange_, draft(), {.seen = head()});
  EXPECT_EQ(alone(exchange_.sign(made, signing_key("BY"))), "wrong-origin");
  EXPECT_EQ(alone(exchange_.sign(made, "somebody")), "unknown-key");
  const exchange::Envelope good = exchange_.parse(exchange_.sign(made, signing_key("AM")));

  v1::Header header = good.header;
  header.set_salt(std::string(16, 'x'));
  EXPECT_EQ(alone(exchange::envelope_bytes(header.SerializeAsString(), good.body_bytes,
                                           good.signatures_bytes)),
            "bad-signature");
  header = good.header;
  header.set_version(2);
  EXPECT_EQ(alone(exchange::envelope_bytes(header.SerializeAsString(), good.body_bytes,
                                           good.signatures_bytes)),
            "unknown-version");
  EXPECT_EQ(alone(exchange::envelope_bytes(good.header_bytes, exchange::clear_body("other"),
                                           good.signatures_bytes)),
            "bad-signature");
  v1::Signatures signatures = test::signatures_of(good);
  signatures.mutable_signatures(0)->mutable_batch()->set_tree_size(2);
  EXPECT_EQ(alone(exchange::envelope_bytes(good.header_bytes, good.body_bytes,
                                           signatures.SerializeAsString())),
            "bad-batch-path");
  EXPECT_EQ(alone(exchange::envelope_bytes(good.header_bytes, good.body_bytes, "")),
            "signature-missing");
  EXPECT_EQ(sequencer_.tree().size(), kFirst);
}

// C-31: D holds the genesis, so what another exchange's node signed verifies nowhere else.
TEST_F(SequencerTest, ANoticeOfAnotherExchangeIsRefused) {
  TestExchange other({.name = "other"});
  EXPECT_EQ(alone(notice(other, draft(), {.seen = head()})), "bad-signature");
}

TEST_F(SequencerTest, ABatchHoldsAtMostItsCount) {
  std::vector<test::Unsigned> made;
  for (std::size_t i = 0; i <= kSequencedCountMax; ++i) {
    made.push_back(unsigned_notice(exchange_, draft(), {.seen = head()}));
  }
  for (const std::string& bytes : exchange_.sign(made, signing_key("AM"))) {
    ASSERT_EQ(offer(bytes), "good");
  }
  const Decision decision = turn(sequencer_, log_);
  EXPECT_EQ(decision.outcomes.size(), kSequencedCountMax);
  EXPECT_EQ(said(decision).back(), "at " + std::to_string(kFirst + kSequencedCountMax - 1));
  EXPECT_TRUE(sequencer_.has_work());
  // The head that the last one saw is older now, and still of this log.
  EXPECT_EQ(said(turn(sequencer_, log_)),
            Words{"at " + std::to_string(kFirst + kSequencedCountMax)});
  EXPECT_FALSE(sequencer_.has_work());
}

// A large notice, or a thousand of them, is no reason to hold on to memory.
TEST_F(SequencerTest, SmallEnvelopesAreParsedIntoAgainAndNotManyAreKept) {
  const auto entry = [](std::size_t header_bytes, std::size_t body_bytes,
                        std::size_t signatures_bytes) {
    NewEntry made;
    made.envelope.header_bytes = std::string(header_bytes, 'h');
    made.envelope.body_bytes = std::string(body_bytes, 'b');
    made.envelope.signatures_bytes = std::string(signatures_bytes, 's');
    return made;
  };
  const auto is_used = [&] { return !sequencer_.spare_envelope().header_bytes.empty(); };
  EXPECT_FALSE(is_used());
  sequencer_.spare({entry(400, 3400, 296), entry(400, 3400, 297), entry(400, 800'000, 300),
                    entry(30'000, 1100, 300), entry(400, 1100, 60'000)});
  EXPECT_TRUE(is_used());
  EXPECT_FALSE(is_used());
  sequencer_.spare(std::vector<NewEntry>(2 * kSequencedCountMax, entry(400, 1100, 300)));
  std::size_t kept = 0;
  while (is_used()) {
    ++kept;
  }
  EXPECT_EQ(kept, kSequencedCountMax);
}

}  // namespace
}  // namespace chancery::broker
