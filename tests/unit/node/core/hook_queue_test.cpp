#include "node/core/hook_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::node {
namespace {

using std::chrono::seconds;
using enum HookOutcome;

constexpr std::uint64_t kHookTestMs = 1'700'000'000'000;

Overdue thing(const std::string& what, const std::string& peer = "",
              exchange::Lane lane = exchange::Lane::kPatient) {
  return {.what = what, .peer = peer, .lane = lane, .since_ms = 7, .detail = "notice 5"};
}

class HookQueueTest : public testing::Test {
 protected:
  bool see(const std::vector<Overdue>& overdue) {
    return queue_.see(overdue, filter_, now_, kHookTestMs + static_cast<std::uint64_t>(ids_));
  }
  // "overdue logged", or nothing.
  std::string next() {
    const std::optional<HookEvent> event = queue_.next(now_);
    event_ = event.value_or(HookEvent{});
    return event.has_value() ? (event_.is_over ? "over " : "overdue ") + event_.overdue.what : "";
  }
  void told(HookOutcome outcome) { queue_.told(event_, outcome, now_); }

  int ids_ = 0;
  HookFilter filter_;
  HookQueue::Time now_{seconds(1000)};
  HookQueue queue_{[this] { return "id " + std::to_string(++ids_); }};
  HookEvent event_;
};

TEST_F(HookQueueTest, WhatIsOverdueIsToldOnceAndAgainWhenItIsOver) {
  EXPECT_FALSE(see({}));
  EXPECT_TRUE(see({thing("logged")}));
  EXPECT_EQ(queue_.waiting_count(), 1U);
  EXPECT_EQ(next(), "overdue logged");
  EXPECT_EQ(event_.overdue.detail, "notice 5");
  EXPECT_EQ(event_.at_ms, kHookTestMs);
  told(kTold);
  EXPECT_FALSE(see({thing("logged")}));
  EXPECT_EQ(next(), "");
  EXPECT_TRUE(see({}));
  EXPECT_EQ(next(), "over logged");
  EXPECT_EQ(event_.overdue.since_ms, 7U) << "as it was told";
  EXPECT_EQ(event_.id, "id 2");
  told(kTold);
  EXPECT_FALSE(see({}));
  EXPECT_EQ(next(), "");
  EXPECT_EQ(queue_.waiting_count(), 0U);
  EXPECT_FALSE(queue_.next_at().has_value());
}

TEST_F(HookQueueTest, WhatFailsIsToldAgainLaterAndLaterInTheSameWords) {
  see({thing("logged")});
  for (const int wait : {5, 10, 20, 40, 80, 160, 300, 300}) {
    EXPECT_EQ(next(), "overdue logged");
    EXPECT_EQ(next(), "") << "it is under way";
    event_ = HookEvent{.id = "id 1", .overdue = thing("logged")};
    told(wait == 20 ? kUnsure : kUnreached);
    EXPECT_FALSE(see({thing("logged")}));
    EXPECT_EQ(queue_.next_at(), now_ + seconds(wait));
    now_ += seconds(wait) - std::chrono::milliseconds(1);
    EXPECT_EQ(next(), "");
    now_ += std::chrono::milliseconds(1);
  }
  EXPECT_EQ(next(), "overdue logged");
  EXPECT_EQ(event_.id, "id 1");
  told(kTold);
  EXPECT_EQ(queue_.waiting_count(), 0U);
}

TEST_F(HookQueueTest, WhatIsOverBeforeAnybodyHeardOfItIsNotTold) {
  see({thing("logged")});
  EXPECT_FALSE(see({})) << "before the first attempt";
  EXPECT_EQ(next(), "");
  see({thing("logged")});
  next();
  told(kUnreached);
  EXPECT_FALSE(see({}));
  now_ += seconds(600);
  EXPECT_EQ(next(), "");
  EXPECT_EQ(queue_.waiting_count(), 0U);
}

TEST_F(HookQueueTest, WhatMayHaveBeenHeardIsToldToBeOver) {
  see({thing("logged")});
  next();
  told(kUnsure);
  EXPECT_TRUE(see({})) << "at once, not when the first would have been tried again";
  EXPECT_EQ(next(), "over logged");
  told(kUnsure);
  now_ += seconds(5);
  EXPECT_EQ(next(), "over logged");
  told(kTold);
  EXPECT_EQ(queue_.waiting_count(), 0U);
}

TEST_F(HookQueueTest, WhatChangesWhileItIsToldIsToldByWhatCameOfIt) {
  for (const auto& [outcome, then] : std::vector<std::pair<HookOutcome, std::string>>{
           {kTold, "over logged"}, {kUnsure, "over logged"}, {kUnreached, ""}}) {
    see({thing("logged")});
    EXPECT_EQ(next(), "overdue logged");
    EXPECT_FALSE(see({}));
    EXPECT_EQ(queue_.waiting_count(), 0U);
    told(outcome);
    EXPECT_EQ(next(), then);
    told(kTold);
    EXPECT_EQ(next(), "");
  }
}

TEST_F(HookQueueTest, WhatIsOverdueAgainBeforeItsEndWasHeardGoesOn) {
  see({thing("logged")});
  next();
  told(kTold);
  see({});
  EXPECT_FALSE(see({thing("logged")}));
  EXPECT_EQ(next(), "") << "nobody heard that it was over";
  see({});
  EXPECT_EQ(next(), "over logged");
  told(kUnsure);
  EXPECT_TRUE(see({thing("logged")}));
  EXPECT_EQ(next(), "overdue logged") << "somebody may have";
  EXPECT_EQ(event_.id, "id 5");
  told(kTold);
  EXPECT_EQ(queue_.waiting_count(), 0U);
}

TEST_F(HookQueueTest, TheUrgentComeFirstThenTheOldest) {
  see({thing("cosigned")});
  see({thing("cosigned"), thing("delivered", "BY"), thing("logged", "", exchange::Lane::kUrgent),
       thing("delivered", "RU")});
  EXPECT_EQ(next(), "overdue logged");
  EXPECT_EQ(next(), "overdue cosigned");
  EXPECT_EQ(next(), "overdue delivered");
  EXPECT_EQ(event_.overdue.peer, "BY");
  EXPECT_EQ(next(), "overdue delivered");
  EXPECT_EQ(event_.overdue.peer, "RU");
  EXPECT_EQ(next(), "");
  EXPECT_EQ(queue_.waiting_count(), 4U);
}

TEST_F(HookQueueTest, OneThatFailsHoldsUpNoOther) {
  see({thing("cosigned"), thing("delivered", "BY")});
  EXPECT_EQ(next(), "overdue cosigned");
  told(kUnreached);
  EXPECT_EQ(next(), "overdue delivered");
  told(kTold);
  EXPECT_EQ(queue_.next_at(), now_ + seconds(5));
}

TEST_F(HookQueueTest, AFilterTakesSortsAndTheUrgent) {
  filter_ = {.on = {"logged", "delivered"}, .urgent_only = true};
  const Overdue urgent = thing("logged", "", exchange::Lane::kUrgent);
  EXPECT_FALSE(see({thing("logged"), thing("cosigned"), thing("delivered", "BY")}));
  EXPECT_TRUE(see({thing("logged"), urgent, thing("cosigned", "", exchange::Lane::kUrgent)}));
  EXPECT_EQ(next(), "overdue logged");
  EXPECT_EQ(event_.overdue.lane, exchange::Lane::kUrgent);
  told(kTold);
  EXPECT_EQ(next(), "");
  see({thing("logged")});
  EXPECT_EQ(next(), "over logged");
  told(kTold);
  see({urgent});
  next();
  told(kTold);
  filter_ = {.on = {"delivered"}};
  see({urgent});
  EXPECT_EQ(next(), "over logged") << "it is not told of any more";
}

TEST_F(HookQueueTest, AnotherReceiverIsToldAllThatIsOverdueAndWhatWasToBeOver) {
  const std::vector<Overdue> all = {thing("delivered", "AM"), thing("delivered", "BY"),
                                    thing("delivered", "KG"), thing("delivered", "KZ")};
  see(all);
  next();
  told(kTold);  // AM
  next();
  told(kTold);  // BY
  next();
  told(kUnreached);       // KG
  next();                 // KZ is under way.
  see({all[0], all[2]});  // BY and KZ are over, of which KZ may have been heard.
  queue_.doubt(now_);
  std::vector<std::string> told_anew;
  while (!next().empty()) {
    told_anew.push_back((event_.is_over ? "over " : "overdue ") + event_.overdue.peer);
    told(kTold);
  }
  EXPECT_EQ(told_anew,
            (std::vector<std::string>{"overdue AM", "overdue KG", "over BY", "over KZ"}));
  EXPECT_EQ(queue_.waiting_count(), 0U);
}

TEST_F(HookQueueTest, WhatFindsNoRoomIsTakenWhenThereIsSomeTheUrgentFirst) {
  std::vector<Overdue> all;
  for (std::size_t i = 0; i <= HookQueue::kThingsMax; ++i) {
    all.push_back(thing("delivered", std::to_string(i)));
  }
  all.push_back(thing("logged", "", exchange::Lane::kUrgent));
  see(all);
  EXPECT_EQ(queue_.waiting_count(), HookQueue::kThingsMax);
  EXPECT_EQ(next(), "overdue logged");
  EXPECT_FALSE(see(all));
  all.erase(all.begin());
  EXPECT_TRUE(see(all));
  EXPECT_EQ(queue_.waiting_count(), HookQueue::kThingsMax);
}

}  // namespace
}  // namespace chancery::node
