#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/exchange/limits.h"
#include "node/engine/local_api.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;
using test::must;

constexpr std::uint64_t kMinute = 60'000;

// A reader along the cursor "main" of the node of BY. Six notices have arrived; 3 is urgent, 4 is a
// contact and an exercise.
class LocalCursorTest : public StoreTest {
 protected:
  LocalCursorTest() {
    found();
    for (int i = 1; i <= 6; ++i) {
      v1::Draft draft = exchange_.draft("AM", {"BY"}, i == 4 ? "contact" : "threat.alert");
      draft.set_precedence(i == 3 ? v1::PRECEDENCE_FLASH : v1::PRECEDENCE_ROUTINE);
      draft.set_status(i == 4 ? v1::STATUS_EXERCISE : v1::STATUS_ACTUAL);
      receive(exchange_.publish(draft, text_of(std::to_string(i)), exchange_.directory()));
    }
    commit();
  }

  LocalContext context() {
    return {.directory = &exchange_.directory(),
            .disk = &disk_,
            .now_ms = now_ms_,
            .now = SteadyTime() + milliseconds(now_ms_)};
  }
  LocalApi& api() {
    if (api_ == nullptr) {
      const auto random = [](std::size_t count) { return test::seeded_bytes("salt", count); };
      api_ = std::make_unique<LocalApi>("BY", applications_, *store_, random, limits_);
    }
    return *api_;
  }
  v1::LocalReply reply() {
    v1::LocalReply parsed;
    for (const LocalReply& each : api().take_replies()) {
      EXPECT_TRUE(parsed.ParseFromString(each.message));
    }
    return parsed;
  }
  v1::LocalReply ask(const v1::LocalRequest& request, std::string_view application = "desk") {
    must(api().handle("peer", application, request.SerializeAsString(), context()));
    return reply();
  }
  static std::string said(const v1::LocalReply& reply) {
    if (!reply.has_error()) {
      return reply.reply_case() == v1::LocalReply::REPLY_NOT_SET ? "nothing" : "good";
    }
    return std::string(
        error_info(error_code_from_wire(reply.error().code()).value_or(ErrorCode::kInternal)).name);
  }

  static v1::LocalRequest read_request(std::uint32_t limit = 0) {
    v1::LocalRequest request;
    request.mutable_inbox()->set_cursor("main");
    request.mutable_inbox()->set_limit(limit);
    return request;
  }
  // A page in words: "3 1+ 2+2": arrival, + where it was redelivered, with its attempts.
  static std::string words(const v1::LocalReply& reply) {
    if (!reply.has_inbox()) {
      return said(reply);
    }
    std::string all;
    for (const v1::InboxItem& item : reply.inbox().items()) {
      all += (all.empty() ? "" : " ") + std::to_string(item.arrival());
      all += item.redelivered() ? "+" : "";
      all += item.attempts() > 0 ? std::to_string(item.attempts()) : "";
    }
    return all;
  }
  std::string read(std::uint32_t limit = 0) {
    page_ = ask(read_request(limit));
    return words(page_);
  }
  // Everything of the page is done with, as a client says it.
  v1::LocalReply commit_page() {
    v1::LocalRequest request;
    request.mutable_cursor()->set_cursor("main");
    request.mutable_cursor()->set_arrival(page_.inbox().next_after());
    request.mutable_cursor()->set_arrival_urgent(page_.inbox().next_after_urgent());
    for (const v1::InboxItem& item : page_.inbox().items()) {
      if (item.attempts() > 0) {
        v1::Attempt& done = *request.mutable_cursor()->add_done();
        done.set_arrival(item.arrival());
        done.set_attempts(item.attempts());
      }
    }
    return ask(request);
  }
  static v1::NackRequest nack_of(std::uint64_t arrival, std::uint32_t attempts,
                                 std::uint64_t delay_ms = kMinute) {
    v1::NackRequest nack;
    nack.set_cursor("main");
    nack.add_notices()->set_arrival(arrival);
    nack.mutable_notices(0)->set_attempts(attempts);
    nack.set_delay_ms(delay_ms);
    return nack;
  }
  v1::LocalReply give_back(const v1::NackRequest& nack, std::string_view application = "desk") {
    v1::LocalRequest request;
    *request.mutable_nack() = nack;
    return ask(request, application);
  }
  v1::LocalReply redrive(const std::vector<std::uint64_t>& arrivals, bool all = false) {
    v1::LocalRequest request;
    request.mutable_redrive()->set_cursor("main");
    request.mutable_redrive()->set_all(all);
    for (const std::uint64_t arrival : arrivals) {
      request.mutable_redrive()->add_notices()->set_arrival(arrival);
    }
    return ask(request);
  }
  // "2w 3q": what was given back, waiting or quarantined.
  std::string listed(bool waiting = false, bool quarantined = false, std::uint32_t limit = 0,
                     std::string_view application = "desk") {
    v1::LocalRequest request;
    request.mutable_deferred()->set_cursor("main");
    request.mutable_deferred()->set_waiting(waiting);
    request.mutable_deferred()->set_quarantined(quarantined);
    request.mutable_deferred()->set_limit(limit);
    std::string all;
    bool last = false;
    for (int pages = 0; !last && pages < 10; ++pages) {
      const v1::LocalReply answer = ask(request, application);
      EXPECT_TRUE(answer.has_deferred()) << said(answer);
      last = answer.deferred().last();
      request.mutable_deferred()->set_after(answer.deferred().next_after());
      for (const v1::DeferredItem& item : answer.deferred().items()) {
        EXPECT_EQ(item.item().arrival(), item.deferral().arrival());
        all += (all.empty() ? "" : " ") + std::to_string(item.item().arrival()) +
               (item.deferral().quarantined_at_ms() != 0 ? "q" : "w");
      }
    }
    return all;
  }
  void start_anew() {
    if (store_->in_transaction()) {
      commit();
    }
    api_.reset();
    open();
  }
  void disk_is_full(bool full) {
    disk_.measured(full ? 0 : 1ULL << 40U, SteadyTime() + milliseconds(now_ms_));
  }

