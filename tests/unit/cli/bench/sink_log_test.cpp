#include "cli/bench/sink_log.h"

#include <gtest/gtest.h>

#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace chancery::cli::bench {
namespace {

using test::outcome;

class SinkLogTest : public testing::Test {
 protected:
  SinkLogTest() { log_.found(); }

  test::TestExchange exchange_;
  test::TestLog log_{exchange_};
  SinkLog followed_{exchange_.genesis()};
};

TEST_F(SinkLogTest, WhatEveryMemberIsShownIsFollowedOnce) {
  for (int member = 0; member < 2; ++member) {
    for (const v1::LogBatch& batch : log_.batches()) {
      const Result<SinkLog::Batch> taken = followed_.take(batch);
      ASSERT_EQ(outcome(taken), "good");
      EXPECT_EQ(taken->checkpoint, batch.checkpoint());
      EXPECT_EQ(followed_.root_at(taken->size), taken->root);
    }
  }
  EXPECT_EQ(followed_.root_at(log_.size()), log_.tree().root());
  EXPECT_EQ(followed_.root_at(log_.size() + 1), std::nullopt);
  EXPECT_EQ(followed_.directory().root(), log_.directory().root());
  EXPECT_EQ(followed_.leaf(log_.size() - 1), test::leaves_of(log_.batches().back()).back());
}

TEST_F(SinkLogTest, WhoIsShownAnotherLogIsFound) {
  for (const v1::LogBatch& batch : log_.batches()) {
    ASSERT_EQ(outcome(followed_.take(batch)), "good");
  }
  v1::LogBatch other = log_.batches().back();
  other.set_checkpoint(other.checkpoint() + "\n");
  EXPECT_EQ(outcome(followed_.take(other)), "foreign-log");
}

TEST_F(SinkLogTest, WhatTheHubDidNotSignIsNotFollowed) {
  v1::LogBatch unsigned_batch = log_.batches().front();
  unsigned_batch.set_checkpoint("");
  EXPECT_NE(outcome(followed_.take(unsigned_batch)), "good");
  EXPECT_EQ(followed_.root_at(1), std::nullopt);
}

}  // namespace
}  // namespace chancery::cli::bench
