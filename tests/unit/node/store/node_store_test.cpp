#include "node/store/node_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/audit.h"
#include "core/exchange/completeness.h"
#include "core/exchange/envelope.h"
#include "io/os/file.h"
#include "node/store/notice_index.h"
#include "tests/support/source_folder.h"
#include "tests/unit/node/older_store.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using test::must;
using Ids = std::vector<std::string>;

constexpr std::size_t kAll = 1000;

class NodeStoreTest : public StoreTest {
 protected:
  // A draft of BY, queued.
  OutboxDraft queue(v1::Precedence precedence = v1::PRECEDENCE_ROUTINE,
                    const std::string& application = "desk", const std::vector<Hash>& words_on = {},
                    const std::vector<std::string>& recipients = {"AM"},
                    std::string_view kind = "contact") {
    v1::Draft draft = exchange_.draft("BY", recipients, std::string(kind));
    draft.set_precedence(precedence);
    draft.set_text_digest(to_string(exchange::text_digest("text")));
    OutboxDraft made;
    made.waiting = {.notice_id = draft.notice_id(),
                    .draft = draft.SerializeAsString(),
                    .text = "text",
                    .sealed = true,
                    .precedence = precedence};
    made.notice = exchange::notice_hash(exchange_.genesis(), made.waiting.draft);
    made.request = exchange::text_digest(draft.notice_id());
    made.application = application;
    made.queued_at_ms = kNow;
    made.words_on = words_on;
    begin();
    must(store_->put_draft(made));
    return made;
  }
  void sign(const OutboxDraft& draft, std::uint64_t created_at_us, const std::string& envelope) {
    must(store_->put_signed({.notice_id = draft.waiting.notice_id,
                             .header = "",
                             .body = "",
                             .created_at_us = created_at_us},
                            envelope));
  }
  // Of the urgent lane first.
  std::vector<std::string> unacknowledged(std::uint64_t after_us = 0,
                                          std::size_t bytes_max = kAll) {
    std::vector<std::string> envelopes;
    for (const exchange::Lane lane : exchange::kLanes) {
      for (Unacknowledged& each : must(store_->unacknowledged(
               {.lane = lane, .after_us = after_us, .bytes_max = bytes_max}))) {
        envelopes.push_back(std::move(each.envelope));
      }
    }
    return envelopes;
  }
  OutboxRow row(const OutboxDraft& draft) {
    return must(store_->find_outbox(draft.waiting.notice_id)).value_or(OutboxRow());
  }
  Ids waiting_ids(std::size_t count_max = kAll, std::size_t bytes_max = 1U << 30U) {
    Ids ids;
    for (const Waiting& waiting : must(store_->waiting(count_max, bytes_max))) {
      ids.push_back(waiting.notice_id);
    }
    return ids;
  }
  std::vector<std::uint64_t> inbox() {
    std::vector<std::uint64_t> indices;
    for (const NodeStore::InboxHead& head :
         must(store_->scan_inbox({.after = 0, .before = {}, .count_max = kAll}))) {
      indices.push_back(must(store_->inbox_item(head.arrival)).index());
    }
    return indices;
  }
};

using Arrivals = exchange::PerLane<std::uint64_t>;
using Numbers = std::vector<std::uint64_t>;

// The outbox.

// Ids mostly rise; where one does not, it is known all the same.
TEST_F(NodeStoreTest, AnIdIsKnownWhateverTheOrderOfTheIds) {
  const auto id = [](int first) {
    return std::string(1, static_cast<char>(first)) + test::seeded_uuid("id", 1).substr(1);
  };
  const auto put = [&](int first) {
    v1::Draft draft = exchange_.draft("BY", {"AM"}, "contact");
    draft.set_notice_id(id(first));
    OutboxDraft made;
    made.waiting.notice_id = id(first);
    made.waiting.draft = draft.SerializeAsString();
    made.notice = exchange::notice_hash(exchange_.genesis(), made.waiting.draft);
    made.application = "desk";
    begin();
    must(store_->put_draft(made));
  };
  const auto known = [&](int first) {
    return must(store_->outbox_standing(id(first))).has_value();
  };
  EXPECT_FALSE(known(5));
  put(5);
  put(200);
  put(3);
  EXPECT_TRUE(known(200));
  commit();
  put(201);
  EXPECT_TRUE(known(201));
  store_->roll_back();
  for (const bool again : {false, true}) {
    EXPECT_TRUE(known(3)) << again;
    EXPECT_TRUE(known(5)) << again;
    EXPECT_TRUE(known(200)) << again;
    EXPECT_FALSE(known(4)) << again;
    EXPECT_FALSE(known(201)) << again;
    open();
  }
}

TEST_F(NodeStoreTest, TheUrgentThatWaitAreReadWithoutTheOthers) {
  const OutboxDraft routine = queue();
  const OutboxDraft exempt =
      queue(v1::PRECEDENCE_ROUTINE, "desk", {}, {"AM"}, exchange::kAcknowledgementKind);
  const OutboxDraft immediate = queue(v1::PRECEDENCE_IMMEDIATE);
  const OutboxDraft flash = queue(v1::PRECEDENCE_FLASH);
  Ids urgent;
  for (const Waiting& waiting : must(store_->waiting_urgent(kAll, kAll))) {
    urgent.push_back(waiting.notice_id);
  }
  EXPECT_EQ(urgent, (Ids{flash.waiting.notice_id, immediate.waiting.notice_id}));
  EXPECT_EQ(must(store_->waiting_urgent(1, kAll)).size(), 1U);
  Ids held_back;
  for (const Waiting& waiting : must(store_->waiting(kAll, kAll, v1::PRECEDENCE_IMMEDIATE))) {
    held_back.push_back(waiting.notice_id);
  }
  EXPECT_EQ(held_back,
            (Ids{flash.waiting.notice_id, immediate.waiting.notice_id, exempt.waiting.notice_id}));
  EXPECT_EQ(waiting_ids().size(), 4U);
}

TEST_F(NodeStoreTest, ANoticeIsQueuedThenSignedThenLogged) {
  const OutboxDraft draft = queue();
  const OutboxRow queued = row(draft);
  EXPECT_EQ(queued.stage, OutboxStage::kQueued);
  EXPECT_EQ(queued.notice, draft.notice);
  EXPECT_EQ(queued.request, draft.request);
  EXPECT_EQ(queued.draft, draft.waiting.draft);
  EXPECT_EQ(queued.text, "text");
  EXPECT_TRUE(queued.sealed);
  EXPECT_EQ(queued.envelope, "");
  EXPECT_EQ(queued.queued_at_ms, kNow);
  EXPECT_EQ(must(store_->outbox_counts()).queued, 1U);

  sign(draft, 1000, "envelope");
  const OutboxRow made = row(draft);
  EXPECT_EQ(made.stage, OutboxStage::kSigned);
  EXPECT_EQ(made.envelope, "envelope");
  EXPECT_EQ(made.created_at_us, 1000U);
  EXPECT_TRUE(waiting_ids().empty());
  EXPECT_EQ(unacknowledged(), Ids{"envelope"});
  EXPECT_EQ(must(store_->outbox_counts()).signed_count, 1U);

  mark_logged(draft, 9, kNow + 5);
  const OutboxRow logged = row(draft);
  EXPECT_EQ(logged.stage, OutboxStage::kLogged);
  EXPECT_EQ(logged.index, 9U);
  EXPECT_EQ(logged.accepted_at_ms, kNow + 5);
  EXPECT_TRUE(unacknowledged().empty());
  EXPECT_EQ(must(store_->outbox_counts()).logged, 1U);
  EXPECT_EQ(must(store_->outbox_counts()).queued, 0U);
}

TEST_F(NodeStoreTest, ARefusalIsKeptWithItsReasonAndIsFinal) {
  const OutboxDraft draft = queue();
  sign(draft, 1000, "envelope");
  must(store_->mark_refused(draft.waiting.notice_id, {ErrorCode::kExpired, "too late"}));
  const OutboxRow refused = row(draft);
  EXPECT_EQ(refused.stage, OutboxStage::kRefused);
  EXPECT_EQ(refused.code, static_cast<std::uint32_t>(ErrorCode::kExpired));
  EXPECT_EQ(refused.reason, "too late");
  EXPECT_EQ(must(store_->outbox_counts()).refused, 1U);
  must(store_->mark_queued(draft.waiting.notice_id, {ErrorCode::kOutOfOrder, ""}));
  EXPECT_EQ(row(draft).stage, OutboxStage::kRefused);
}

TEST_F(NodeStoreTest, TheOneThatGoesOverTheBytesIsTheLastOfThoseThatWait) {
  begin();
  const OutboxDraft first = queue();
  const OutboxDraft second = queue();
  queue();
  const std::size_t each = first.waiting.draft.size() + first.waiting.text.size();
  ASSERT_EQ(second.waiting.draft.size() + second.waiting.text.size(), each);
  EXPECT_EQ(waiting_ids(kAll, 0).size(), 1U);
  EXPECT_EQ(waiting_ids(kAll, each - 1).size(), 1U);
  EXPECT_EQ(waiting_ids(kAll, each).size(), 2U);
  EXPECT_EQ(waiting_ids(kAll, 2 * each).size(), 3U);
}

// What was counted while rows moved is what counting them all anew gives.
TEST_F(NodeStoreTest, TheLoadOfTheOutboxFollowsEveryStage) {
  using Load = std::vector<std::uint64_t>;
  const auto load = [&] {
    commit();
    open();
    EXPECT_EQ(outcome(store_->check()), "good");
    const OutboxCounts counts = must(store_->outbox_counts());
    begin();
    return Load{counts.queued, counts.signed_count, counts.bytes, counts.signed_bytes};
  };
  begin();
  EXPECT_EQ(load(), (Load{0, 0, 0, 0}));
  const OutboxDraft first = queue();
  const std::uint64_t bytes = first.waiting.draft.size() + first.waiting.text.size();
  EXPECT_EQ(load(), (Load{1, 0, bytes, 0}));
  const OutboxDraft second = queue();
  const OutboxDraft third = queue();
  sign(first, 1000, "envelope");
  sign(second, 1001, "another");
  EXPECT_EQ(load(), (Load{1, 2, 3 * bytes, 2 * bytes}));
  must(store_->mark_queued(second.waiting.notice_id, {ErrorCode::kOutOfOrder, ""}));
  EXPECT_EQ(load(), (Load{2, 1, 3 * bytes, bytes}));
  must(store_->mark_queued(first.waiting.notice_id, {ErrorCode::kOutOfOrder, ""}));
  EXPECT_EQ(load(), (Load{3, 0, 3 * bytes, 0}));
  mark_logged(second, 9, kNow);
  EXPECT_EQ(load(), (Load{2, 0, 2 * bytes, 0}));
  mark_logged(second, 8, kNow);
  must(store_->mark_refused(third.waiting.notice_id, {ErrorCode::kExpired, ""}));
  EXPECT_EQ(load(), (Load{1, 0, bytes, 0}));
  mark_logged(first, 10, kNow);
  EXPECT_EQ(load(), (Load{0, 0, 0, 0}));
}