  std::vector<Application> applications_ = {
      {.name = "desk", .key = {}, .publish = {"*"}, .read = {"*"}},
      {.name = "alerts", .key = {}, .publish = {"threat.*"}, .read = {"threat.*"}},
  };
  LocalLimits limits_;
  DiskGauge disk_{DiskMarks{}};
  std::unique_ptr<LocalApi> api_;
  std::uint64_t now_ms_ = kNow;
  v1::LocalReply page_;
};

// Neither writes anything, and neither is a reason to stop.
TEST_F(LocalCursorTest, DoneWithWhatNeverArrivedIsRefused) {
  for (const std::uint64_t arrival : {std::uint64_t{7}, ~std::uint64_t{0}}) {
    v1::LocalRequest request;
    request.mutable_cursor()->set_cursor("main");
    request.mutable_cursor()->set_arrival(1);
    request.mutable_cursor()->add_done()->set_arrival(arrival);
    EXPECT_EQ(ask(request).error().code(), static_cast<std::uint32_t>(ErrorCode::kNotFound));
  }
  EXPECT_EQ(must(store_->cursor("desk", "main")).patient, 0U);
}

// Statuses.

TEST_F(LocalCursorTest, AFilterNamesStatuses) {
  const auto filtered = [&](void (*set)(v1::InboxFilter&)) {
    v1::LocalRequest request;
    set(*request.mutable_inbox()->mutable_filter());
    return words(ask(request));
  };
  EXPECT_EQ(filtered([](v1::InboxFilter&) {}), "1 2 3 4 5 6");
  EXPECT_EQ(filtered([](v1::InboxFilter& filter) { filter.set_actual(true); }), "1 2 3 5 6");
  EXPECT_EQ(filtered([](v1::InboxFilter& filter) { filter.set_exercise(true); }), "4");
  EXPECT_EQ(filtered([](v1::InboxFilter& filter) {
              filter.set_exercise(true);
              filter.set_actual(true);
            }),
            "1 2 3 4 5 6");
  EXPECT_EQ(filtered([](v1::InboxFilter& filter) { filter.set_test(true); }), "");
  EXPECT_EQ(filtered([](v1::InboxFilter& filter) { filter.set_draft(true); }), "");
}

// Redelivery.

// C-170
TEST_F(LocalCursorTest, WhatMayHaveBeenHandedOutBeforeSaysSo) {
  EXPECT_EQ(read(3), "3 1 2");
  EXPECT_TRUE(store_->in_transaction()) << "stored before the reply leaves";
  start_anew();
  EXPECT_EQ(read(4), "3+ 1+ 2+ 4");
  EXPECT_EQ(read(), "3+ 1+ 2+ 4+ 5 6");
  EXPECT_EQ(words(ask(read_request(), "alerts")), "3 1 2 5 6") << "a cursor of its own";
  commit_page();
  EXPECT_EQ(read(), "");
  commit();
  EXPECT_EQ(read(), "");
  EXPECT_FALSE(store_->in_transaction()) << "there is nothing to take note of";
  v1::LocalRequest reset;
  reset.mutable_reset()->set_cursor("main");
  ask(reset);
  EXPECT_EQ(read(), "3+ 1+ 2+ 4+ 5+ 6+");
}

