#include "node/core/link.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/exchange/compose.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "tests/support/keys.h"
#include "tests/support/outcome.h"

namespace chancery::node {
namespace {

using test::must;
using test::outcome;

Hash hash_named(std::string_view name) {
  return hash_from(test::seeded_bytes(name, 32));
}

const Hash genesis = hash_named("genesis");

v1::TreeHead head(std::uint64_t size) {
  return exchange::tree_head(size, hash_named("root " + std::to_string(size)));
}

v1::DownMessage welcome(const v1::TreeHead& hub_head, const Hash& hub_genesis = genesis) {
  v1::DownMessage message;
  message.mutable_welcome()->set_protocol(1);
  message.mutable_welcome()->set_genesis(to_string(hub_genesis));
  *message.mutable_welcome()->mutable_head() = hub_head;
  return message;
}

v1::DownMessage fault(ErrorCode code) {
  v1::DownMessage message;
  message.mutable_fault()->set_code(static_cast<std::uint32_t>(code));
  return message;
}

// Batches of so many entries each, from an index on.
v1::Batches batches_from(std::uint64_t first, const std::vector<std::size_t>& counts,
                         std::uint64_t log_size) {
  v1::Batches batches;
  batches.set_log_size(log_size);
  for (const std::size_t count : counts) {
    v1::LogBatch& batch = *batches.add_batches();
    batch.set_first_index(first);
    batch.set_entries(std::string(count * 32, 'e'));
    first += count;
  }
  return batches;
}

// Each (index, previous).
v1::Deliver deliver_of(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& list,
                       bool urgent = false) {
  v1::Deliver deliver;
  deliver.set_urgent(urgent);
  for (const auto& [index, previous] : list) {
    v1::Delivery& delivery = *deliver.add_deliveries();
    delivery.set_index(index);
    delivery.set_previous(previous);
    delivery.set_envelope("envelope " + std::to_string(index));
  }
  return deliver;
}

class LinkTest : public testing::Test {
 protected:
  explicit LinkTest(std::uint64_t size = 10, std::uint64_t cursor = 5, std::uint64_t credits = 4)
      : link_({.genesis = genesis,
               .program = "test 1",
               .instance = "sixteen bytes...",
               .windows = {.patient = {.items = credits, .bytes = 1U << 20U},
                           .urgent = {.items = 2, .bytes = 1U << 10U}}},
              {.followed_size = size,
               .followed_root = hash_named("root " + std::to_string(size)),
               .checkpoint = {},
               .cursors = {.patient = cursor, .urgent = cursor}}) {}

  // What the link sends now: each message in strict reading (C-130).
  std::vector<v1::UpMessage> sent() {
    std::vector<v1::UpMessage> messages;
    for (const std::string& bytes : link_.take_outgoing()) {
      EXPECT_LE(bytes.size(), exchange::kUpFrameBytesMax);
      messages.push_back(must(exchange::parse_wire<v1::UpMessage>(bytes)));
    }
    return messages;
  }
  // Only fetches are sent: "batches 10".
  std::vector<std::string> fetches() {
    std::vector<std::string> words;
    for (const v1::UpMessage& message : sent()) {
      EXPECT_TRUE(message.has_fetch()) << message.ShortDebugString();
      const bool batches = message.fetch().kind() == v1::FETCH_KIND_BATCHES;
      const bool urgent = message.fetch().precedence_min() == v1::PRECEDENCE_IMMEDIATE;
      words.push_back((batches  ? "batches "
                       : urgent ? "urgent "
                                : "deliveries ") +
                      std::to_string(message.fetch().from()));
    }
    return words;
  }
  void go_up(std::uint64_t hub_size = 10) {
    link_.connected();
    ASSERT_EQ(outcome(link_.control(welcome(head(hub_size)))), "good");
    ASSERT_EQ(link_.phase(), LinkPhase::kUp);
    static_cast<void>(link_.take_outgoing());
  }
  std::vector<std::uint64_t> first_indices(v1::Batches batches) {
    std::vector<std::uint64_t> indices;
    for (const v1::LogBatch& batch : link_.batches(std::move(batches))) {
      indices.push_back(batch.first_index());
    }
    return indices;
  }
  void follow_to(std::uint64_t size) {
    link_.followed(size, hash_named("root " + std::to_string(size)),
                   "checkpoint " + std::to_string(size));
  }
  std::vector<std::uint64_t> taken() {
    std::vector<std::uint64_t> indices;
    for (const exchange::Lane lane : exchange::kLanes) {
      while (const std::optional<v1::Delivery> delivery = link_.take_delivery(lane)) {
        indices.push_back(delivery->index());
      }
      EXPECT_FALSE(link_.has_delivery(lane));
    }
    return indices;
  }