TEST_F(NodeStoreTest, TheShareOfAnApplicationFollowsEveryStage) {
  using Shares = std::vector<std::uint64_t>;
  const auto shares = [&] {  // Of each application the patient, then the urgent.
    commit();
    open();
    EXPECT_EQ(outcome(store_->check()), "good");
    Shares all;
    for (const char* const application : {"desk", "alerts"}) {
      for (const exchange::Lane lane : {exchange::Lane::kPatient, exchange::Lane::kUrgent}) {
        all.push_back(must(store_->outbox_share(application, lane)).count);
      }
    }
    begin();
    return all;
  };
  const Error why{ErrorCode::kExpired, ""};
  const OutboxDraft first = queue();
  EXPECT_EQ(shares(), (Shares{1, 0, 0, 0}));
  const OutboxDraft second = queue(v1::PRECEDENCE_PRIORITY);
  const OutboxDraft flash = queue(v1::PRECEDENCE_IMMEDIATE);
  const OutboxDraft other = queue(v1::PRECEDENCE_FLASH, "alerts");
  EXPECT_EQ(shares(), (Shares{2, 1, 0, 1}));
  const OutboxShare largest = must(store_->largest_outbox_share());
  EXPECT_EQ(largest.lane, exchange::Lane::kPatient);
  EXPECT_EQ(largest.count, 2U);
  const auto bytes_of = [](const OutboxDraft& draft) {
    return draft.waiting.draft.size() + draft.waiting.text.size();
  };
  EXPECT_EQ(largest.bytes, bytes_of(first) + bytes_of(second));
  sign(first, 1000, "envelope");
  sign(other, 1001, "another");
  EXPECT_EQ(shares(), (Shares{2, 1, 0, 1})) << "signed is not logged";
  must(store_->mark_aside(first.waiting.notice_id, why));
  EXPECT_EQ(shares(), (Shares{2, 1, 0, 1})) << "what is set aside waits";
  must(store_->end_aside());
  must(store_->mark_refused(second.waiting.notice_id, {ErrorCode::kWithdrawn, ""}));
  EXPECT_EQ(shares(), (Shares{1, 1, 0, 1}));
  EXPECT_EQ(must(store_->outbox_share("desk", exchange::Lane::kPatient)).bytes, bytes_of(first));
  must(store_->mark_refused(second.waiting.notice_id, why));
  EXPECT_EQ(shares(), (Shares{1, 1, 0, 1})) << "counted off once";
  must(store_->mark_wanted(second.waiting.notice_id));
  EXPECT_EQ(shares(), (Shares{2, 1, 0, 1}));
  mark_logged(first, 9, kNow);
  mark_logged(first, 8, kNow);
  mark_logged(other, 10, kNow);
  EXPECT_EQ(shares(), (Shares{1, 1, 0, 0}));
  must(store_->mark_refused(second.waiting.notice_id, why));
  mark_logged(second, 11, kNow);
  mark_logged(flash, 12, kNow);
  EXPECT_EQ(shares(), (Shares{0, 0, 0, 0}));
  EXPECT_EQ(must(store_->largest_outbox_share()).count, 0U);
}

// C-194
TEST_F(NodeStoreTest, ANoticeIsOutUntilEachRecipientStatesThatItHasIt) {
  const auto logged = [&](std::uint64_t index, v1::Precedence precedence) {
    const OutboxDraft draft = queue(precedence);
    sign(draft, 1000 + index, std::to_string(index));
    mark_logged(draft, index, kNow);
    return draft;
  };
  std::uint64_t said = 1000;
  const auto states = [&](const std::string& peer, std::uint64_t size, StatementVerdict verdict,
                          std::uint64_t early = 0) {
    v1::Statement statement;
    statement.set_size(size);
    if (early != 0) {
      statement.add_early()->set_index(early);
    }
    const StatedBy by{.peer = peer, .index = ++said, .accepted_at_ms = kNow + said};
    must(store_->put_statement(by, statement, "text", /*sealed=*/false));
    must(store_->judge_statement(peer, said, size, verdict));
  };
  const auto count = [&] { return must(store_->outbox_counts()).undelivered; };
  begin();
  static_cast<void>(logged(9, v1::PRECEDENCE_FLASH));
  for (std::uint64_t index = 10; index < 110; ++index) {
    static_cast<void>(logged(index, v1::PRECEDENCE_ROUTINE));
  }
  EXPECT_EQ(count(), 101U);
  states("AM", 200, StatementVerdict::kContradicts);
  states("KZ", 200, StatementVerdict::kAgrees);
  EXPECT_EQ(count(), 101U) << "one that differs shows nothing, and KZ is no recipient";
  EXPECT_FALSE(must(store_->delivered("AM", 9)).has_value());
  states("AM", 1, StatementVerdict::kAgrees, 9);
  EXPECT_EQ(must(store_->undelivered_to(9)), Ids{}) << "early";
  EXPECT_EQ(must(store_->delivered("AM", 9)).value_or(StatedBy{}).index, 1003U);
  EXPECT_EQ(must(store_->undelivered_to(10)), Ids{"AM"});
  states("AM", 53, StatementVerdict::kAgrees);
  EXPECT_EQ(must(store_->undelivered_to(52)), Ids{});
  EXPECT_EQ(must(store_->undelivered_to(53)), Ids{"AM"});
  EXPECT_EQ(must(store_->delivered("AM", 52)).value_or(StatedBy{}).index, 1004U);
  EXPECT_EQ(count(), 57U);
  states("AM", 110, StatementVerdict::kAgrees);
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(must(store_->delivered("AM", 52)).value_or(StatedBy{}).index, 1004U) << "the first";
  EXPECT_EQ(must(store_->delivered("AM", 9)).value_or(StatedBy{}).accepted_at_ms, kNow + 1004);
  static_cast<void>(logged(160, v1::PRECEDENCE_ROUTINE));
  v1::Statement cannot_open;
  cannot_open.set_size(170);
  cannot_open.add_unopenable()->set_index(52);
  cannot_open.add_unopenable()->set_index(160);
  must(store_->put_statement({.peer = "AM", .index = ++said}, cannot_open, "text", false));
  must(store_->judge_statement("AM", said, 170, StatementVerdict::kAgrees));
  states("AM", 171, StatementVerdict::kAgrees);
  EXPECT_EQ(
      outcome(store_->put_statement({.peer = "AM", .index = said}, cannot_open, "text", false)),
      "good")
      << "the hub may deliver one in both lanes";
  EXPECT_FALSE(must(store_->delivered("AM", 160)).has_value()) << "it came, and does not open";
  EXPECT_TRUE(must(store_->delivered("AM", 52)).has_value()) << "another node of AM opened it";
  const OutboxDraft twice = logged(300, v1::PRECEDENCE_ROUTINE);
  mark_logged(twice, 250, kNow);
  EXPECT_EQ(must(store_->undelivered_to(250)), Ids{"AM"}) << "the first acceptance stands";
  EXPECT_EQ(must(store_->undelivered_to(300)), Ids{});
  static_cast<void>(logged(170, v1::PRECEDENCE_ROUTINE));
  EXPECT_EQ(must(store_->undelivered_to(170)), Ids{}) << "counted before its origin learnt of it";
  states("AM", 171, StatementVerdict::kContradicts, 260);
  static_cast<void>(logged(260, v1::PRECEDENCE_FLASH));
  EXPECT_EQ(must(store_->undelivered_to(260)), Ids{}) << "named as early before";
  static_cast<void>(logged(171, v1::PRECEDENCE_ROUTINE));
  EXPECT_EQ(must(store_->undelivered_to(171)), Ids{"AM"}) << "counted by none";
  must(store_->judge_statement("AM", said, 172, StatementVerdict::kAgrees));
  commit();
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(outcome(store_->check()), "good");
}