TEST_F(LocalCursorTest, WithoutACursorNothingIsRedelivered) {
  read();
  EXPECT_EQ(words(ask([] {
              v1::LocalRequest request;
              request.mutable_inbox();
              return request;
            }())),
            "1 2 3 4 5 6");
}

TEST_F(LocalCursorTest, APageComesAlsoWhereTheDiskTakesNoNoteOfIt) {
  disk_is_full(true);
  EXPECT_EQ(read(2), "3 1");
  EXPECT_TRUE(page_.inbox().unmarked());
  EXPECT_FALSE(store_->in_transaction());
  EXPECT_EQ(read(3), "3+ 1+ 2") << "it is remembered";
  disk_is_full(false);
  EXPECT_EQ(read(3), "3+ 1+ 2+");
  EXPECT_FALSE(page_.inbox().unmarked());
  EXPECT_TRUE(store_->in_transaction()) << "as soon as the disk takes it";
  start_anew();
  EXPECT_EQ(read(4), "3+ 1+ 2+ 4");
}

TEST_F(LocalCursorTest, OverTheLimitOfCursorsAllMayHaveBeenHandedOut) {
  limits_.cursor_count_max = 1;
  v1::LocalRequest other = read_request();
  other.mutable_inbox()->set_cursor("other");
  EXPECT_EQ(words(ask(other)), "3 1 2 4 5 6");
  EXPECT_EQ(read(2), "3+ 1+");
  EXPECT_EQ(must(store_->handed_count("desk")), 1U);
  EXPECT_EQ(words(ask(other)), "3+ 1+ 2+ 4+ 5+ 6+");
}

// Given back.

// C-170
TEST_F(LocalCursorTest, WhatIsGivenBackLetsTheCursorPassAndComesAgainWhenItIsDue) {
  read();
  const v1::LocalReply given = give_back(nack_of(2, 0));
  ASSERT_EQ(given.nack().deferrals_size(), 1) << said(given);
  EXPECT_EQ(given.nack().deferrals(0).due_at_ms(), kNow + kMinute);
  EXPECT_EQ(given.nack().deferrals(0).attempts(), 1U);
  EXPECT_TRUE(store_->in_transaction()) << "durable before the reply is sent";
  EXPECT_EQ(read(), "3+ 1+ 4+ 5+ 6+") << "the cursor is still behind it";
  EXPECT_EQ(commit_page().cursor().arrival(), 6U);
  EXPECT_EQ(read(), "");
  now_ms_ += kMinute - 1;
  EXPECT_EQ(read(), "");
  now_ms_ += 1;
  start_anew();
  EXPECT_EQ(read(), "2+1");
  EXPECT_EQ(read(), "2+1") << "until it is done with";
  commit_page();
  EXPECT_EQ(read(), "");
  EXPECT_EQ(must(store_->deferred_count("desk")), 0U);
}

TEST_F(LocalCursorTest, AClockThatIsPutBackKeepsNothingLongerThanTheLongestDelay) {
  constexpr std::uint64_t kDays7 = 7ULL * 24 * 3'600'000;
  read();
  give_back(nack_of(2, 0, kDays7));
  commit_page();
  EXPECT_EQ(read(), "");
  now_ms_ -= 1;
  EXPECT_EQ(read(), "2+1") << "nothing was given back for so long";
}

TEST_F(LocalCursorTest, TheUrgentAndTheLongestDueComeFirst) {
  read();
  give_back(nack_of(5, 0, 1));
  give_back(nack_of(1, 0, 2));
  give_back(nack_of(3, 0, 3));
  now_ms_ += 3;
  EXPECT_EQ(read(), "3+1 5+1 1+1 2+ 4+ 6+");
}

TEST_F(LocalCursorTest, WhatFailsAgainAndAgainLeavesHalfOfAPageToTheOthers) {
  read();
  for (const std::uint64_t arrival : {1U, 2U, 4U, 5U}) {
    give_back(nack_of(arrival, 0, 0));
  }
  commit_page();
  receive(notice("new"));
  EXPECT_EQ(read(4), "1+1 2+1 7");
  EXPECT_EQ(read(1), "1+1");
}