  Link link_;
};

using exchange::Lane;
using Indices = std::vector<std::uint64_t>;
using Words = std::vector<std::string>;

// C-132, C-133, C-134
TEST_F(LinkTest, SaysHelloFirstWithWhereItStands) {
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(link_.phase(), LinkPhase::kDown);
  link_.connected();
  EXPECT_EQ(link_.phase(), LinkPhase::kGreeting);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  const v1::Hello& hello = messages[0].hello();
  EXPECT_EQ(hello.protocol(), 1U);
  EXPECT_EQ(hello.genesis(), as_view(genesis));
  EXPECT_EQ(hello.cursor(), 5U);
  EXPECT_EQ(hello.followed().size(), 10U);
  EXPECT_EQ(hello.followed().root(), head(10).root());
  EXPECT_FALSE(hello.has_cosigned());
  EXPECT_EQ(hello.credits().items(), 4U);
  EXPECT_EQ(hello.credits().bytes(), 1U << 20U);
  EXPECT_EQ(hello.program(), "test 1");
  EXPECT_EQ(hello.instance(), "sixteen bytes...");
}

TEST_F(LinkTest, ANewConnectionForgetsWhatWasMeantForTheOldOne) {
  go_up();
  link_.ping(7);
  link_.deliver(deliver_of({{11, 5}}));
  EXPECT_EQ(link_.held_count(), 1U);
  link_.disconnected();
  EXPECT_EQ(link_.phase(), LinkPhase::kDown);
  link_.connected();
  EXPECT_EQ(link_.held_count(), 0U);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_TRUE(messages[0].has_hello());
}

TEST_F(LinkTest, NothingIsTakenBeforeTheWelcome) {
  link_.connected();
  static_cast<void>(sent());
  EXPECT_TRUE(first_indices(batches_from(10, {1}, 11)).empty());
  link_.deliver(deliver_of({{6, 5}}));
  EXPECT_TRUE(taken().empty());
  EXPECT_TRUE(sent().empty());
}

// C-102
TEST_F(LinkTest, FetchesByPagesUntilItHasTheHubsSize) {
  link_.connected();
  static_cast<void>(sent());
  ASSERT_EQ(outcome(link_.control(welcome(head(20)))), "good");
  EXPECT_EQ(link_.hub_size(), 20U);
  EXPECT_EQ(fetches(), Words{"batches 10"});
  EXPECT_EQ(first_indices(batches_from(10, {3, 2}, 20)), (Indices{10, 13}));
  follow_to(13);
  follow_to(15);
  EXPECT_EQ(fetches(), Words{"batches 15"}) << "once for a page, where it ends";
  EXPECT_EQ(first_indices(batches_from(15, {5}, 20)), Indices{15});
  follow_to(20);
  EXPECT_TRUE(fetches().empty());
  EXPECT_EQ(link_.position().followed_size, 20U);
}

// What was pushed meanwhile may make all of a page known: the next is asked for nonetheless.
TEST_F(LinkTest, APageThatIsKnownIsFollowedByTheNext) {
  go_up(20);
  EXPECT_EQ(first_indices(batches_from(10, {1}, 20)), Indices{10}) << "a push in the page's place";
  follow_to(11);
  EXPECT_EQ(fetches(), Words{"batches 11"});
  EXPECT_EQ(first_indices(batches_from(10, {1, 1, 1}, 20)), (Indices{11, 12}));
  follow_to(13);
  EXPECT_TRUE(fetches().empty()) << "the page from 11 is still on its way";
  EXPECT_TRUE(first_indices(batches_from(11, {1, 1}, 20)).empty());
  EXPECT_EQ(fetches(), Words{"batches 13"});
}

// C-144
TEST_F(LinkTest, APageThatWasLostIsAskedForAgainAndOneThatIsOnItsWayIsNot) {
  link_.connected();
  ASSERT_EQ(outcome(link_.control(welcome(head(20)))), "good");
  static_cast<void>(sent());
  v1::DownMessage pong;
  pong.mutable_pong()->set_log_size(20);
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_TRUE(fetches().empty()) << "of a Ping before the Fetch";
  link_.ping(1);
  static_cast<void>(sent());
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_EQ(fetches(), Words{"batches 10"}) << "the Pong overtook the page";
  link_.ping(2);
  EXPECT_EQ(first_indices(batches_from(10, {3}, 20)), Indices{10});
  follow_to(13);
  static_cast<void>(sent());
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_TRUE(fetches().empty()) << "the next one was asked for after the Ping";
}

TEST_F(LinkTest, AGapInTheBatchesIsAskedForOnce) {
  go_up();
  EXPECT_TRUE(first_indices(batches_from(12, {1}, 13)).empty());
  EXPECT_TRUE(first_indices(batches_from(13, {1}, 14)).empty());
  EXPECT_EQ(fetches(), Words{"batches 10"});
  EXPECT_EQ(first_indices(batches_from(10, {2, 1, 1}, 14)), (Indices{10, 12, 13}));
  follow_to(14);
  EXPECT_TRUE(fetches().empty());
  // The next gap is another one.
  EXPECT_TRUE(first_indices(batches_from(15, {1}, 16)).empty());
  EXPECT_EQ(fetches(), Words{"batches 14"});
}

// C-141: what was lost may be a push, and the page that was asked for as well.
TEST_F(LinkTest, WhoIsToldOnlyHowLongTheLogIsAsksForWhatItLacks) {
  go_up();
  EXPECT_TRUE(first_indices(batches_from(0, {}, 10)).empty());
  EXPECT_TRUE(fetches().empty());
  EXPECT_TRUE(first_indices(batches_from(0, {}, 12)).empty());
  EXPECT_EQ(fetches(), Words{"batches 10"});
  EXPECT_TRUE(first_indices(batches_from(0, {}, 13)).empty());
  EXPECT_EQ(fetches(), Words{"batches 10"}) << "that page may be what found no room";
  EXPECT_EQ(first_indices(batches_from(10, {3}, 13)), Indices{10});
}

TEST_F(LinkTest, BatchesThatAreKnownAreDropped) {
  go_up();
  EXPECT_EQ(first_indices(batches_from(8, {1, 1, 1}, 11)), Indices{10});
  follow_to(11);
  EXPECT_TRUE(first_indices(batches_from(10, {1}, 11)).empty());
  EXPECT_TRUE(fetches().empty());
}

TEST_F(LinkTest, WhatComesAfterAGapInOneMessageIsNotTaken) {
  go_up();
  v1::Batches batches = batches_from(10, {1}, 14);
  batches.MergeFrom(batches_from(12, {1, 1}, 14));
  EXPECT_EQ(first_indices(std::move(batches)), Indices{10});
  follow_to(11);
  EXPECT_EQ(fetches(), Words{"batches 11"});
}

// C-139
TEST_F(LinkTest, DeliveriesAreTakenInOrderAndOnce) {
  go_up();
  link_.deliver(deliver_of({{6, 5}, {8, 7}}));
  link_.deliver(deliver_of({{6, 5}, {8, 7}, {9, 9}}));
  EXPECT_EQ(taken(), (Indices{6, 8, 9}));
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_TRUE(messages[0].has_credit()) << "or a hub that went back too far would send no more";
}

// C-139: `previous` shows what was lost at once.
TEST_F(LinkTest, ALostDeliveryIsAskedFor) {
  go_up();
  link_.deliver(deliver_of({{6, 5}, {9, 8}}));
  EXPECT_EQ(fetches(), Words{"deliveries 7"});
  EXPECT_EQ(taken(), Indices{6});
  link_.deliver(deliver_of({{7, 7}, {9, 8}}));
  EXPECT_EQ(taken(), (Indices{7, 9}));
  EXPECT_TRUE(fetches().empty());
}

TEST_F(LinkTest, ADeliveryAheadOfTheLogIsHeldUntilTheLogIsThere) {
  go_up();
  link_.deliver(deliver_of({{9, 5}, {10, 10}, {11, 11}}));
  EXPECT_EQ(taken(), Indices{9});
  EXPECT_EQ(link_.held_count(), 2U);
  follow_to(11);
  EXPECT_EQ(taken(), Indices{10});
  follow_to(12);
  EXPECT_EQ(taken(), Indices{11});
  EXPECT_EQ(link_.held_count(), 0U);
}

// C-140: at the credits, and one over.
TEST_F(LinkTest, HoldsNoMoreThanItGaveCreditsFor) {
  go_up();
  link_.deliver(deliver_of({{10, 5}, {11, 11}, {12, 12}, {13, 13}}));
  EXPECT_EQ(link_.held_count(), 4U);
  EXPECT_TRUE(fetches().empty());
  link_.deliver(deliver_of({{14, 14}, {15, 15}}));
  EXPECT_EQ(link_.held_count(), 4U);
  EXPECT_EQ(fetches(), Words{"deliveries 14"});
  follow_to(16);
  EXPECT_EQ(taken(), (Indices{10, 11, 12, 13}));
  link_.deliver(deliver_of({{14, 14}, {15, 15}}));
  EXPECT_EQ(taken(), (Indices{14, 15}));
}

class AlarmTest : public LinkTest {
 protected:
  void expect_nothing_more_is_taken(LinkPhase phase) {
    EXPECT_EQ(link_.phase(), phase);
    static_cast<void>(link_.take_outgoing());
    EXPECT_TRUE(first_indices(batches_from(10, {1}, 11)).empty());
    link_.deliver(deliver_of({{6, 5}}));
    EXPECT_TRUE(taken().empty());
    EXPECT_FALSE(link_.take_resend());
  }
  // As often as it is believed.
  std::string insisting(const v1::DownMessage& message) {
    for (std::uint32_t i = 1; i < Link::kContradictionsBelieved; ++i) {
      EXPECT_EQ(outcome(link_.control(message)), "good");
    }
    const std::string said = outcome(link_.control(message));
    static_cast<void>(sent());
    return said;
  }
  // A hub that came back with another log may come back with ours; until then it is shown ours.
  void expect_the_next_connection_is_greeted() {
    link_.disconnected();
    link_.connected();
    const std::vector<v1::UpMessage> messages = sent();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].hello().followed().size(), 10U);
    EXPECT_EQ(outcome(link_.control(welcome(head(9)))), "good") << "it may be late again";
    EXPECT_EQ(outcome(link_.control(welcome(head(10)))), "good");
    EXPECT_EQ(link_.phase(), LinkPhase::kUp);
  }
};