// Whatever becomes of notices, in whatever order; what was rolled back was not counted.
TEST_F(NodeStoreTest, WhatIsCountedIsWhatTheRowsComeTo) {
  const std::array<std::string, 2> peers = {"AM", "KZ"};
  std::mt19937 random(7);
  const auto below = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  const Error why{ErrorCode::kExpired, ""};
  std::vector<OutboxDraft> drafts;
  std::map<std::string, std::uint64_t> stated;
  std::uint64_t index = 100;
  std::uint64_t time_us = 1000;
  std::size_t kept = 0;  // Of the drafts, those that were committed.
  const auto step = [&] {
    if (drafts.size() < 4 || below(4) == 0) {
      const v1::Precedence precedence =
          below(3) == 0 ? v1::PRECEDENCE_FLASH : v1::PRECEDENCE_ROUTINE;
      drafts.push_back(queue(precedence, below(3) == 0 ? "" : "desk", {}, {"AM", "KZ"}));
      return;
    }
    const OutboxDraft& draft = drafts.at(below(drafts.size()));
    const std::string& notice_id = draft.waiting.notice_id;
    switch (below(9)) {
      case 0:
        return must(store_->mark_refused(notice_id, why));
      case 1:
        return must(store_->mark_wanted(notice_id));
      case 2:
        return must(store_->mark_queued(notice_id, why));
      case 3:
        return must(store_->mark_aside(notice_id, why));
      case 4:
        return must(store_->end_aside());
      case 5: {
        const std::string& peer = peers.at(below(2));
        v1::Statement statement;
        statement.set_size(stated[peer] = std::max(stated[peer], index - below(8)));
        statement.add_early()->set_index(index - below(8));
        const StatedBy by{.peer = peer, .index = ++index, .accepted_at_ms = kNow};
        must(store_->put_statement(by, statement, "text", /*sealed=*/false));
        return must(store_->judge_statement(
            peer, index, statement.size(),
            below(4) == 0 ? StatementVerdict::kContradicts : StatementVerdict::kAgrees));
      }
      case 6:
        return sign(draft, ++time_us, "envelope");
      default: {  // As a careless hub logs one twice: at times below where it was logged first.
        const std::uint64_t at = below(3) == 0 ? ++index + 50'000 : ++index;
        return mark_logged(draft, at, kNow);
      }
    }
  };
  for (int round = 0; round < 60; ++round) {
    begin();
    for (int i = 0; i < 12; ++i) {
      step();
    }
    if (below(4) == 0) {
      store_->roll_back();
      for (std::size_t i = kept; i < drafts.size(); ++i) {
        EXPECT_FALSE(must(store_->outbox_standing(drafts[i].waiting.notice_id)).has_value());
      }
      drafts.resize(kept);
    } else {
      commit();
      kept = drafts.size();
    }
    ASSERT_EQ(outcome(store_->check()), "good") << "round " << round;
    const OutboxCounts counts = must(store_->outbox_counts());
    const auto late_to = [&](const std::string& peer) {
      std::size_t count = 0;
      for (const exchange::Lane lane : exchange::kLanes) {
        count += must(store_->late_undelivered(
                          {.lane = lane, .before_ms = kNow + 1, .count_max = kAll, .member = peer}))
                     .size();
      }
      return count;
    };
    const std::array late = {late_to("AM"), late_to("KZ")};
    const auto standings = [&] {
      std::vector<std::string> all;
      for (const OutboxDraft& draft : drafts) {
        const OutboxStanding row =
            must(store_->outbox_standing(draft.waiting.notice_id)).value_or(OutboxStanding());
        all.push_back(std::to_string(row.number) + " " + hex(row.notice) + " " +
                      std::to_string(std::to_underlying(row.place.stage)) + " " +
                      std::to_string(row.place.aside ? 1 : 0) + " " + row.place.application + " " +
                      std::to_string(std::to_underlying(row.place.lane)) + " " +
                      std::to_string(row.place.bytes) + " " + std::to_string(row.index));
      }
      return all;
    };
    const std::vector<std::string> stood = standings();
    open();
    EXPECT_EQ(stood, standings()) << "round " << round;
    EXPECT_EQ(must(store_->outbox_counts()).bytes, counts.bytes);
    EXPECT_EQ((std::array{late_to("AM"), late_to("KZ")}), late) << "round " << round;
    EXPECT_LE(counts.undelivered, late[0] + late[1]);
    EXPECT_GE(counts.undelivered, std::max(late[0], late[1]));
  }
  EXPECT_GT(must(store_->outbox_counts()).logged, 5U);
}

TEST_F(NodeStoreTest, ATallyThatIsNotWhatTheRowsComeToIsDamage) {
  begin();
  queue();
  commit();
  EXPECT_EQ(outcome(store_->check()), "good");
  tamper("UPDATE tally SET queued = 2");
  EXPECT_EQ(outcome(store_->check()), "store-damaged");
}

TEST_F(NodeStoreTest, AShareThatIsNotWhatTheRowsComeToIsDamage) {
  begin();
  queue();
  commit();
  tamper("INSERT INTO outbox_share VALUES('other', 0, 0, 0)");
  EXPECT_EQ(outcome(store_->check()), "store-damaged");
  tamper("DELETE FROM outbox_share WHERE application = 'other'");
  EXPECT_EQ(outcome(store_->check()), "good");
  tamper("DELETE FROM outbox_share");
  EXPECT_EQ(outcome(store_->check()), "store-damaged");
}

// C-138
TEST_F(NodeStoreTest, BackInTheQueueItWaitsForAnotherStamp) {
  const OutboxDraft draft = queue();
  sign(draft, 1000, "envelope");
  must(store_->mark_queued(draft.waiting.notice_id, {ErrorCode::kStaleDirectory, "again"}));
  const OutboxRow queued = row(draft);
  EXPECT_EQ(queued.stage, OutboxStage::kQueued);
  EXPECT_EQ(queued.envelope, "");
  EXPECT_EQ(queued.code, static_cast<std::uint32_t>(ErrorCode::kStaleDirectory));
  EXPECT_EQ(queued.reason, "again");
  EXPECT_EQ(waiting_ids(), Ids{draft.waiting.notice_id});
  EXPECT_TRUE(unacknowledged().empty());
  sign(draft, 2000, "second");
  mark_logged(draft, 3, kNow);
  EXPECT_EQ(row(draft).code, 0U) << "what was in the way is over";
}

// C-146: what is stamped again later must not be overtaken by what was signed after it.
TEST_F(NodeStoreTest, WhatWasSignedAfterItGoesBackToTheQueueWithIt) {
  const OutboxDraft first = queue();
  const OutboxDraft flash = queue(v1::PRECEDENCE_FLASH);
  const OutboxDraft second = queue();
  const OutboxDraft third = queue();
  sign(first, 1000, "first");
  sign(flash, 1001, "flash");
  sign(second, 1002, "second");
  sign(third, 1003, "third");
  must(store_->mark_queued(second.waiting.notice_id, {ErrorCode::kStaleDirectory, "why"}));
  EXPECT_EQ(unacknowledged(), (Ids{"flash", "first"}));
  EXPECT_EQ(waiting_ids(), (Ids{second.waiting.notice_id, third.waiting.notice_id}));
  EXPECT_EQ(row(third).envelope, "");
  EXPECT_EQ(must(store_->newest_unacknowledged()),
            (NewestStamps{{v1::PRECEDENCE_ROUTINE, 1000}, {v1::PRECEDENCE_FLASH, 1001}}));
}

// C-137: the first acceptance stands.
TEST_F(NodeStoreTest, WhatIsLoggedStaysSoAtTheLowestIndex) {
  const OutboxDraft draft = queue();
  sign(draft, 1000, "envelope");
  mark_logged(draft, 9, kNow);
  must(store_->mark_refused(draft.waiting.notice_id, {ErrorCode::kExpired, ""}));
  must(store_->mark_queued(draft.waiting.notice_id, {ErrorCode::kOutOfOrder, ""}));
  mark_logged(draft, 12, kNow + 1);
  EXPECT_EQ(row(draft).stage, OutboxStage::kLogged);
  EXPECT_EQ(row(draft).index, 9U);
  EXPECT_EQ(row(draft).accepted_at_ms, kNow);
  mark_logged(draft, 8, kNow - 1);
  EXPECT_EQ(row(draft).index, 8U);
}

TEST_F(NodeStoreTest, TheMostUrgentWaitsFirstAndThenTheOldest) {
  const std::string routine = queue(v1::PRECEDENCE_ROUTINE).waiting.notice_id;
  const std::string flash = queue(v1::PRECEDENCE_FLASH).waiting.notice_id;
  const std::string deferred = queue(v1::PRECEDENCE_DEFERRED).waiting.notice_id;
  const std::string later = queue(v1::PRECEDENCE_ROUTINE).waiting.notice_id;
  EXPECT_EQ(waiting_ids(), (Ids{flash, routine, later, deferred}));
  EXPECT_EQ(waiting_ids(2), (Ids{flash, routine}));
}

TEST_F(NodeStoreTest, WhatIsUnacknowledgedIsResentInTheOrderOfItsStamps) {
  const OutboxDraft first = queue();
  const OutboxDraft second = queue();
  sign(second, 1000, "stamped first");
  sign(first, 1001, "stamped second");
  EXPECT_EQ(unacknowledged(), (Ids{"stamped first", "stamped second"}));
  EXPECT_EQ(unacknowledged(0, 1), Ids{"stamped first"});
  EXPECT_EQ(unacknowledged(1000), Ids{"stamped second"});
  const OutboxDraft flash = queue(v1::PRECEDENCE_FLASH);
  sign(flash, 1002, "flash");
  EXPECT_EQ(unacknowledged(), (Ids{"flash", "stamped first", "stamped second"}));
  const auto bytes_of = [](const OutboxDraft& draft) {
    return draft.waiting.draft.size() + draft.waiting.text.size();
  };
  EXPECT_EQ(must(store_->unacknowledged_bytes(1000)), bytes_of(second) + bytes_of(flash));
  EXPECT_EQ(must(store_->unacknowledged_bytes(0)), bytes_of(flash));
  EXPECT_EQ(must(store_->newest_unacknowledged(1000)),
            (NewestStamps{{v1::PRECEDENCE_ROUTINE, 1000}}));
}

TEST_F(NodeStoreTest, ANoticeIdIsQueuedOnce) {
  const OutboxDraft draft = queue();
  EXPECT_EQ(outcome(store_->put_draft(draft)), "exists");
}

TEST_F(NodeStoreTest, AnIdThatIsNotThereNamesNoNotice) {
  queue();
  EXPECT_FALSE(must(store_->find_outbox(test::seeded_uuid("nobody", 1))).has_value());
  EXPECT_FALSE(must(store_->find_outbox("")).has_value()) << "an empty id is not a wildcard";
}

TEST_F(NodeStoreTest, OwnNoticesAreFoundByIdByPrefixAndByIndex) {
  const OutboxDraft draft = queue();
  queue();
  sign(draft, 1, "envelope");
  mark_logged(draft, 0, kNow);
  v1::ShowRequest by_index;
  by_index.set_index_plus_one(1);
  EXPECT_EQ(must(store_->find_own(by_index)).value_or(OutboxRow()).notice, draft.notice);
  v1::ShowRequest by_prefix;
  by_prefix.set_notice(to_string(draft.notice).substr(0, 4));
  EXPECT_EQ(must(store_->find_own(by_prefix)).value_or(OutboxRow()).notice, draft.notice);
  by_index.set_index_plus_one(2);
  EXPECT_FALSE(must(store_->find_own(by_index)).has_value());
}

// A draft that changed in the store is not the one that was promised.
TEST_F(NodeStoreTest, AnAlteredDraftIsADamagedStore) {
  const OutboxDraft draft = queue();
  commit();
  tamper(last_byte_of("outbox_content", "draft"));
  EXPECT_EQ(outcome(store_->find_outbox(draft.waiting.notice_id)), "store-damaged");
  EXPECT_EQ(outcome(store_->waiting(kAll, kAll)), "store-damaged");
}

// The clock of the signing key.
TEST_F(NodeStoreTest, TheNewestStampIsRememberedAndNeverGoesBack) {
  const OutboxDraft draft = queue();
  sign(draft, 5000, "envelope");
  must(store_->mark_queued(draft.waiting.notice_id, {ErrorCode::kOutOfOrder, ""}));
  sign(draft, 4000, "envelope");
  commit();
  open();
  EXPECT_EQ(must(store_->load()).created_at_us, 5000U);
}

