#include "broker/store/feed_tails.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace chancery::broker {
namespace {

using Some = std::vector<std::uint64_t>;

const FeedTails::Reader patient_lane{"BY", exchange::Lane::kPatient};
const FeedTails::Reader urgent_lane{"BY", exchange::Lane::kUrgent};

Some from_to(std::uint64_t first, std::uint64_t end) {
  Some indices(end - first);
  std::iota(indices.begin(), indices.end(), first);
  return indices;
}

TEST(FeedTailsTest, ALaneIsKnownFromWhereItWasReadToItsEnd) {
  FeedTails tails;
  tails.append(patient_lane, {3});
  EXPECT_FALSE(tails.find(patient_lane, 3, 9).has_value()) << "what came before is not known";
  tails.keep(patient_lane, 10, {.previous = 4, .indices = {12, 15}});
  tails.append(patient_lane, {16, 20});
  tails.append(urgent_lane, {21});
  EXPECT_FALSE(tails.find(urgent_lane, 30, 9).has_value());
  EXPECT_FALSE(tails.find(patient_lane, 9, 9).has_value());
  const auto found = [&](std::uint64_t from, std::size_t count_max = 9) {
    return tails.find(patient_lane, from, count_max).value_or(LanePart{.previous = 999});
  };
  EXPECT_EQ(found(10).previous, 4U);
  EXPECT_EQ(found(10).indices, (Some{12, 15, 16, 20}));
  EXPECT_EQ(found(12).previous, 4U);
  EXPECT_EQ(found(13).previous, 13U);
  EXPECT_EQ(found(13, 2).indices, (Some{15, 16}));
  EXPECT_EQ(found(21).previous, 21U);
  EXPECT_EQ(found(21).indices, Some{});
  tails.clear();
  EXPECT_FALSE(tails.find(patient_lane, 21, 9).has_value());
}

TEST(FeedTailsTest, WhatIsFarBackIsNotKeptAndIsStillBeforeTheRest) {
  constexpr std::uint64_t kMax = FeedTails::kCountMax;
  FeedTails tails;
  tails.keep(patient_lane, 0, {.previous = 0, .indices = from_to(0, kMax + 5)});
  EXPECT_FALSE(tails.find(patient_lane, 4, 1).has_value());
  const auto kept = tails.find(patient_lane, 5, 1).value_or(LanePart());
  EXPECT_EQ(kept.previous, 5U);
  EXPECT_EQ(kept.indices, Some{5});
  tails.append(patient_lane, from_to(kMax + 5, kMax + 7));
  EXPECT_FALSE(tails.find(patient_lane, 6, 1).has_value());
  EXPECT_EQ(tails.find(patient_lane, 7, kMax).value_or(LanePart()).indices, from_to(7, kMax + 7));
}

TEST(FeedTailsTest, ManyLanesAreReadAnew) {
  FeedTails tails;
  const auto reader = [](std::size_t i) {
    return FeedTails::Reader{std::to_string(i), exchange::Lane::kUrgent};
  };
  for (std::size_t i = 0; i < FeedTails::kLanesMax; ++i) {
    tails.keep(reader(i), 0, {});
  }
  EXPECT_TRUE(tails.find(reader(0), 0, 1).has_value());
  tails.keep(reader(0), 0, {});
  EXPECT_TRUE(tails.find(reader(1), 0, 1).has_value());
  tails.keep(reader(FeedTails::kLanesMax), 0, {});
  EXPECT_FALSE(tails.find(reader(0), 0, 1).has_value());
  EXPECT_TRUE(tails.find(reader(FeedTails::kLanesMax), 0, 1).has_value());
}

}  // namespace
}  // namespace chancery::broker