// C-134: a hub that was rolled back.
TEST_F(AlarmTest, AHubWithLessThanThisNodeVerifiedIsAnAlarm) {
  link_.connected();
  EXPECT_EQ(insisting(welcome(head(9))), "foreign-log");
  expect_nothing_more_is_taken(LinkPhase::kForeign);
  expect_the_next_connection_is_greeted();
}

// C-134: a fork.
TEST_F(AlarmTest, TheSameSizeWithAnotherRootIsAnAlarm) {
  link_.connected();
  EXPECT_EQ(insisting(welcome(exchange::tree_head(10, hash_named("other")))), "foreign-log");
  expect_nothing_more_is_taken(LinkPhase::kForeign);
  expect_the_next_connection_is_greeted();
}

// One that was said to a Hello of before, also where it comes twice.
TEST_F(AlarmTest, AWelcomeThatIsLateIsNone) {
  link_.connected();
  for (int again = 0; again < 3; ++again) {
    for (int late = 0; late < 2; ++late) {
      static_cast<void>(sent());
      EXPECT_EQ(outcome(link_.control(welcome(head(9)))), "good");
      EXPECT_EQ(link_.phase(), LinkPhase::kGreeting);
      const std::vector<v1::UpMessage> messages = sent();
      ASSERT_EQ(messages.size(), 1U);
      EXPECT_EQ(messages[0].hello().followed().size(), 10U) << "it is greeted anew";
    }
    EXPECT_EQ(outcome(link_.control(welcome(head(10)))), "good");
    EXPECT_EQ(link_.phase(), LinkPhase::kUp);
    EXPECT_EQ(outcome(link_.control(welcome(head(9)))), "good") << "and passed over";
    EXPECT_EQ(link_.phase(), LinkPhase::kUp);
    link_.disconnected();
    link_.connected();
  }
}

