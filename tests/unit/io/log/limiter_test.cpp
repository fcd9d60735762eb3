#include "io/log/limiter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::log {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LimiterTest : public testing::Test {
 protected:
  void SetUp() override {
    init_sink([this](std::string_view line) { lines_.emplace_back(line); }, Level::kInfo);
  }
  void TearDown() override {
    init_sink([](std::string_view) {}, Level::kError);
  }

  void refuse(const std::string& sort, int count = 1) {
    for (int i = 0; i < count; ++i) {
      limiter_.line(now_, Level::kWarn, "refused", sort, {{"of", sort}});
    }
  }
  std::vector<std::string> take() { return std::exchange(lines_, {}); }

  std::vector<std::string> lines_;
  Limiter limiter_;
  Limiter::Time now_{seconds(1)};
};

TEST_F(LimiterTest, WritesTenOfASortAndThenOneInTenSecondsWithTheirNumber) {
  refuse("AM", 1'000'000);
  EXPECT_EQ(take(), std::vector<std::string>(10, "WARN refused of=AM"));
  now_ += milliseconds(9'999);
  refuse("AM");
  EXPECT_TRUE(take().empty());
  now_ += milliseconds(1);
  refuse("AM", 2);
  EXPECT_EQ(take(), std::vector<std::string>{"WARN refused of=AM left_out_before=999991"});
  EXPECT_EQ(limiter_.suppressed_count(), 999'992U);
}

TEST_F(LimiterTest, OneSortDoesNotSilenceAnother) {
  refuse("AM", 1000);
  take();
  refuse("BY");
  EXPECT_EQ(take(), std::vector<std::string>{"WARN refused of=BY"});
}

TEST_F(LimiterTest, SaysWhatWasLeftOutOfASortThatFellSilent) {
  refuse("AM", 15);
  refuse("BY", 3);
  take();
  now_ += milliseconds(9'999);
  limiter_.sweep(now_);
  EXPECT_TRUE(take().empty());
  now_ += milliseconds(1);
  limiter_.sweep(now_);
  EXPECT_EQ(take(), std::vector<std::string>{"WARN refused of=AM left_out=5"});
  EXPECT_EQ(limiter_.sort_count(), 0U);
}

TEST_F(LimiterTest, ManySortsTogetherAreBoundedToo) {
  for (int i = 0; i < 100'000; ++i) {
    refuse("peer " + std::to_string(i));
  }
  EXPECT_EQ(take().size(), 100U);
  EXPECT_LE(limiter_.sort_count(), Limiter::kSortsMax + 1);
  for (int second = 0; second < 60; ++second) {
    now_ += seconds(1);
    for (int i = 0; i < 1000; ++i) {
      refuse("peer " + std::to_string(i));
    }
  }
  EXPECT_EQ(take().size(), 60U);
}

}  // namespace
}  // namespace chancery::log