// The inbox.

TEST_F(NodeStoreTest, AGoodNoticeIsShownWithItsText) {
  found();
  const std::string sent = notice("shown");
  const std::uint64_t index = log(sent);
  EXPECT_EQ(deliver(index, sent), 1U);
  const v1::InboxItem item = must(store_->inbox_item(1));
  const exchange::Envelope envelope = exchange_.parse(sent);
  EXPECT_EQ(item.arrival(), 1U);
  EXPECT_EQ(item.index(), index);
  EXPECT_EQ(item.notice(), as_view(envelope.notice));
  EXPECT_EQ(item.draft(), envelope.header.draft());
  EXPECT_EQ(item.text(), text_of("shown"));
  EXPECT_TRUE(item.sealed());
  EXPECT_EQ(item.accepted_at_ms(), log_.accepted_at_ms());
  EXPECT_EQ(item.arrived_at_ms(), kNow);
  EXPECT_EQ(item.created_at_us(), envelope.header.created_at_us());
  EXPECT_EQ(item.key_id(), as_view(test::signing_public("AM node 1 signing").id()));
  EXPECT_TRUE(item.logged());
  EXPECT_FALSE(item.own());
  EXPECT_EQ(must(store_->received_envelope(index)), sent);
  EXPECT_EQ(outcome(store_->received_envelope(index + 1)), "not-found");
  EXPECT_EQ(outcome(store_->inbox_item(2)), "not-found");
}

// C-165: kept as evidence with its code, out of the inbox, and the cursor moves on.
TEST_F(NodeStoreTest, WhatIsVoidUnopenableOrOwnIsKeptAndNotShown) {
  found();
  EXPECT_EQ(receive(exchange_.sign(exchange_.clear(exchange_.draft("AM", {"BY"}), text_of("clear")),
                                   "AM node 1 signing")),
            std::nullopt);
  EXPECT_EQ(receive(notice("own", "BY")), std::nullopt);
  EXPECT_EQ(
      receive(exchange_.publish(exchange_.draft("AM", {"BY"}), "\xff\xff", exchange_.directory())),
      std::nullopt);
  const std::string void_one =
      exchange_.publish(exchange_.draft("AM", {"KZ"}), text_of("others"), exchange_.directory());
  EXPECT_EQ(receive(void_one), std::nullopt);
  EXPECT_EQ(must(store_->newest_arrival()), 0U);
  const IntakeCounts counts = must(store_->intake_counts());
  EXPECT_EQ(counts.shown, 0U);
  EXPECT_EQ(counts.void_count, 2U);
  EXPECT_EQ(counts.unopenable, 1U);
  EXPECT_EQ(must(store_->received_envelope(log_.size() - 1)), void_one) << "the evidence";
  EXPECT_EQ(must(store_->load()).position.cursors.patient, log_.size());
}

// C-111: kept aside the first time, so that what was logged still fits; and never shown.
TEST_F(NodeStoreTest, GarbledBytesAreKeptAsideAndTheCursorStays) {
  found();
  const std::string logged = notice("logged");
  const std::uint64_t index = log(logged);
  const std::uint64_t cursor = must(store_->load()).position.cursors.patient;
  const Arrival garbled = judge(index, notice("another"));
  EXPECT_EQ(must(store_->put_garbled(garbled, kNow)), true);
  EXPECT_EQ(must(store_->load()).position.cursors.patient, cursor);
  EXPECT_EQ(must(store_->intake_counts()).garbled, 1U);
  EXPECT_EQ(must(store_->put_garbled(judge(index, "cut"), kNow)), false) << "one at an index";
  EXPECT_EQ(deliver(index, logged), 1U);
  EXPECT_EQ(must(store_->intake_counts()).garbled, 1U) << "the evidence";
  EXPECT_EQ(must(store_->received_envelope(index)), logged);
}

// C-110: heads are where batches end.
TEST_F(NodeStoreTest, RootsAreThoseOfHeads) {
  found();
  const Hash founded = log_.tree().root();
  log_.append(Ids{notice("1"), notice("2")});
  follow();
  EXPECT_EQ(must(store_->root_at(7)), founded);
  EXPECT_EQ(must(store_->root_at(8)), std::nullopt);
  EXPECT_EQ(must(store_->root_at(9)), log_.tree().root());
  EXPECT_EQ(must(store_->root_at(0)), std::nullopt);
  EXPECT_EQ(must(store_->root_at(10)), std::nullopt);
}

// C-110: the reason for an alarm is in the store, so that a restart does not forget it.
TEST_F(NodeStoreTest, AnAlarmOutlivesTheProcess) {
  found();
  EXPECT_FALSE(must(store_->load()).alarm.has_value());
  const std::uint64_t index = log(notice("saw another log"));
  Arrival arrival = judge(index, log_.envelopes().back());
  arrival.error = Error{ErrorCode::kForeignLog, "the first"};
  EXPECT_EQ(must(store_->put_arrival(arrival, must(store_->leaf(index)), kNow)), 1U) << "shown";
  commit();
  open();
  const std::optional<Error> alarm = must(store_->load()).alarm;
  EXPECT_EQ(alarm.value_or(Error{}).code, ErrorCode::kForeignLog);
  EXPECT_EQ(alarm.value_or(Error{}).detail, "the first");
}

TEST_F(NodeStoreTest, TheFirstSixteenAlarmsAreKeptAndNotOneMore) {
  found();
  begin();
  for (int i = 1; i <= 17; ++i) {
    must(store_->put_alarm({ErrorCode::kForeignLog, std::to_string(i)}, "bytes", kNow));
  }
  commit();
  const auto first = [&] { return must(store_->load()).alarm.value_or(Error{}).detail; };
  EXPECT_EQ(first(), "1");
  tamper("DELETE FROM alarm WHERE id < 16");
  EXPECT_EQ(first(), "16");
  tamper("DELETE FROM alarm WHERE id = 16");
  EXPECT_FALSE(must(store_->load()).alarm.has_value());
}

// C-36: what this node's key signed before its store was rolled back counts.
TEST_F(NodeStoreTest, TheClockOnlyRises) {
  found();
  begin();
  store_->raise_clock(500);
  store_->raise_clock(400);
  commit();
  EXPECT_EQ(must(store_->load()).created_at_us, 500U);
}

// C-137, C-165: re-stamped and logged twice by a careless hub; the first acceptance stands.
TEST_F(NodeStoreTest, OneNoticeIsShownOnceThoughItIsLoggedTwice) {
  found();
  const v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
  const test::Unsigned first = exchange_.clear(draft, text_of("once"));
  const test::Unsigned second = exchange_.clear(draft, text_of("once"));
  ASSERT_NE(first.d, second.d);
  const std::string again = exchange_.sign(second, "AM node 1 signing");
  EXPECT_EQ(receive(exchange_.sign(first, "AM node 1 signing")), 1U);
  EXPECT_EQ(receive(again), std::nullopt);
  EXPECT_EQ(inbox(), Numbers{log_.size() - 2});
  EXPECT_EQ(must(store_->load()).position.cursors.patient, log_.size());
  EXPECT_EQ(must(store_->received_envelope(log_.size() - 1)), again) << "both are kept";
}

// C-164: arrival numbers rise by arrival, not by index.
TEST_F(NodeStoreTest, AnUrgentNoticeOvertakesByArrival) {
  found();
  v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
  draft.set_precedence(v1::PRECEDENCE_FLASH);
  const std::string slow = notice("slow");
  const std::string urgent = exchange_.publish(draft, text_of("urgent"), exchange_.directory());
  const std::uint64_t at = log(slow);
  const std::uint64_t urgent_at = log(urgent);
  Arrival arrival = judge(urgent_at, urgent);
  arrival.lane = exchange::Lane::kUrgent;
  EXPECT_EQ(must(store_->put_arrival(arrival, must(store_->leaf(urgent_at)), kNow)), 1U);
  const LinkPosition between = must(store_->load()).position;
  EXPECT_EQ(between.cursors, (Arrivals{.patient = 0, .urgent = urgent_at + 1}));
  EXPECT_EQ(deliver(at, slow), 2U);
  EXPECT_EQ(inbox(), (Numbers{urgent_at, at}));
  const LinkPosition after = must(store_->load()).position;
  EXPECT_EQ(after.cursors, (Arrivals{.patient = at + 1, .urgent = urgent_at + 1}));
  const auto of_lane = [&](exchange::Lane lane) {
    return must(store_->scan_inbox({.after = 0, .before = {}, .count_max = 9, .lane = lane}));
  };
  ASSERT_EQ(of_lane(exchange::Lane::kUrgent).size(), 1U);
  EXPECT_EQ(of_lane(exchange::Lane::kUrgent)[0].arrival, 1U);
  ASSERT_EQ(of_lane(exchange::Lane::kPatient).size(), 1U);
  EXPECT_EQ(of_lane(exchange::Lane::kPatient)[0].arrival, 2U);
}

// A hub may send an entry in both lanes: it arrives once, and the process goes on.
TEST_F(NodeStoreTest, WhatComesInBothLanesArrivesOnce) {
  found();
  const std::string bytes = notice("one");
  const std::uint64_t at = log(bytes);
  EXPECT_EQ(deliver(at, bytes), 1U);
  Arrival again = judge(at, bytes);
  again.lane = exchange::Lane::kUrgent;
  EXPECT_EQ(must(store_->put_arrival(again, must(store_->leaf(at)), kNow)), std::nullopt);
  const LinkPosition after = must(store_->load()).position;
  EXPECT_EQ(after.cursors, (Arrivals{.patient = at + 1, .urgent = at + 1}));
  EXPECT_EQ(inbox(), Numbers{at});
}

TEST_F(NodeStoreTest, TheInboxIsScannedFromEitherEnd) {
  found();
  for (const char* const subject : {"1", "2", "3", "4", "5"}) {
    receive(notice(subject));
  }
  const auto arrivals = [&](const NodeStore::InboxScan& scan) {
    Numbers numbers;
    for (const NodeStore::InboxHead& head : must(store_->scan_inbox(scan))) {
      EXPECT_EQ(head.draft.origin(), "AM");
      EXPECT_GT(head.accepted_at_ms, 0U);
      numbers.push_back(head.arrival);
    }
    return numbers;
  };
  EXPECT_EQ(arrivals({.after = 0, .before = {}, .count_max = 2}), (Numbers{1, 2}));
  EXPECT_EQ(arrivals({.after = 3, .before = {}, .count_max = 9}), (Numbers{4, 5}));
  EXPECT_EQ(arrivals({.after = 0, .before = 6, .count_max = 2}), (Numbers{5, 4}));
  EXPECT_EQ(arrivals({.after = 1, .before = 4, .count_max = 9}), (Numbers{3, 2}));
  EXPECT_TRUE(arrivals({.after = 5, .before = {}, .count_max = 9}).empty());
}