TEST_F(AlarmTest, WhatTheFollowerFindsIsAnAlarmToo) {
  go_up();
  EXPECT_TRUE(link_.take_resend());
  link_.alarm();
  expect_nothing_more_is_taken(LinkPhase::kAlarm);
  link_.disconnected();
  link_.connected();
  EXPECT_EQ(link_.phase(), LinkPhase::kAlarm) << "a new connection is the same hub";
  EXPECT_TRUE(sent().empty());
}

TEST_F(LinkTest, TheSameSizeAndRootIsInStep) {
  link_.connected();
  static_cast<void>(sent());
  EXPECT_EQ(outcome(link_.control(welcome(head(10)))), "good");
  EXPECT_TRUE(sent().empty());
}

// C-132
TEST_F(LinkTest, AnotherExchangeIsRefused) {
  link_.connected();
  EXPECT_EQ(outcome(link_.control(welcome(head(10), hash_named("another")))), "wrong-genesis");
  EXPECT_NE(link_.phase(), LinkPhase::kUp);
  EXPECT_FALSE(link_.take_resend());
}

// C-132: a hub that came up anew does not know the connection.
TEST_F(LinkTest, AFaultThatNamesAGapMeansHelloAgain) {
  go_up();
  EXPECT_EQ(outcome(link_.control(fault(ErrorCode::kGap))), "gap");
  EXPECT_EQ(link_.phase(), LinkPhase::kGreeting);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_TRUE(messages[0].has_hello());
}

