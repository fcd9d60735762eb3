#include "cli/bench/soak.h"

#include <gtest/gtest.h>

namespace chancery::cli::bench {
namespace {

text::Json line(const std::string& figure, const text::Json& first, const text::Json& median,
                const text::Json& last, const text::Json& drift) {
  return {
      {"figure", figure}, {"first", first}, {"median", median}, {"last", last}, {"drift", drift}};
}

TEST(SoakTest, TheDriftIsTheLargestDifferenceFromTheFirstWindowEitherWay) {
  const text::Json windows = {
      {{"until_s", 5}, {"rises", 10}, {"falls", 9.5}, {"stays", 7}},
      {{"until_s", 10}, {"rises", 40}, {"falls", 2.5}, {"stays", 7}},
      {{"until_s", 15}, {"rises", 20}, {"falls", 12}, {"stays", 7}},
  };
  const text::Json summary = summary_of(windows);
  ASSERT_EQ(summary.size(), 3U);
  EXPECT_EQ(summary[0], line("rises", 10, 20, 20, 30));
  EXPECT_EQ(summary[1], line("falls", 9.5, 9.5, 12, -7));
  EXPECT_EQ(summary[2], line("stays", 7, 7, 7, 0));
}

TEST(SoakTest, WhatAWindowDoesNotKnowIsLeftOut) {
  const text::Json windows = {{{"fds", nullptr}, {"p50", 1}},
                              {{"fds", nullptr}, {"p50", nullptr}},
                              {{"fds", nullptr}, {"p50", 4}}};
  const text::Json summary = summary_of(windows);
  EXPECT_EQ(summary[0], line("fds", nullptr, nullptr, nullptr, nullptr));
  EXPECT_EQ(summary[1], line("p50", 1, 4, 4, 3));
}

TEST(SoakTest, WindowsCoverAllNoticesAndAreNoMoreThanAreKept) {
  EXPECT_EQ(windows_of({.minutes = 1, .rate = 100, .every = 5}), 12U);
  EXPECT_EQ(windows_of({.minutes = 0.1, .rate = 10, .every = 4}), 2U);
  EXPECT_EQ(windows_of({.minutes = 0.1, .rate = 10, .every = 60}), 1U);
  EXPECT_TRUE(windows_of({.minutes = 5000, .rate = 1, .every = 300}).has_value());
  for (const SoakOptions& options : {SoakOptions{.minutes = 5000.2, .rate = 1, .every = 300},
                                     SoakOptions{.minutes = 0.01, .rate = 1, .every = 1}}) {
    const auto windows = windows_of(options);
    ASSERT_FALSE(windows.has_value()) << options.minutes;
    EXPECT_EQ(windows.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace chancery::cli::bench