TEST_F(NodeStoreTest, AnAlteredInboxRowIsADamagedStore) {
  found();
  receive(notice("shown"));
  commit();
  tamper(last_byte_of("inbox", "draft"));
  EXPECT_EQ(outcome(store_->inbox_item(1)), "store-damaged");
  EXPECT_EQ(outcome(store_->scan_inbox({.after = 0, .before = {}, .count_max = 9})),
            "store-damaged");
}

// C-133: the hub hears "stored" only of what is.
TEST_F(NodeStoreTest, CursorAndArrivalAreOneTransaction) {
  found();
  const std::string sent = notice("lost with the process");
  const std::uint64_t index = log(sent);
  commit();
  EXPECT_EQ(deliver(index, sent), 1U);
  EXPECT_EQ(must(store_->load()).position.cursors.patient, index + 1);
  open();  // Without commit.
  EXPECT_EQ(must(store_->load()).position.cursors.patient, 0U);
  EXPECT_EQ(must(store_->newest_arrival()), 0U);
  EXPECT_EQ(outcome(store_->received_envelope(index)), "not-found");
  EXPECT_EQ(deliver(index, sent), 1U);
  commit();
  open();
  EXPECT_EQ(must(store_->load()).position.cursors.patient, index + 1);
  EXPECT_EQ(must(store_->newest_arrival()), 1U);
}

// C-164
TEST_F(NodeStoreTest, CursorsBelongToApplicationsAndNeverGoBack) {
  begin();
  EXPECT_EQ(must(store_->cursor("desk", "main")), Arrivals{});
  must(store_->put_cursor("desk", "main", {.patient = 7, .urgent = 1}));
  must(store_->put_cursor("desk", "main", {.patient = 3, .urgent = 9}));
  must(store_->put_cursor("desk", "other", {.patient = 2, .urgent = 0}));
  const Arrivals at_7_and_9{.patient = 7, .urgent = 9};
  EXPECT_EQ(must(store_->cursor("desk", "main")), at_7_and_9);
  EXPECT_EQ(must(store_->cursor("desk", "other")), (Arrivals{.patient = 2, .urgent = 0}));
  EXPECT_EQ(must(store_->cursor("archive", "main")), Arrivals{});
  commit();
  open();
  EXPECT_EQ(must(store_->cursor("desk", "main")), at_7_and_9);
}

// The log.

TEST_F(NodeStoreTest, LeavesAreFoundByIndexAcrossBatches) {
  EXPECT_EQ(outcome(store_->leaf(0)), "not-found");
  found();
  log_.append(Ids{notice("1"), notice("2"), notice("3")});
  log_.append(Ids{notice("4"), notice("5")});
  follow();
  std::vector<ledger::Leaf> leaves;
  for (const v1::LogBatch& batch : log_.batches()) {
    for (const ledger::Leaf& leaf : test::leaves_of(batch)) {
      leaves.push_back(leaf);
    }
  }
  ASSERT_EQ(leaves.size(), log_.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(must(store_->leaf(i)), leaves[i]) << i;
  }
  EXPECT_EQ(outcome(store_->leaf(log_.size())), "not-found");
  EXPECT_EQ(outcome(store_->leaf(UINT32_MAX)), "not-found");
}

// C-100: the state that judges the notice at an index is the one that its leaf names.
TEST_F(NodeStoreTest, TheDirectoryAtEachIndexIsTheOneThatWasFoldedThen) {
  log_.found();
  log_.append(Ids{notice("1")});
  log_.append_entry(exchange_.enrol(test::person_entry("AM"), log_.directory()));
  log_.append(Ids{notice("2"), notice("3")});
  log_.append_entry(exchange_.enrol(test::node_entry("BY", 2, false, false), log_.directory()));
  follow();
  for (std::uint64_t index = 0; index < log_.size(); ++index) {
    EXPECT_EQ(must(store_->directory_at(index)).root(), must(store_->leaf(index)).directory)
        << index;
  }
}

TEST_F(NodeStoreTest, AnEmptyStoreLoadsAsNothing) {
  const NodeState state = must(store_->load());
  EXPECT_EQ(state.follower.size(), 0U);
  EXPECT_FALSE(state.follower.directory().founded());
  EXPECT_EQ(state.position.cursors.patient, 0U);
  EXPECT_EQ(state.position.followed_root, ledger::tree_root({}));
  EXPECT_TRUE(state.history.empty());
  EXPECT_EQ(state.created_at_us, 0U);
}

TEST_F(NodeStoreTest, AfterAReopenEverythingIsWhereItWas) {
  found();
  receive(notice("1"));
  log_.append_entry(exchange_.enrol(test::person_entry("AM"), log_.directory()));
  receive(notice("2"));
  commit();
  open();
  NodeState state = must(store_->load());
  EXPECT_EQ(state.follower.size(), follower_.size());
  EXPECT_EQ(state.follower.tree().root(), log_.tree().root());
  EXPECT_EQ(state.follower.directory().root(), log_.directory().root());
  EXPECT_EQ(state.follower.accepted_at_ms(), log_.accepted_at_ms());
  EXPECT_EQ(state.position.followed_size, log_.size());
  EXPECT_EQ(state.position.followed_root, log_.tree().root());
  EXPECT_EQ(state.position.cursors.patient, log_.size());
  ASSERT_EQ(state.history.size(), 8U) << "the roster, six nodes, a person";
  EXPECT_EQ(state.history.back().first, log_.size() - 2);
  EXPECT_EQ(state.history.back().second.root(), log_.directory().root());
  // And it goes on from there.
  log_.append(Ids{notice("3")});
  EXPECT_EQ(outcome(state.follower.follow(log_.batches().back(), exchange_.cache())), "good");
}

TEST_F(NodeStoreTest, TheHistoryOfTheDirectoryIsBounded) {
  found();
  const Ids signers = {"KZ authority"};
  for (int i = 0; i < 260; ++i) {
    log_.append_entry(
        exchange_.entry(test::state_entry("minimize", i % 2 == 0 ? "priority" : "off"), signers,
                        log_.directory(), "KZ"));
  }
  follow();
  const NodeState state = must(store_->load());
  EXPECT_EQ(state.history.size(), 256U);
  EXPECT_EQ(state.history.back().first, log_.size() - 1);
  EXPECT_EQ(state.history.front().second.root(),
            must(store_->leaf(state.history.front().first)).directory);
  // Older states are folded anew.
  EXPECT_EQ(must(store_->directory_at(8)).root(), must(store_->leaf(8)).directory);
}

TEST_F(NodeStoreTest, AStoreWhoseLogWasAlteredDoesNotLoad) {
  found();
  tamper("UPDATE position SET root = zeroblob(32)");
  EXPECT_EQ(outcome(store_->load()), "store-damaged");
}

TEST_F(NodeStoreTest, AStoreWhoseDirectoryWasAlteredDoesNotLoad) {
  found();
  tamper(last_byte_of("directory_entry", "envelope") + " WHERE idx = 3");
  EXPECT_EQ(outcome(store_->load()), "store-damaged");
  EXPECT_EQ(outcome(store_->directory_at(5)), "store-damaged");
  EXPECT_EQ(outcome(store_->directory_at(2)), "good");
  tamper("UPDATE directory_entry SET envelope = x'ff' WHERE idx = 3");
  EXPECT_EQ(outcome(store_->load()), "store-damaged");
  EXPECT_EQ(outcome(store_->directory_at(5)), "store-damaged");
}

// C-120 to C-122, C-166
class AuditPageTest : public NodeStoreTest {
 protected:
  exchange::AuditReport audit(std::size_t bytes_max, int& pages) {
    exchange::Auditor auditor(exchange_.genesis());
    std::uint64_t from = 0;
    pages = 0;
    while (true) {
      const v1::AuditPageReply page = must(store_->audit_page(from, bytes_max));
      ++pages;
      for (const v1::AuditBatch& batch : page.batches()) {
        static_cast<void>(auditor.batch(batch));
      }
      if (page.next_index() == 0) {
        auditor.last_page(page);
        return auditor.finish(page.size());
      }
      EXPECT_GT(page.next_index(), from);
      from = page.next_index();
    }
  }
};

TEST_F(AuditPageTest, AnAuditorFindsNothingInAnHonestStore) {
  found();
  receive(notice("shown"));
  receive(notice("own", "BY"));
  log(exchange_.publish(exchange_.draft("AM", {"RU"}), text_of("for others"),
                        exchange_.directory()));
  for (const std::size_t bytes_max : {std::size_t{1}, std::size_t{1} << 20U}) {
    int pages = 0;
    const exchange::AuditReport report = audit(bytes_max, pages);
    EXPECT_TRUE(report.passed()) << report.findings.front().error.to_string();
    EXPECT_EQ(report.size, log_.size());
    EXPECT_EQ(report.root, log_.tree().root());
    EXPECT_EQ(report.envelope_count, 7U + 2U);
    EXPECT_EQ(report.absent_count, 1U);
    EXPECT_EQ(pages > 1, bytes_max == 1);
  }
}

// C-166
TEST_F(AuditPageTest, PagesWithoutEntriesHaveTheSameLeavesAndEndWithTheHeadAtQuorum) {
  found();
  receive(notice("1"));
  receive(notice("2"));
  commit();
  v1::AuditPageReply bare = must(store_->audit_page(0, 1U << 20U));
  for (v1::AuditBatch& batch : *bare.mutable_batches()) {
    EXPECT_GT(batch.entries_size(), 0);
    batch.clear_entries();
  }
  bare.clear_rows_beyond();
  EXPECT_EQ(must(store_->audit_leaves(0, 1U << 20U)).SerializeAsString(), bare.SerializeAsString());
  EXPECT_EQ(bare.cosigned(), "");
  must(store_->put_cosigned({.size = log_.size(), .time_s = 1, .note = "a note"}));
  EXPECT_EQ(must(store_->audit_page(log_.size(), 1U << 20U)).cosigned(), "a note");
  EXPECT_EQ(must(store_->audit_leaves(log_.size(), 1U << 20U)).cosigned(), "a note");
  EXPECT_EQ(must(store_->audit_leaves(0, 1)).cosigned(), "");
}