// C-134: the hub says it itself, in place of a welcome.
TEST_F(AlarmTest, AHubThatDoesNotKnowThisNodesHeadIsAnAlarm) {
  link_.connected();
  EXPECT_EQ(outcome(link_.control(fault(ErrorCode::kForeignLog))), "foreign-log");
  expect_nothing_more_is_taken(LinkPhase::kForeign);
  expect_the_next_connection_is_greeted();
}

// C-144: a push that was lost shows in the next Pong.
TEST_F(LinkTest, APongThatNamesALargerLogMeansFetch) {
  go_up();
  v1::DownMessage pong;
  pong.mutable_pong()->set_log_size(10);
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_TRUE(fetches().empty());
  pong.mutable_pong()->set_log_size(12);
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_EQ(fetches(), Words{"batches 10"});
}

// C-144: the last delivery has no later one whose `previous` would show that it was lost.
TEST_F(LinkTest, APongThatNamesALaterDeliveryMeansFetch) {
  go_up();
  v1::DownMessage pong;
  pong.mutable_pong()->set_log_size(10);
  pong.mutable_pong()->set_delivered(5);
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_TRUE(fetches().empty());
  pong.mutable_pong()->set_delivered(8);
  EXPECT_EQ(outcome(link_.control(pong)), "good");
  EXPECT_EQ(fetches(), Words{"deliveries 5"});
}

// C-144: the link stays.
TEST_F(LinkTest, AnyOtherFaultIsReportedAndTheLinkStays) {
  go_up();
  EXPECT_EQ(outcome(link_.control(fault(ErrorCode::kWrongOrigin))), "wrong-origin");
  EXPECT_EQ(link_.phase(), LinkPhase::kUp);
  v1::DownMessage unknown;
  unknown.mutable_fault()->set_code(9999);
  EXPECT_EQ(outcome(link_.control(unknown)), "internal");
  EXPECT_TRUE(sent().empty());
}

