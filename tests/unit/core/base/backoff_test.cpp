#include "core/base/backoff.h"

#include <gtest/gtest.h>

namespace chancery {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, DoublesUpToTheMostAndBeginsAgain) {
  Backoff backoff(milliseconds(100), milliseconds(1000));
  for (const int wait : {100, 200, 400, 800, 1000, 1000}) {
    EXPECT_EQ(backoff.next(0), milliseconds(wait));
  }
  backoff.succeeded();
  EXPECT_EQ(backoff.next(0), milliseconds(100));
}

TEST(BackoffTest, IsSpreadOverAsLongAgain) {
  Backoff backoff(milliseconds(1000), milliseconds(1000));
  EXPECT_EQ(backoff.next(0x8000), milliseconds(1500));
  EXPECT_EQ(backoff.next(0xFFFF), milliseconds(1999));
}

}  // namespace
}  // namespace chancery