TEST_F(AuditPageTest, AnAuditorNamesTheEntryAtFault) {
  found();
  receive(notice("1"));
  receive(notice("2"));
  commit();
  tamper(last_byte_of("received", "envelope") + " WHERE idx = 8");
  int pages = 0;
  const exchange::AuditReport report = audit(1U << 20U, pages);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].index, 8U);
}

TEST_F(AuditPageTest, WhatTheNodeFoundVoidIsCountedAndNoFault) {
  found();
  log_.append(Ids{exchange_.sign(exchange_.clear(exchange_.draft("AM", {"BY"}), text_of("clear")),
                                 "AM node 1 signing")});
  follow();
  EXPECT_EQ(deliver(log_.size() - 1, log_.envelopes().back()), std::nullopt);
  int pages = 0;
  const exchange::AuditReport report = audit(1U << 20U, pages);
  EXPECT_TRUE(report.passed()) << report.findings.front().error.to_string();
  EXPECT_EQ(report.void_count, 1U);
}

// C-126
TEST_F(AuditPageTest, WhatTheInboxShowsWithoutADeliveryIsNamed) {
  found();
  receive(notice("1"));
  receive(notice("2"));
  commit();
  tamper("DELETE FROM received WHERE idx = 8");
  int pages = 0;
  const exchange::AuditReport report = audit(1U << 20U, pages);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].index, 8U);
}

// C-126
TEST_F(AuditPageTest, TheOutboxIsComparedOncePassed) {
  found();
  const OutboxDraft draft = queue();
  log(exchange_.publish(exchange_.draft("AM", {"RU"}), text_of("for others"),
                        exchange_.directory()));
  mark_logged(draft, log_.size() - 1, kNow);
  commit();
  int pages = 0;
  EXPECT_TRUE(audit(1U << 20U, pages).passed());  // What was logged is still to be delivered.
  tamper("UPDATE position SET cursor = " + std::to_string(log_.size()));
  const exchange::AuditReport report = audit(1U << 20U, pages);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].index, log_.size() - 1);
}

// C-124
TEST_F(AuditPageTest, RowsBeyondTheLogAreCounted) {
  found();
  receive(notice("1"));
  commit();
  EXPECT_EQ(must(store_->audit_page(0, 1U << 20U)).rows_beyond(), 0U);
  tamper("UPDATE received SET idx = idx + 1");
  EXPECT_EQ(must(store_->audit_page(0, 1U << 20U)).rows_beyond(), 1U);
}

// Whose store it is.

TEST_F(NodeStoreTest, AStoreBelongsToOneExchangeAndOneMember) {
  store_.reset();
  const auto opened = [&](const Hash& genesis, std::string_view member, StoreUse use) {
    return outcome(NodeStore::open(path_, genesis, member, use));
  };
  EXPECT_EQ(opened(exchange_.genesis(), "RU", StoreUse::kOwn), "wrong-genesis");
  EXPECT_EQ(opened(Hash{1}, "BY", StoreUse::kOwn), "wrong-genesis");
  EXPECT_EQ(opened(Hash{1}, "BY", StoreUse::kAudit), "wrong-genesis");
  EXPECT_EQ(opened(Hash{}, "BY", StoreUse::kOwn), "wrong-genesis");
  EXPECT_EQ(opened(exchange_.genesis(), "BY", StoreUse::kOwn), "good");
  const auto audited = NodeStore::open(path_, Hash{}, "", StoreUse::kAudit);
  ASSERT_EQ(outcome(audited), "good");
  EXPECT_EQ((*audited)->member(), "BY");
  EXPECT_EQ((*audited)->genesis(), exchange_.genesis());
}

TEST_F(NodeStoreTest, AStoreHasOneOwner) {
  EXPECT_EQ(outcome(NodeStore::open(path_, exchange_.genesis(), "BY", StoreUse::kOwn)),
            "store-busy");
}

TEST_F(NodeStoreTest, AnAuditOfWhatIsNotThereMakesNothing) {
  EXPECT_EQ(outcome(NodeStore::open(folder_ / "nowhere.db", Hash{}, "", StoreUse::kAudit)),
            "file-missing");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "nowhere.db"));
}

TEST_F(NodeStoreTest, AStoreOfANewerVersionIsRefusedAndUntouched) {
  found();
  store_.reset();
  {
    sqlite::Database database =
        must(sqlite::Database::open(path_, {.mode = sqlite::OpenMode::kExisting,
                                            .application_id = kNodeStoreApplicationId,
                                            .user_version = kNodeStoreVersion + 1}));
    must(database.set_user_version(kNodeStoreVersion + 1));
  }
  const std::string before = must(os::read_file(path_, 64U << 20U));
  EXPECT_EQ(outcome(NodeStore::open(path_, exchange_.genesis(), "BY", StoreUse::kOwn)),
            "store-version");
  EXPECT_EQ(outcome(NodeStore::open(path_, Hash{}, "", StoreUse::kAudit)), "store-version");
  EXPECT_EQ(must(os::read_file(path_, 64U << 20U)), before);
}

// The damages that a start finds, each "part index"; or the error that stops it.
std::string tail_of(NodeStore& store) {
  const Result<std::vector<exchange::Damage>> damages = store.check_tail();
  if (!damages.has_value()) {
    return outcome(damages);
  }
  std::string all;
  for (const exchange::Damage& damage : *damages) {
    all += damage.part + " " + std::to_string(damage.index);
  }
  return all.empty() ? "good" : all;
}

TEST_F(NodeStoreTest, WhatWasWrittenLastIsLookedAtAgainAtAStart) {
  EXPECT_EQ(tail_of(*store_), "good");
  found();
  receive(notice("one"));
  const std::uint64_t second = log_.size();
  receive(notice("two"));
  commit();
  EXPECT_EQ(tail_of(*store_), "good");
  // Good in itself, and of another leaf.
  tamper("UPDATE received SET envelope = (SELECT envelope FROM received WHERE idx < " +
         std::to_string(second) + ") WHERE idx = " + std::to_string(second));
  EXPECT_EQ(tail_of(*store_), "received " + std::to_string(second));
  tamper(last_byte_of("received", "envelope") + " WHERE idx = " + std::to_string(second));
  EXPECT_EQ(tail_of(*store_), "received " + std::to_string(second));
  for (const std::string& sql :
       {last_byte_of("batch", "leaves") + " WHERE first_index = 3",
        last_byte_of("batch", "root") + " WHERE first_index = 3",
        std::string("DELETE FROM batch WHERE first_index = 3"),
        std::string("UPDATE batch SET leaves = x'' WHERE first_index = 3"),
        last_byte_of("position", "edge"), std::string("UPDATE position SET size = size - 1")}) {
    store_.reset();
    const std::string good = must(os::read_file(path_, 64U << 20U));
    tamper(sql);
    EXPECT_EQ(tail_of(*store_), "store-damaged") << sql;
    store_.reset();
    must(os::replace_file(path_, good, 0600));
    for (const char* const suffix : {"-wal", "-mark"}) {
      std::filesystem::remove(path_ + suffix);
    }
    open();
  }
}

// However long the log is: what lies far back is for the audit.
TEST_F(NodeStoreTest, AStartLooksAtTheEndOfTheLogOnly) {
  found();
  const std::string one = notice("one");
  receive(one);
  while (log_.size() < 3000) {
    log_.append(std::vector<std::string>(512, notice("many")));
    follow();
  }
  commit();
  EXPECT_EQ(tail_of(*store_), "good");
  const auto leaves_at = [](std::uint64_t index) {
    return last_byte_of("batch", "leaves") + " WHERE first_index <= " + std::to_string(index) +
           " AND size_after > " + std::to_string(index);
  };
  tamper(leaves_at(600));
  EXPECT_EQ(tail_of(*store_), "good");
  tamper(leaves_at(log_.size() - exchange::kTailCount));
  EXPECT_EQ(tail_of(*store_), "store-damaged");
}

// A whole pass, so many records at a time: the damages, each "part index ".
std::string scrub_of(NodeStore& store, std::size_t count_max = 3) {
  for (bool whole = false; !whole;) {
    const exchange::Scrubbed scrubbed = must(store.scrub(count_max, std::size_t{1} << 30U));
    EXPECT_LE(scrubbed.record_count, count_max);
    whole = scrubbed.whole;
  }
  std::string all;
  for (const exchange::Damage& damage : store.take_damages()) {
    all += damage.part + " " + std::to_string(damage.index) + " ";
  }
  return all;
}

TEST_F(NodeStoreTest, EveryRecordIsLookedAtAgain) {
  EXPECT_EQ(scrub_of(*store_), "");
  found();
  const std::uint64_t first = log_.size();
  receive(notice("one"));
  receive(notice("two"));
  queue();
  const OutboxDraft second = queue();
  commit();
  EXPECT_EQ(scrub_of(*store_), "");
  tamper(last_byte_of("received", "envelope") + " WHERE idx = " + std::to_string(first));
  EXPECT_EQ(scrub_of(*store_), "received 7 ");
  tamper(last_byte_of("inbox", "draft") + " WHERE arrival = 2");
  // What was received there is stored without the draft, which is in the inbox.
  EXPECT_EQ(scrub_of(*store_, 1), "received 7 received 8 inbox 2 ");
  tamper(last_byte_of("outbox_content", "draft") + " WHERE seq = 2");
  EXPECT_EQ(scrub_of(*store_), "received 7 received 8 inbox 2 outbox 2 ");
  tamper(last_byte_of("batch", "leaves") + " WHERE first_index = 3");
  EXPECT_EQ(scrub_of(*store_), "batch 3 received 7 received 8 inbox 2 outbox 2 ");
  EXPECT_EQ(must(store_->scrub(1000, 1)).record_count, 1U) << "bounded in bytes";
}