TEST_F(LinkTest, AsksForWhatIsUnacknowledgedOnceAfterEachWelcome) {
  EXPECT_FALSE(link_.take_resend());
  go_up();
  EXPECT_TRUE(link_.take_resend());
  EXPECT_FALSE(link_.take_resend());
  EXPECT_EQ(outcome(link_.control(welcome(head(10)))), "good");
  EXPECT_FALSE(link_.take_resend()) << "a second welcome on one connection says nothing";
  go_up();
  EXPECT_TRUE(link_.take_resend());
}

// C-135: at 256 and one over.
TEST_F(LinkTest, SubmitsAtMostSoManyAtOnce) {
  go_up();
  link_.submit(std::vector<Outbound>(exchange::kSubmitCountMax, {"e"}));
  EXPECT_EQ(sent().size(), 1U);
  link_.submit(std::vector<Outbound>(exchange::kSubmitCountMax + 1, {"e"}));
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].submit().envelopes_size(), 256);
  EXPECT_EQ(messages[1].submit().envelopes_size(), 1);
  link_.submit({});
  EXPECT_TRUE(sent().empty());
}

TEST_F(LinkTest, SubmitsAreSplitByBytesAndLoseNothing) {
  go_up();
  const std::size_t half = exchange::kFrameBytesTarget / 2;
  const std::vector<std::string> envelopes = {
      std::string(half, 'a'), std::string(half, 'b'), std::string(1, 'c'),
      std::string(exchange::kEnvelopeBytesMax, 'd'), std::string(1, 'e')};
  std::vector<Outbound> notices;
  notices.reserve(envelopes.size());
  for (const std::string& envelope : envelopes) {
    notices.push_back({envelope});
  }
  link_.submit(notices);
  std::vector<std::string> submitted;
  std::vector<int> counts;
  for (const v1::UpMessage& message : sent()) {
    counts.push_back(message.submit().envelopes_size());
    submitted.insert(submitted.end(), message.submit().envelopes().begin(),
                     message.submit().envelopes().end());
  }
  EXPECT_EQ(counts, (std::vector<int>{2, 1, 1, 1}));
  EXPECT_EQ(submitted, envelopes);
}

// C-146
TEST_F(LinkTest, SaysWhichNoticeHasToComeBefore) {
  go_up();
  std::vector<Outbound> notices(exchange::kSubmitCountMax + 2, {"e"});
  notices[1].previous_us = 70;
  notices[exchange::kSubmitCountMax].previous_us = 80;
  link_.submit(notices);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 2U);
  ASSERT_EQ(messages[0].submit().predecessors_size(), 1);
  EXPECT_EQ(messages[0].submit().predecessors(0).place(), 2U);
  EXPECT_EQ(messages[0].submit().predecessors(0).created_at_us(), 70U);
  ASSERT_EQ(messages[1].submit().predecessors_size(), 1);
  EXPECT_EQ(messages[1].submit().predecessors(0).place(), 1U);
  EXPECT_EQ(messages[1].submit().predecessors(0).created_at_us(), 80U);
}

// C-133, C-140: a credit says "stored", once for all that was stored.
TEST_F(LinkTest, CreditsFollowOnlyWhatIsStored) {
  go_up();
  link_.deliver(deliver_of({{6, 5}, {8, 7}}));
  EXPECT_EQ(taken(), (Indices{6, 8}));
  EXPECT_TRUE(sent().empty()) << "taken is not stored";
  EXPECT_EQ(link_.position().cursors.patient, 5U);
  link_.stored(Lane::kPatient, 6);
  link_.stored(Lane::kPatient, 8);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].credit().cursor(), 9U);
  EXPECT_EQ(messages[0].credit().credits().items(), 4U);
  EXPECT_EQ(messages[0].credit().credits().bytes(), 1U << 20U);
  EXPECT_TRUE(sent().empty());
  link_.stored(Lane::kPatient, 6);
  EXPECT_EQ(link_.position().cursors.patient, 9U) << "a cursor never goes back";
}

