#include "core/exchange/minimize.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/exchange/policy.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::authority_name;
using test::outcome;

class MinimizeTest : public testing::Test {
 protected:
  void set_to(const std::string& value) {
    test::must(directory_.apply(
        exchange_.parse(exchange_.entry(test::state_entry("minimize", value),
                                        std::vector{authority_name("KZ")}, directory_)),
        cache_));
  }
  std::string judge(v1::Precedence precedence, std::string_view kind = "foreign-policy.step") {
    v1::Draft draft = exchange_.draft("AM", {"BY"}, kind);
    draft.set_precedence(precedence);
    return outcome(judge_notice(exchange_.parse(exchange_.publish(draft, "text", directory_)),
                                directory_, cache_));
  }

  test::TestExchange exchange_;
  Directory directory_ = exchange_.directory();
  RootCache cache_;
};

// C-261: by the state that the leaf names, so at the hub, at nodes and for auditors alike.
TEST_F(MinimizeTest, WhatIsBelowItIsNotGood) {
  EXPECT_EQ(judge(v1::PRECEDENCE_DEFERRED), "good");
  set_to("priority");
  EXPECT_EQ(judge(v1::PRECEDENCE_DEFERRED), "suspended");
  EXPECT_EQ(judge(v1::PRECEDENCE_ROUTINE), "suspended");
  EXPECT_EQ(judge(v1::PRECEDENCE_PRIORITY), "good");
  set_to("immediate");
  EXPECT_EQ(judge(v1::PRECEDENCE_PRIORITY), "suspended");
  EXPECT_EQ(judge(v1::PRECEDENCE_IMMEDIATE), "good");
  EXPECT_EQ(judge(v1::PRECEDENCE_OVERRIDE), "good");
  set_to("routine");
  EXPECT_EQ(judge(v1::PRECEDENCE_DEFERRED), "suspended");
  EXPECT_EQ(judge(v1::PRECEDENCE_ROUTINE), "good");
  set_to("off");
  EXPECT_EQ(judge(v1::PRECEDENCE_DEFERRED), "good");
}

// C-262: else a single member could keep another from objecting in time.
TEST_F(MinimizeTest, WordsThatAreCountedGoAlways) {
  set_to("immediate");
  for (const char* const kind :
       {"statement", "acknowledgement", "consultation.open", "consultation.respond",
        "consultation.extend", "consultation.withdraw", "consultation.tally"}) {
    EXPECT_EQ(judge(v1::PRECEDENCE_ROUTINE, kind), "good") << kind;
  }
  EXPECT_EQ(judge(v1::PRECEDENCE_ROUTINE, "document.adopted"), "suspended");
}

}  // namespace
}  // namespace chancery::exchange
