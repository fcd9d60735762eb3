#include "cli/bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace chancery::cli::bench {
namespace {

TEST(HistogramTest, NothingRecordedIsZero) {
  const Histogram none;
  EXPECT_EQ(none.count(), 0U);
  EXPECT_EQ(none.percentile(0.5), 0U);
  EXPECT_EQ(none.percentile(1), 0U);
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram all;
  for (std::uint64_t value = 0; value < 256; ++value) {
    all.record(value);
  }
  EXPECT_EQ(all.percentile(0), 0U);
  EXPECT_EQ(all.percentile(0.5), 127U);
  EXPECT_EQ(all.percentile(1), 255U);
}

// The slow twin: the values themselves, in order.
TEST(HistogramTest, APercentileIsAtMostOnePercentAboveTheValueAndNeverBelow) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> distribution(8, 3);
  std::vector<std::uint64_t> values;
  Histogram all;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(distribution(random)) & (Histogram::kValueMax - 1));
    all.record(values.back());
  }
  std::ranges::sort(values);
  for (const double part : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto place = static_cast<std::size_t>(std::ceil(part * 20'000)) - 1;
    const std::uint64_t value = values[place];
    EXPECT_GE(all.percentile(part), value) << part;
    EXPECT_LE(all.percentile(part), value + (value / 100)) << part;
  }
  EXPECT_EQ(all.max(), values.back());
  EXPECT_EQ(all.percentile(1), values.back());
}

TEST(HistogramTest, WhatIsLongerThanItHoldsCountsAsTheLongest) {
  Histogram all;
  all.record(Histogram::kValueMax + 1);
  all.record(UINT64_MAX);
  EXPECT_EQ(all.count(), 2U);
  EXPECT_EQ(all.max(), Histogram::kValueMax);
  EXPECT_EQ(all.percentile(0.5), Histogram::kValueMax);
}

TEST(HistogramTest, MergedIsAsRecordedTogether) {
  Histogram one;
  Histogram other;
  one.record(10, 3);
  other.record(5'000);
  one.merge(other);
  EXPECT_EQ(one.count(), 4U);
  EXPECT_EQ(one.percentile(0.75), 10U);
  EXPECT_EQ(one.percentile(0.76), 5'000U);
}

}  // namespace
}  // namespace chancery::cli::bench