TEST_F(LocalCursorTest, AReaderThatReadsAheadGetsWhatIsDueOnlyOnce) {
  read();
  give_back(nack_of(1, 0, 0));
  EXPECT_EQ(read(3), "3+ 1+1 2+");
  v1::LocalRequest further = read_request();
  further.mutable_inbox()->set_after(page_.inbox().next_after());
  further.mutable_inbox()->set_after_urgent(page_.inbox().next_after_urgent());
  EXPECT_EQ(words(ask(further)), "4+ 5+ 6+");
  commit_page();
  EXPECT_EQ(words(ask(further)), "4+ 5+ 6+") << "that is where the cursor stands";
}

// Requests are repeated where an answer was lost.
TEST_F(LocalCursorTest, WhatIsSaidTwiceOrTooLateCountsOnce) {
  read();
  give_back(nack_of(2, 0, 0));
  EXPECT_EQ(give_back(nack_of(2, 0, 0)).nack().deferrals(0).attempts(), 1U) << "repeated";
  read();
  const v1::LocalReply old_page = page_;
  give_back(nack_of(2, 1, 0));
  page_ = old_page;
  commit_page();
  EXPECT_EQ(read(), "2+2") << "it was given back after that page";
  commit_page();
  EXPECT_EQ(said(commit_page()), "good");
  EXPECT_EQ(give_back(nack_of(2, 2, 0)).nack().deferrals_size(), 0) << "it is done with";
  EXPECT_EQ(read(), "");
}

TEST_F(LocalCursorTest, ACursorThatIsPutBackLeavesItGivenBack) {
  read();
  give_back(nack_of(2, 0));
  commit_page();
  v1::LocalRequest reset;
  reset.mutable_reset()->set_cursor("main");
  ask(reset);
  EXPECT_EQ(read(), "3+ 1+ 4+ 5+ 6+");
  now_ms_ += kMinute;
  EXPECT_EQ(read(), "3+ 2+1 1+ 4+ 5+ 6+") << "once in a page";
}

TEST_F(LocalCursorTest, WhatIsDueComesThroughTheFilterAndTheGrant) {
  read();
  give_back(nack_of(4, 0, 0));
  give_back(nack_of(5, 0, 0));
  commit_page();
  v1::LocalRequest request = read_request();
  request.mutable_inbox()->mutable_filter()->set_exercise(true);
  EXPECT_EQ(words(ask(request)), "4+1");
  EXPECT_EQ(said(give_back(nack_of(4, 0), "alerts")), "no-grant");
  applications_[0].read = {"threat.*"};
  EXPECT_EQ(read(), "5+1");
  EXPECT_EQ(listed(), "5w");
}

TEST_F(LocalCursorTest, OnlyWhatHasArrivedIsGivenBack) {
  EXPECT_EQ(said(give_back(nack_of(0, 0))), "not-found");
  EXPECT_EQ(said(give_back(nack_of(7, 0))), "not-found");
  EXPECT_EQ(said(give_back(nack_of(6, 0))), "good");
  v1::NackRequest nameless = nack_of(6, 0);
  nameless.set_cursor("");
  EXPECT_EQ(said(give_back(nameless)), "usage");
  v1::NackRequest mixed = nack_of(1, 0);
  mixed.add_notices()->set_arrival(9);
  EXPECT_EQ(said(give_back(mixed)), "not-found");
  EXPECT_EQ(listed(), "6w") << "all or nothing";
}

// C-171
TEST_F(LocalCursorTest, TheDelayTheReasonAndTheNumberAreBounded) {
  constexpr std::uint64_t kDays7 = 7ULL * 24 * 3'600'000;
  EXPECT_EQ(said(give_back(nack_of(1, 0, kDays7))), "good");
  EXPECT_EQ(said(give_back(nack_of(1, 1, kDays7 + 1))), "limit-exceeded");
  v1::NackRequest nack = nack_of(2, 0);
  nack.set_reason(std::string(200, 'r'));
  EXPECT_EQ(said(give_back(nack)), "good");
  nack = nack_of(2, 1);
  nack.set_reason(std::string(201, 'r'));
  EXPECT_EQ(said(give_back(nack)), "limit-exceeded");
  nack = nack_of(3, 0);
  for (int i = 1; i < 500; ++i) {
    *nack.add_notices() = nack.notices(0);
  }
  EXPECT_EQ(said(give_back(nack)), "good");
  *nack.add_notices() = nack.notices(0);
  EXPECT_EQ(said(give_back(nack)), "limit-exceeded");
  v1::LocalRequest done;
  done.mutable_cursor()->set_cursor("main");
  *done.mutable_cursor()->mutable_done() = nack.notices();
  EXPECT_EQ(said(ask(done)), "limit-exceeded");
  done.mutable_cursor()->mutable_done()->RemoveLast();
  EXPECT_EQ(said(ask(done)), "good");
}