TEST_F(NodeStoreTest, WhatWasReceivedIsStoredWithoutWhatItRepeatsAndIsThereWhole) {
  found();
  struct Sent {
    std::string bytes;
    std::size_t repeated = 0;
    std::uint64_t index = 0;
  };
  std::vector<Sent> all;
  const std::string text = text_of("as long as a text is, or more");
  const auto clear = [&](const std::string& from, const std::string& to) {
    return exchange_.sign(exchange_.clear(exchange_.draft(from, {to}, "contact"), text),
                          from + " node 1 signing");
  };
  const auto drafted = [&](const std::string& bytes) {
    return exchange_.parse(bytes).header.draft();
  };
  const auto arrive = [&](const std::string& bytes, std::size_t repeated) {
    receive(bytes);
    all.push_back({.bytes = bytes, .repeated = repeated, .index = log_.size() - 1});
  };
  const std::string shown = clear("AM", "BY");
  arrive(shown, drafted(shown).size() + text.size());
  const std::string sealed = notice("sealed");
  arrive(sealed, drafted(sealed).size());
  const v1::Draft said = exchange_.draft("BY", {"AM"}, "contact");
  const std::string own = exchange_.sign(exchange_.clear(said, text), "BY node 1 signing");
  OutboxDraft draft;
  draft.waiting = {.notice_id = exchange_.parse(own).draft.notice_id(),
                   .draft = drafted(own),
                   .text = text,
                   .sealed = false};
  draft.notice = exchange_.parse(own).notice;
  must(store_->put_draft(draft));
  mark_logged(draft, log_.size(), kNow);
  arrive(own, drafted(own).size() + text.size());
  // Logged twice, as by a careless hub; and from elsewhere, so that no draft of it is here.
  arrive(exchange_.sign(exchange_.clear(said, text), "BY node 1 signing"), 0);
  arrive(clear("BY", "AM"), 0);
  commit();
  for (const Sent& sent : all) {
    tamper("UPDATE received SET reason = reason WHERE idx = " + std::to_string(sent.index) +
           " AND length(envelope) = " + std::to_string(sent.bytes.size() - sent.repeated));
    EXPECT_EQ(must(store_->received_envelope(sent.index)), sent.bytes);
  }
  EXPECT_EQ(scrub_of(*store_), "");
  EXPECT_EQ(outcome(store_->check()), "good");
  begin();
  for (const Sent& sent : all) {
    EXPECT_TRUE(must(store_->erase_bodies(std::vector{sent.index}, kNow)).empty());
    const Result<Hash> entry =
        exchange::entry_of(must(store_->received_envelope(sent.index)), exchange_.genesis());
    EXPECT_EQ(must(entry), exchange_.parse(sent.bytes).entry);
  }
  EXPECT_EQ(scrub_of(*store_), "");
}

// By a hub that logs twice, and delivers what it logged first behind the other.
TEST_F(NodeStoreTest, WhatWasReceivedOfOnesOwnStaysWholeWhereItsFirstIndexIsFoundLater) {
  found();
  const std::string text = text_of("as long as a text is, or more");
  const v1::Draft said = exchange_.draft("BY", {"AM"}, "contact");
  const auto stamped = [&] {
    return exchange_.sign(exchange_.clear(said, text), "BY node 1 signing");
  };
  const std::string first = stamped();
  const std::string second = stamped();
  OutboxDraft draft;
  draft.waiting = {.notice_id = said.notice_id(),
                   .draft = exchange_.parse(first).header.draft(),
                   .text = text,
                   .sealed = false};
  draft.notice = exchange_.parse(first).notice;
  begin();
  must(store_->put_draft(draft));
  const std::uint64_t first_at = log(first);
  const std::uint64_t second_at = log(second);
  mark_logged(draft, second_at, kNow);
  deliver(second_at, second);
  mark_logged(draft, first_at, kNow);
  deliver(first_at, first);
  EXPECT_EQ(row(draft).index, first_at);
  EXPECT_EQ(must(store_->received_envelope(first_at)), first);
  EXPECT_EQ(must(store_->received_envelope(second_at)), second);
  EXPECT_EQ(scrub_of(*store_), "");
}

// What has no leaf to be judged by is kept, and what is looked for beside it is found.
TEST_F(NodeStoreTest, ALeafThatDoesNotParseIsNamedAndItsNoticeKept) {
  found();
  const std::uint64_t first = log_.size();
  receive(notice("one"));
  receive(notice("two"));
  commit();
  tamper("UPDATE batch SET leaves = CAST(x'ff' || substr(leaves, 2) AS BLOB) WHERE first_index = " +
         std::to_string(first));
  EXPECT_EQ(outcome(store_->leaf(first)), "store-damaged");
  EXPECT_EQ(outcome(store_->leaf(log_.size())), "not-found");
  EXPECT_FALSE(must(store_->held_envelope(first)).has_value());
  const std::vector<exchange::Kept> kept = must(store_->kept(0, kAll));
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_TRUE(kept[0].draft.kind().empty());
  EXPECT_EQ(kept[1].draft.kind(), "threat.alert");
  begin();
  EXPECT_EQ(must(store_->erase_bodies(std::vector{first, first + 1}, kNow)), std::vector{first});
  commit();
  EXPECT_FALSE(must(store_->received_envelope(first)).empty());
  for (const exchange::Damage& damage : store_->take_damages()) {
    EXPECT_EQ(damage.part, "batch");
    EXPECT_EQ(damage.index, first);
  }
  EXPECT_TRUE(store_->take_damages().empty());
}

// The body goes where it is whole; what this node signed itself, and does not parse, stays.
TEST_F(NodeStoreTest, AnOwnEnvelopeThatDoesNotParseIsNamedAndKept) {
  found();
  const OutboxDraft own = queue();
  const std::string envelope = notice("own", "BY");
  const std::uint64_t index = log_.size();
  receive(envelope);
  must(store_->put_signed({.notice_id = own.waiting.notice_id,
                           .header = "",
                           .body = "",
                           .created_at_us = 1,
                           .precedence = v1::PRECEDENCE_ROUTINE},
                          envelope));
  mark_logged(own, index, kNow);
  commit();
  tamper("UPDATE outbox_envelope SET envelope = x'ff'");
  begin();
  EXPECT_TRUE(must(store_->erase_bodies(std::vector{index}, kNow)).empty());
  commit();
  const std::vector<exchange::Damage> named = store_->take_damages();
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named.front().part, "outbox");
  EXPECT_EQ(must(store_->outbox_as_it_is(own.waiting.notice_id)).value_or(OutboxRow()).envelope,
            "\xff");
}

// Named, and in nobody's way: never given, never deleted.
TEST_F(NodeStoreTest, WhatIsInQuarantineIsNotScannedAndStays) {
  found();
  receive(notice("one"));
  receive(notice("two"));
  const OutboxDraft first = queue();
  const OutboxDraft second = queue();
  commit();
  tamper(last_byte_of("inbox", "draft") + " WHERE arrival = 1");
  tamper(last_byte_of("outbox_content", "draft") + " WHERE seq = 1");
  EXPECT_EQ(outcome(store_->scan_inbox({.after = 0, .before = {}, .count_max = kAll})),
            "store-damaged");
  EXPECT_EQ(outcome(store_->waiting(kAll, kAll)), "store-damaged");
  const std::vector<exchange::Damage> met = store_->take_damages();
  ASSERT_EQ(met.size(), 2U);
  for (const exchange::Damage& damage : met) {
    EXPECT_TRUE(must(store_->quarantine(damage, kNow)));
    EXPECT_FALSE(must(store_->quarantine(damage, kNow)));
  }
  open();
  EXPECT_EQ(inbox(), Numbers{8});
  EXPECT_EQ(must(store_->scan_inbox({.after = 0, .before = 100, .count_max = kAll})).size(), 1U);
  EXPECT_EQ(waiting_ids(), Ids{second.waiting.notice_id});
  EXPECT_EQ(outcome(store_->inbox_item(1)), "store-damaged");
  EXPECT_EQ(outcome(store_->find_outbox(first.waiting.notice_id)), "store-damaged");
  const std::vector<exchange::Damage> named = must(store_->quarantined());
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].part, "inbox");
  EXPECT_EQ(named[1].part, "outbox");
  EXPECT_EQ(must(store_->outbox_counts()).queued, 2U) << "nothing is deleted";
}

// What is told of it is read again, and so meets the damage.
TEST_F(NodeStoreTest, WhereADraftStoodIsForgottenOnceADamageIsNamed) {
  found();
  const OutboxDraft draft = queue();
  commit();
  const auto kind_in_memory = [&] {
    return must(store_->outbox_standing(draft.waiting.notice_id)).value_or(OutboxStanding()).kind;
  };
  ASSERT_NE(kind_in_memory(), "");
  EXPECT_TRUE(must(store_->quarantine(
      {.part = "outbox", .index = 1, .error = {ErrorCode::kStoreDamaged, "x"}}, kNow)));
  EXPECT_EQ(kind_in_memory(), "") << "by the store alone, which has it in the draft";
}

// Times of the hub say nothing of this machine's clock.
TEST_F(NodeStoreTest, TheTimeThatWasSeenIsThatOfThisMachine) {
  EXPECT_EQ(must(store_->clock_seen_ms()), 0U);
  found();
  EXPECT_EQ(must(store_->clock_seen_ms()), 0U);
  receive(notice("one"));
  EXPECT_EQ(must(store_->clock_seen_ms()), kNow);
  store_->raise_clock((kNow + 5) * 1000);
  EXPECT_EQ(must(store_->clock_seen_ms()), kNow + 5);
}

TEST_F(NodeStoreTest, AFileThatIsNoStoreIsRefused) {
  const std::string path = folder_ / "other.db";
  must(os::write_file_new(path, std::string(4096, 'x'), 0600));
  EXPECT_EQ(outcome(NodeStore::open(path, exchange_.genesis(), "BY", StoreUse::kOwn)),
            "store-damaged");
}

// C-137
TEST_F(NodeStoreTest, AnotherDraftUnderAnIdThatIsShownIsVoid) {
  found();
  const v1::Draft draft = exchange_.draft("AM", {"BY"}, "threat.alert");
  const std::string one = exchange_.publish(draft, text_of("yes"), exchange_.directory());
  const std::string two = exchange_.publish(draft, text_of("no"), exchange_.directory());
  EXPECT_TRUE(receive(one).has_value());
  EXPECT_FALSE(receive(two).has_value());
  commit();
  tamper("UPDATE inbox SET idx = -1 - arrival");  // As where the log went back before it.
  EXPECT_TRUE(receive(two).has_value());
  EXPECT_FALSE(receive(one).has_value());
}