// C-139: each lane has its own order, and the urgent one goes first.
TEST_F(LinkTest, AnUrgentDeliveryOvertakesWhatIsHeld) {
  go_up();
  link_.deliver(deliver_of({{6, 5}, {7, 7}}));
  link_.deliver(deliver_of({{8, 5}}, true));
  EXPECT_EQ(taken(), (Indices{8, 6, 7}));
  EXPECT_TRUE(sent().empty()) << "nothing is missing";
  link_.stored(Lane::kUrgent, 8);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].credit().cursor(), 5U);
  EXPECT_EQ(messages[0].credit().cursor_urgent(), 9U);
  EXPECT_EQ(messages[0].credit().credits_urgent().items(), 2U);
  EXPECT_EQ(messages[0].credit().credits_urgent().bytes(), 1U << 10U);
}

// C-139, C-142
TEST_F(LinkTest, AGapInALaneIsFetchedInThatLane) {
  go_up();
  link_.deliver(deliver_of({{8, 7}}, true));
  EXPECT_EQ(fetches(), Words{"urgent 5"});
  link_.deliver(deliver_of({{6, 5}}));
  EXPECT_EQ(taken(), Indices{6});
  link_.refetch(Lane::kUrgent, 6);
  EXPECT_EQ(fetches(), Words{"urgent 6"});
  link_.deliver(deliver_of({{7, 7}}));
  EXPECT_EQ(taken(), Indices{7}) << "the other lane goes on";
}

// C-140
TEST_F(LinkTest, AFullLaneLeavesTheOtherItsRoom) {
  go_up(20);
  link_.deliver(deliver_of({{11, 5}, {12, 12}, {13, 13}, {14, 14}}));
  EXPECT_TRUE(fetches().empty());
  link_.deliver(deliver_of({{15, 15}}));
  EXPECT_EQ(fetches(), Words{"deliveries 15"}) << "over what this node gave credit for";
  link_.deliver(deliver_of({{16, 5}, {17, 17}}, true));
  EXPECT_TRUE(fetches().empty());
  EXPECT_EQ(link_.held_count(), 6U);
  link_.deliver(deliver_of({{18, 18}}, true));
  EXPECT_EQ(fetches(), Words{"urgent 18"});
}

// Its part of the log comes first, and nothing patient is stored on the way there.
TEST_F(LinkTest, AnUrgentOneFarAheadOfTheLogHoldsThePatientBack) {
  const auto patient_credits = [&] {
    std::vector<std::uint64_t> items;
    for (const v1::UpMessage& message : sent()) {
      if (message.has_credit()) {
        items.push_back(message.credit().credits().items());
        EXPECT_EQ(message.credit().credits_urgent().items(), 2U);
      }
    }
    return items;
  };
  go_up(2000);
  link_.deliver(deliver_of({{521, 5}}, true));  // The log is followed to 10.
  EXPECT_TRUE(patient_credits().empty()) << "near";
  follow_to(9);
  link_.deliver(deliver_of({{1500, 522}}, true));
  EXPECT_EQ(patient_credits(), Indices{0});
  EXPECT_TRUE(patient_credits().empty()) << "said once";
  link_.deliver(deliver_of({{12, 5}}));
  EXPECT_EQ(link_.held_count(), 3U) << "what was on the way is kept";
  follow_to(522);
  EXPECT_EQ(taken(), (Indices{521, 12}));
  EXPECT_TRUE(patient_credits().empty());
  follow_to(989);
  EXPECT_EQ(patient_credits(), Indices{4});
}

// C-144
TEST_F(LinkTest, APongTellsOfALostDeliveryInEachLane) {
  go_up();
  v1::DownMessage message;
  message.mutable_pong()->set_log_size(10);
  message.mutable_pong()->set_delivered(5);
  message.mutable_pong()->set_delivered_urgent(9);
  ASSERT_EQ(outcome(link_.control(message)), "good");
  EXPECT_EQ(fetches(), Words{"urgent 5"});
}