TEST_F(LocalCursorTest, AnApplicationGivesBackSoManyAndNotOneMore) {
  limits_.deferred_count_max = 2;
  EXPECT_EQ(said(give_back(nack_of(1, 0))), "good");
  v1::NackRequest two = nack_of(2, 0);
  two.add_notices()->set_arrival(3);
  EXPECT_EQ(said(give_back(two)), "queue-full");
  EXPECT_EQ(said(give_back(nack_of(2, 0))), "good");
  EXPECT_EQ(said(give_back(nack_of(5, 0))), "queue-full");
  EXPECT_EQ(api().counters().deferred_full_count, 2U);
  EXPECT_EQ(said(give_back(nack_of(2, 1))), "good") << "that is there";
  EXPECT_EQ(said(give_back(nack_of(5, 0), "alerts")), "good");
  EXPECT_EQ(listed(), "1w 2w");
}

// C-171
TEST_F(LocalCursorTest, TheLastThatAreGivenBackAreUrgent) {
  limits_.deferred_count_max = 10;
  limits_.queued_urgent_part = 5;
  const auto give = [&](std::uint64_t arrival) { return said(give_back(nack_of(arrival, 0))); };
  for (int i = 0; i < 12; ++i) {
    v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
    draft.set_precedence(i < 9 ? v1::PRECEDENCE_ROUTINE : v1::PRECEDENCE_FLASH);
    receive(exchange_.publish(draft, text_of("more"), exchange_.directory()));
  }
  commit();
  const std::uint64_t first = must(store_->newest_arrival()) - 11;
  for (std::uint64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(give(first + i), "good");
  }
  EXPECT_EQ(give(first + 8), "queue-full");
  EXPECT_EQ(give(first + 9), "good");
  EXPECT_EQ(give(first + 10), "good");
  EXPECT_EQ(give(first + 11), "queue-full");
}

TEST_F(LocalCursorTest, WhereTheDiskTakesNothingNothingIsGivenBack) {
  disk_is_full(true);
  EXPECT_EQ(said(give_back(nack_of(1, 0))), "disk-full");
  EXPECT_EQ(said(redrive({}, true)), "disk-full");
}

// Waiting.

// C-170
TEST_F(LocalCursorTest, AReadThatWaitsWakesWhenSomethingIsDue) {
  read();
  give_back(nack_of(2, 0, 100));
  commit_page();
  v1::LocalRequest waits = read_request();
  waits.mutable_inbox()->set_wait_ms(1000);
  EXPECT_EQ(words(ask(waits)), "nothing");
  now_ms_ += 99;
  must(api().wake(context(), {}));
  EXPECT_EQ(words(reply()), "nothing");
  now_ms_ += 1;
  must(api().wake(context(), {}));
  EXPECT_EQ(words(reply()), "2+1");
}

TEST_F(LocalCursorTest, AReadThatWaitsHearsWhatIsGivenBackOrRedrivenMeanwhile) {
  read();
  commit_page();
  v1::LocalRequest waits = read_request();
  waits.mutable_inbox()->set_wait_ms(1000);
  EXPECT_EQ(words(ask(waits)), "nothing");
  EXPECT_EQ(said(give_back(nack_of(2, 0, 50))), "good");
  must(api().wake(context(), {}));
  EXPECT_EQ(words(reply()), "nothing");
  now_ms_ += 50;
  must(api().wake(context(), {}));
  EXPECT_EQ(words(reply()), "2+1");

  v1::NackRequest away = nack_of(2, 1);
  away.set_quarantine(true);
  give_back(away);
  EXPECT_EQ(words(ask(waits)), "nothing");
  must(api().wake(context(), {}));
  EXPECT_EQ(words(reply()), "nothing");
  EXPECT_EQ(said(redrive({2})), "good");
  must(api().wake(context(), {}));
  EXPECT_EQ(words(reply()), "2+2");
}