TEST_F(NodeStoreTest, WhatTheIndexByNClaimsToHaveIsLookedFor) {
  const OutboxDraft draft = queue();
  commit();
  EXPECT_EQ(outcome(store_->check()), "good");
  tamper("UPDATE notice_indexed SET seq = 1");
  EXPECT_EQ(outcome(store_->check()), "store-damaged");
  tamper("INSERT INTO notice_index SELECT notice, 1, 2 FROM outbox");
  EXPECT_EQ(outcome(store_->check()), "store-damaged");
  tamper("UPDATE notice_index SET number = 1");
  EXPECT_EQ(outcome(store_->check()), "good");
}

TEST_F(NodeStoreTest, WhatWasWrittenOfTheIndexInATransactionThatEndsIsNotLost) {
  std::vector<Hash> notices;
  notices.reserve(NoticeIndex::kWaitingMax);
  for (std::size_t i = 0; i < NoticeIndex::kWaitingMax; ++i) {
    notices.push_back(queue().notice);
  }
  commit();
  for (int i = 0; i < 100; ++i) {
    queue();
  }
  ASSERT_TRUE(store_->audit_page(0, kAll));  // Writes what is held in memory.
  store_->roll_back();
  for (const Hash& notice : notices) {
    v1::ShowRequest request;
    request.set_notice(to_string(notice));
    ASSERT_TRUE(must(store_->find_own(request)).has_value());
  }
}

TEST_F(NodeStoreTest, ConsultationsAreFoundByTheirOpening) {
  const Hash first = exchange::text_digest("first");
  const Hash second = exchange::text_digest("second");
  begin();
  must(store_->put_consulted({.opening = first, .index = 7, .held_since_ms = 1000}));
  must(store_->put_consulted({.opening = first, .index = 7, .held_since_ms = 2000}));
  must(store_->put_consulted({.opening = second, .index = 9, .held_since_ms = 3000}));
  for (const std::uint64_t index : {11U, 7U, 11U}) {
    must(store_->put_about(first, index));
  }
  EXPECT_EQ(must(store_->about(first)), (std::vector<std::uint64_t>{7, 11}));
  EXPECT_TRUE(must(store_->about(second)).empty());
  EXPECT_EQ(must(store_->openings("", 9)), (std::vector<Hash>{second, first}));
  EXPECT_EQ(must(store_->openings("", 1)), std::vector<Hash>{second});
  EXPECT_EQ(must(store_->openings(as_view(first).substr(0, 4), 9)), std::vector<Hash>{first});
  const std::vector<NodeStore::Consulted> waiting = must(store_->not_tallied());
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].opening, first);
  EXPECT_EQ(waiting[0].index, 7U);
  EXPECT_EQ(waiting[0].held_since_ms, 1000U) << "it came twice";
  must(store_->mark_tallied(first));
  ASSERT_EQ(must(store_->not_tallied()).size(), 1U);
  EXPECT_EQ(must(store_->not_tallied())[0].opening, second);
}

TEST_F(NodeStoreTest, TheNewestWordOfAMemberIsTheFirst) {
  const Hash opening = exchange::text_digest("opening");
  const OutboxDraft first = queue(v1::PRECEDENCE_ROUTINE, "desk", {opening});
  queue();
  const OutboxDraft second = queue(v1::PRECEDENCE_ROUTINE, "desk", {opening});
  const OutboxDraft refused = queue(v1::PRECEDENCE_ROUTINE, "desk", {opening});
  must(store_->mark_refused(refused.waiting.notice_id, {ErrorCode::kExpired, ""}));
  sign(first, 1, "envelope");
  mark_logged(first, 12, kNow);
  const std::vector<NodeStore::OwnWord> words = must(store_->own_words(opening));
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0].n, second.notice);
  EXPECT_EQ(words[0].queued_at_ms, kNow);
  EXPECT_EQ(words[0].index, std::nullopt);
  EXPECT_EQ(words[1].n, first.notice);
  EXPECT_EQ(words[1].index, 12U);
  EXPECT_TRUE(must(store_->own_words(exchange::text_digest("another"))).empty());
}

// tests/vectors/stores/README.md says what is in it.
std::string copied(const os::TemporaryFolder& folder, const std::string& name) {
  std::string path = folder / "node.db";
  std::filesystem::copy_file(std::string(test::source_folder) + "/tests/vectors/stores/" + name,
                             path);
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return path;
}

TEST(NodeStoreVersionTest, AStoreOfVersion1GetsItsLanes) {
  const os::TemporaryFolder folder;
  const std::string path = copied(folder, "node-v1.db");
  EXPECT_EQ(must(must(NodeStore::open(path, Hash{}, "", StoreUse::kAudit))->outbox_counts()).logged,
            3U);
  const Hash genesis =
      must(hash_from_hex("c4b5e1d88e3a5ddc058c9de115f05f87f721a7acc33e717b4467f173dae1a112"));
  const auto store = must(NodeStore::open(path, genesis, "AM", StoreUse::kOwn));
  EXPECT_EQ(must(store->load()).position.cursors, (Arrivals{.patient = 12, .urgent = 12}));
  EXPECT_EQ(must(store->cursor("desk", "desk")), (Arrivals{.patient = 1, .urgent = 1}));
  const auto lane = [&](exchange::Lane which) {
    return must(store->scan_inbox({.after = 0, .before = {}, .count_max = 9, .lane = which}));
  };
  EXPECT_EQ(must(store->outbox_counts()).undelivered, 3U);
  EXPECT_EQ(must(store->undelivered_to(7)), (Ids{"BY", "KG", "KZ", "RU", "TJ"}));
  exchange::PairCount count;
  EXPECT_TRUE(must(store->count_on(count, "BY", 12, 100)));
  EXPECT_EQ(count.sent.size() + count.received.size(), 3U) << "what was received is counted";
  EXPECT_TRUE(lane(exchange::Lane::kPatient).empty());
  ASSERT_EQ(lane(exchange::Lane::kUrgent).size(), 1U);
  EXPECT_EQ(must(store->inbox_item(1)).index(), 11U);
  EXPECT_EQ(outcome(store->check()), "good");
}

// From what is held, as if it came now.
TEST(NodeStoreVersionTest, AStoreOfAnOlderVersionGetsItsRecords) {
  const os::TemporaryFolder folder;
  const std::string path = copied(folder, "node-v1.db");
  const auto count = [](NodeStore& store) {
    const v1::FindReply reply = must(store.find({}));
    return std::pair(reply.found_size(), reply.unread());
  };
  using Counts = std::pair<int, std::uint64_t>;
  const Hash genesis =
      must(hash_from_hex("c4b5e1d88e3a5ddc058c9de115f05f87f721a7acc33e717b4467f173dae1a112"));
  EXPECT_EQ(count(*must(NodeStore::open(path, genesis, "", StoreUse::kAudit))), Counts(0, 4));
  const auto store = must(NodeStore::open(path, genesis, "AM", StoreUse::kOwn));
  must(store->begin());
  must(store->record(3, 1U << 20U));
  EXPECT_EQ(count(*store), Counts(3, 1));
  must(store->record(3, 1U << 20U));
  EXPECT_EQ(count(*store), Counts(4, 0));
  must(store->commit());
  EXPECT_EQ(outcome(store->check()), "good");
}

// By whose key, version 7 did not say: by that of the first start.
TEST(NodeStoreVersionTest, AStoreOfVersion7SaysThatItsWitnessCosignedMore) {
  const os::TemporaryFolder folder;
  const std::string path = folder / "node.db";
  const auto open = [&] { return must(NodeStore::open(path, Hash{}, "AM", StoreUse::kOwn)); };
  open().reset();
  {
    sqlite::Database raw =
        must(sqlite::Database::open(path, {.mode = sqlite::OpenMode::kExisting,
                                           .application_id = kNodeStoreApplicationId,
                                           .user_version = kNodeStoreVersion}));
    must(raw.execute(test::kUndoVersion15));
    must(raw.execute(test::kUndoVersion14));
    must(raw.execute(test::undo_version13()));
    must(raw.execute(test::kUndoVersion12));
    must(raw.execute(test::kUndoVersion11));
    must(raw.execute(
        "DROP TABLE about; DROP TABLE own_word; DROP TABLE consultation; DROP TABLE seen_line; "
        "ALTER TABLE witness ADD COLUMN seen_size INTEGER NOT NULL DEFAULT 12"));
    must(raw.set_user_version(7));
  }
  const auto store = open();
  const Hash first = test::signing_public("first").id();
  const Hash second = test::signing_public("second").id();
  must(store->name_seen_line(first));
  must(store->name_seen_line(second));
  EXPECT_EQ(must(store->seen_line(first)), 12U);
  EXPECT_EQ(must(store->seen_line(second)), 0U);
}

TEST(NodeStoreVersionTest, AStoreOfVersion2IsCounted) {
  const os::TemporaryFolder folder;
  const Hash genesis =
      must(hash_from_hex("7097c17857ce63ca2a80fd9366f02db1d7e4ffbc4c1f09f2090b7b3804b67c5b"));
  const auto store =
      must(NodeStore::open(copied(folder, "node-v2.db"), genesis, "AM", StoreUse::kOwn));
  const OutboxCounts outbox = must(store->outbox_counts());
  EXPECT_EQ(outbox.queued, 1U);
  EXPECT_EQ(outbox.logged, 4U);
  EXPECT_EQ(outbox.refused, 1U);
  EXPECT_EQ(outbox.undelivered, 4U);
  EXPECT_EQ(must(store->intake_counts()).shown, 2U);
  EXPECT_EQ(outcome(store->check()), "good");
}

TEST(NodeStoreVersionTest, AStoreOfVersion3GetsItsShares) {
  const os::TemporaryFolder folder;
  const Hash genesis =
      must(hash_from_hex("f13fa91e7565a010bf8310645d14915a2ae571c5c7943a8549a69063e0465a19"));
  const auto store =
      must(NodeStore::open(copied(folder, "node-v3.db"), genesis, "AM", StoreUse::kOwn));
  const auto share = [&](const char* application, exchange::Lane lane) {
    const OutboxShare of = must(store->outbox_share(application, lane));
    return std::pair(of.count, of.bytes);
  };
  using Share = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_EQ(share("desk", exchange::Lane::kPatient), Share(2, 296));
  EXPECT_EQ(share("desk", exchange::Lane::kUrgent), Share(1, 148));
  EXPECT_EQ(share("alerts", exchange::Lane::kPatient), Share(1, 148));
  EXPECT_EQ(share("alerts", exchange::Lane::kUrgent), Share(0, 0));
  EXPECT_EQ(outcome(store->check()), "good");
}

}  // namespace
}  // namespace chancery::node