// C-192: not before what was sent is here, and the log is followed; and not past what is asked for
// again.
TEST_F(LinkTest, NothingIsMissingBelowWhatThePongSays) {
  go_up();
  const auto pong = [&](std::uint64_t delivered, std::uint64_t caught_up) {
    v1::DownMessage message;
    message.mutable_pong()->set_log_size(12);
    message.mutable_pong()->set_delivered(delivered);
    message.mutable_pong()->set_caught_up(caught_up);
    EXPECT_EQ(outcome(link_.control(message)), "good");
  };
  EXPECT_EQ(link_.complete(), 0U) << "nobody said";
  pong(9, 12);
  EXPECT_EQ(link_.complete(), 0U) << "a delivery was lost";
  pong(5, 8);
  EXPECT_EQ(link_.complete(), 8U);
  link_.deliver(deliver_of({{8, 5}}));
  pong(9, 12);
  EXPECT_EQ(link_.complete(), 8U) << "held, and not stored";
  EXPECT_EQ(taken(), Indices{8});
  EXPECT_EQ(link_.complete(), 10U) << "as far as the log is followed";
  follow_to(12);
  EXPECT_EQ(link_.complete(), 12U);
  pong(9, 3);
  EXPECT_EQ(link_.complete(), 12U) << "what is here stays here";
  link_.refetch(Lane::kPatient, 8);
  EXPECT_EQ(link_.complete(), 8U);
}

// C-133
TEST_F(LinkTest, AfterAReconnectTheHelloNamesWhatIsStored) {
  go_up();
  link_.deliver(deliver_of({{6, 5}}));
  EXPECT_EQ(taken(), Indices{6});
  link_.stored(Lane::kPatient, 6);
  follow_to(12);
  link_.disconnected();
  EXPECT_TRUE(sent().empty());
  link_.connected();
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].hello().cursor(), 7U);
  EXPECT_EQ(messages[0].hello().followed().size(), 12U);
  EXPECT_EQ(messages[0].hello().checkpoint(), "checkpoint 12");
}

TEST_F(LinkTest, APingCarriesItsNonce) {
  go_up();
  link_.ping(77);
  const std::vector<v1::UpMessage> messages = sent();
  ASSERT_EQ(messages.size(), 2U);  // And where this node stands, should a delivery have been lost.
  EXPECT_EQ(messages[0].ping().nonce(), 77U);
  EXPECT_EQ(messages[1].credit().cursor(), link_.position().cursors.patient);
}

// A store without a log yet.
class FirstLinkTest : public LinkTest {
 protected:
  FirstLinkTest() : LinkTest(0, 0) {}
};

TEST_F(FirstLinkTest, StartsFromNothing) {
  link_.connected();
  EXPECT_EQ(sent().size(), 1U);
  ASSERT_EQ(outcome(link_.control(welcome(head(2)))), "good");
  EXPECT_EQ(fetches(), Words{"batches 0"});
  EXPECT_EQ(first_indices(batches_from(0, {1, 1}, 2)), (Indices{0, 1}));
  follow_to(2);
  link_.deliver(deliver_of({{1, 0}}));
  EXPECT_EQ(taken(), Indices{1});
}

// C-140: the bytes that are held are those that this node gave credit for.
TEST(LinkCreditTest, WhatIsHeldIsBoundedInBytes) {
  Link link(LinkConfig{.genesis = genesis, .program = "p"}, LinkPosition{});
  link.connected();
  must(link.control(welcome(head(1))));
  for (std::uint64_t i = 0; i < 20; ++i) {
    v1::Deliver deliver;
    v1::Delivery& one = *deliver.add_deliveries();
    one.set_index(1000 + i);
    one.set_envelope(std::string(1U << 20U, 'x'));
    link.deliver(std::move(deliver));
  }
  EXPECT_EQ(link.held_count(), 8U);
  EXPECT_EQ(link.held_bytes(), 8U << 20U);
  EXPECT_LE(link.held_bytes(), link.held_bytes_max());
}

}  // namespace
}  // namespace chancery::node