// What is due and does not pass is looked at once, and not each turn.
TEST_F(LocalCursorTest, AReadThatWaitsIsNotWokenByWhatItDoesNotWant) {
  read();
  give_back(nack_of(2, 0, 0));
  commit_page();
  now_ms_ += 1;
  limits_.turn_row_count_max = 1;
  v1::LocalRequest waits = read_request();
  waits.mutable_inbox()->set_wait_ms(1000);
  waits.mutable_inbox()->mutable_filter()->set_exercise(true);
  api_.reset();
  EXPECT_EQ(words(ask(waits)), "nothing");
  now_ms_ += 10;
  must(api().wake(context(), {}));
  EXPECT_FALSE(api().turn_is_full());
  must(api().wake(context(), {.arrivals = true, .notice_ids = {}}));
  EXPECT_FALSE(api().turn_is_full()) << "it was due before";
}

// Quarantine.

// C-171
TEST_F(LocalCursorTest, WhatFailsTooOftenIsQuarantinedUntilItIsRedriven) {
  read();
  v1::NackRequest nack = nack_of(2, 0, 0);
  nack.set_attempts_max(2);
  nack.set_reason("no target");
  EXPECT_EQ(give_back(nack).nack().deferrals(0).quarantined_at_ms(), 0U);
  commit_page();
  EXPECT_EQ(read(), "2+1");
  nack.mutable_notices(0)->set_attempts(1);
  const v1::LocalReply given = give_back(nack);
  EXPECT_EQ(given.nack().deferrals(0).quarantined_at_ms(), kNow);
  EXPECT_EQ(given.nack().deferrals(0).reason(), "no target");
  now_ms_ += kMinute;
  start_anew();
  EXPECT_EQ(read(), "");
  EXPECT_EQ(listed(), "2q");
  EXPECT_EQ(redrive({2}).redrive().count(), 1U);
  EXPECT_EQ(read(), "2+2");
  nack.mutable_notices(0)->set_attempts(2);
  EXPECT_EQ(give_back(nack).nack().deferrals(0).quarantined_at_ms(), 0U) << "counted anew";
  EXPECT_EQ(read(), "2+3");
  commit_page();
  EXPECT_EQ(read(), "");
  EXPECT_EQ(listed(), "");
}

TEST_F(LocalCursorTest, WhatIsQuarantinedStaysSoWhereverTheCursorIs) {
  read();
  v1::NackRequest nack = nack_of(2, 0, 0);
  nack.set_quarantine(true);
  give_back(nack);
  EXPECT_EQ(read(), "3+ 1+ 4+ 5+ 6+");
  commit_page();
  v1::LocalRequest reset;
  reset.mutable_reset()->set_cursor("main");
  ask(reset);
  EXPECT_EQ(read(), "3+ 1+ 4+ 5+ 6+");
  v1::LocalRequest other = read_request();
  other.mutable_inbox()->set_cursor("other");
  EXPECT_EQ(words(ask(other)), "3 1 2 4 5 6") << "along this cursor only";
}

TEST_F(LocalCursorTest, WhatWasGivenBackIsListedByPages) {
  read();
  for (const std::uint64_t arrival : {1U, 3U, 5U}) {
    give_back(nack_of(arrival, 0));
  }
  v1::NackRequest nack = nack_of(2, 0);
  nack.set_quarantine(true);
  give_back(nack);
  EXPECT_EQ(listed(), "1w 2q 3w 5w");
  EXPECT_EQ(listed(true, true, 3), "1w 2q 3w 5w");
  EXPECT_EQ(listed(true, false, 1), "1w 3w 5w");
  EXPECT_EQ(listed(false, true), "2q");
  EXPECT_EQ(listed(false, false, 0, "alerts"), "") << "a cursor of its own";
}

TEST_F(LocalCursorTest, OnlyWhatWasGivenBackIsRedriven) {
  read();
  v1::NackRequest nack = nack_of(2, 0);
  nack.set_quarantine(true);
  give_back(nack);
  give_back(nack_of(5, 0));
  EXPECT_EQ(said(redrive({2, 4})), "not-found");
  EXPECT_EQ(listed(), "2q 5w") << "all or nothing";
  EXPECT_EQ(redrive({}, true).redrive().count(), 1U);
  EXPECT_EQ(listed(), "2w 5w");
  EXPECT_EQ(read(), "3+ 2+1 1+ 4+ 6+");
  EXPECT_EQ(redrive({5}).redrive().count(), 1U) << "sooner than it was due";
  EXPECT_EQ(read(), "3+ 2+1 5+1 1+ 4+ 6+");
}

}  // namespace
}  // namespace chancery::node
