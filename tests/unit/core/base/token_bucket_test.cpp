#include "core/base/token_bucket.h"

#include <gtest/gtest.h>

namespace chancery {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class TokenBucketTest : public testing::Test {
 protected:
  // Takes what it can have at once; how long it has to wait where it cannot.
  std::int64_t ask(TokenBucket& bucket, std::uint64_t count) {
    if (const auto wait = bucket.wait(count, now_); wait.has_value()) {
      return wait->count();
    }
    bucket.take(count);
    return 0;
  }

  TokenBucket::Time now_{seconds(7)};
};

TEST_F(TokenBucketTest, GivesItsBurstAndNotOneMore) {
  TokenBucket bucket({.per_second = 10, .burst = 3});
  EXPECT_EQ(ask(bucket, 2), 0);
  EXPECT_EQ(ask(bucket, 1), 0);
  EXPECT_EQ(ask(bucket, 1), 100);
  EXPECT_EQ(ask(bucket, 2), 200);
}

TEST_F(TokenBucketTest, FillsByItsRateToTheMicrosecond) {
  TokenBucket bucket({.per_second = 10, .burst = 3});
  EXPECT_EQ(ask(bucket, 3), 0);
  now_ += microseconds(99'999);
  EXPECT_EQ(ask(bucket, 1), 1);
  now_ += microseconds(1);
  EXPECT_EQ(ask(bucket, 1), 0);
  EXPECT_EQ(ask(bucket, 1), 100);
  now_ += seconds(60);
  EXPECT_EQ(ask(bucket, 3), 0);  // No more than the burst is saved up.
  EXPECT_EQ(ask(bucket, 1), 100);
}

TEST_F(TokenBucketTest, WhoIsToldToWaitNeedWaitNoLonger) {
  for (const std::uint64_t per_second : {1ULL, 3ULL, 7ULL, 999ULL, 1'000'000ULL}) {
    TokenBucket bucket({.per_second = per_second, .burst = 5});
    EXPECT_EQ(ask(bucket, 5), 0);
    for (std::uint64_t count = 1; count <= 5; ++count) {
      const std::int64_t wait = ask(bucket, count);
      ASSERT_GT(wait, 0);
      now_ += milliseconds(wait - 1);
      if (wait > 1) {
        EXPECT_NE(ask(bucket, count), 0) << per_second;
      }
      now_ += milliseconds(1);
      EXPECT_EQ(ask(bucket, count), 0) << per_second;
      for (std::uint64_t left = 0; left < 5 && ask(bucket, 1) == 0; ++left) {
      }
    }
  }
}

TEST_F(TokenBucketTest, NothingIsLostOfShortTimes) {
  TokenBucket bucket({.per_second = 1000, .burst = 1});
  EXPECT_EQ(ask(bucket, 1), 0);
  for (int i = 0; i < 1999; ++i) {
    now_ += nanoseconds(500);
    ASSERT_NE(ask(bucket, 1), 0) << i;
  }
  now_ += nanoseconds(500);
  EXPECT_EQ(ask(bucket, 1), 0);
}

TEST_F(TokenBucketTest, WhatIsMoreThanTheBurstTakesAFullBucket) {
  TokenBucket bucket({.per_second = 10, .burst = 10});
  EXPECT_EQ(ask(bucket, 4), 0);
  EXPECT_EQ(ask(bucket, 1000), 400);
  now_ += milliseconds(400);
  EXPECT_EQ(ask(bucket, 1000), 0);
  EXPECT_EQ(ask(bucket, 1), 100);
}

TEST_F(TokenBucketTest, TheLargestRateOverTheLongestTimeStaysExact) {
  TokenBucket bucket({.per_second = kRateMax, .burst = kRateMax});
  EXPECT_EQ(ask(bucket, kRateMax), 0);
  now_ += seconds(3'000'000'000);
  EXPECT_EQ(ask(bucket, kRateMax), 0);
  EXPECT_EQ(ask(bucket, kRateMax), 1000);
}

TEST_F(TokenBucketTest, AClockThatRunsBackwardsFillsNothing) {
  TokenBucket bucket({.per_second = 10, .burst = 1});
  EXPECT_EQ(ask(bucket, 1), 0);
  now_ -= seconds(5);
  EXPECT_EQ(ask(bucket, 1), 100);
  now_ += milliseconds(100);
  EXPECT_EQ(ask(bucket, 1), 0);
}

}  // namespace
}  // namespace chancery
