#include "core/exchange/retention.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace chancery::exchange {
namespace {

constexpr std::uint64_t kDay = 24ULL * 60 * 60 * 1000;
constexpr std::uint64_t kAgain = 10ULL * 60 * 1000;

v1::Roster roster() {
  v1::Roster made;
  for (const auto& [kinds, days] :
       {std::pair<const char*, std::uint32_t>{"training", 2}, {"threat.*", 20}, {"*", 10}}) {
    v1::Retention& rule = *made.add_retention();
    rule.set_kinds(kinds);
    rule.set_days(days);
  }
  return made;
}

Kept kept(std::uint64_t index, std::uint64_t accepted_at_ms, const std::string& kind = "contact") {
  Kept made{.index = index, .accepted_at_ms = accepted_at_ms, .arrived_at_ms = 0, .draft = {}};
  made.draft.set_kind(kind);
  return made;
}

// C-99
TEST(RetentionTest, TheFirstRuleThatMatchesCounts) {
  const v1::Roster rules = roster();
  EXPECT_EQ(retention_days(rules, "training"), 2U);
  EXPECT_EQ(retention_days(rules, "threat.alert"), 20U);
  EXPECT_EQ(retention_days(rules, "contact"), 10U);
  EXPECT_EQ(retention_days(rules, "directory.roster"), std::nullopt);
  v1::Roster few;
  few.add_retention()->set_kinds("training");
  EXPECT_EQ(retention_days(few, "contact"), std::nullopt) << "kept for ever";
}

TEST(RetentionTest, TheTimeIsOverToTheMillisecond) {
  const v1::Roster rules = roster();
  EXPECT_FALSE(is_past_retention(rules, "contact", 5, 5 + 10 * kDay - 1));
  EXPECT_TRUE(is_past_retention(rules, "contact", 5, 5 + 10 * kDay));
  EXPECT_TRUE(is_past_retention(rules, "contact", 5, 4 + 9 * kDay, kDay + 1));
  EXPECT_FALSE(is_past_retention(rules, "directory.node", 0, 1000 * kDay));
}

TEST(RetentionTest, APassGoesOverWhatIsOldEnoughAndComesAgainTheNextDay) {
  const v1::Roster rules = roster();
  const std::uint64_t now = 30 * kDay;
  RetentionPass pass;
  const auto all = [](const Kept&) { return true; };
  ASSERT_EQ(pass.next(rules, now), 0U);
  std::vector<Kept> page;
  page.reserve(kRetentionPageMax);
  for (std::uint64_t index = 0; index < kRetentionPageMax; ++index) {
    page.push_back(kept(index, index, index == 1 ? "directory.roster" : "contact"));
  }
  EXPECT_EQ(pass.take(page, rules, now, [](const Kept& each) { return each.index != 2; }).size(),
            kRetentionPageMax - 2);
  ASSERT_EQ(pass.next(rules, now), kRetentionPageMax);
  using Indices = std::vector<std::uint64_t>;
  EXPECT_EQ(pass.take({kept(70, 29 * kDay, "training"), kept(71, 20 * kDay),
                       kept(72, 28 * kDay, "training"), kept(73, 9 * kDay, "threat.alert")},
                      rules, now, all),
            (Indices{71, 72, 73}));
  EXPECT_EQ(pass.next(rules, now), std::nullopt) << "there was no more";
  // What had to wait is asked again from there on, until it may go.
  EXPECT_EQ(pass.next(rules, now + kAgain - 1), std::nullopt);
  ASSERT_EQ(pass.next(rules, now + kAgain), 2U);
  const auto none = [](const Kept&) { return false; };
  EXPECT_TRUE(pass.take({kept(2, 2)}, rules, now + kAgain, none).empty());
  ASSERT_EQ(pass.next(rules, now + 2 * kAgain), 2U);
  EXPECT_EQ(pass.take({kept(2, 2)}, rules, now + 2 * kAgain, all), Indices{2});
  EXPECT_EQ(pass.next(rules, now + kDay - 1), std::nullopt);
  ASSERT_EQ(pass.next(rules, now + kDay), 0U) << "and all a day later";
}

TEST(RetentionTest, WhatIsWaitedForKeepsNoWholePassFromItsDay) {
  const v1::Roster rules = roster();
  const auto none = [](const Kept&) { return false; };
  RetentionPass pass;
  std::uint64_t now = 30 * kDay;
  ASSERT_EQ(pass.next(rules, now), 0U);
  EXPECT_TRUE(pass.take({kept(5, 5)}, rules, now, none).empty());
  while (pass.next(rules, now) != 0U) {
    ASSERT_LE(now, 31 * kDay);
    now += kAgain;
    if (pass.next(rules, now) == 5U) {
      EXPECT_TRUE(pass.take({kept(5, 5)}, rules, now, none).empty());
    }
  }
  EXPECT_EQ(now, 31 * kDay);
}

TEST(RetentionTest, WhatCameInIsKeptForADay) {
  Kept one = kept(5, 5);
  EXPECT_FALSE(has_just_arrived(one, 40 * kDay)) << "it is in no inbox";
  one.arrived_at_ms = 40 * kDay;
  EXPECT_TRUE(has_just_arrived(one, 40 * kDay));
  EXPECT_TRUE(has_just_arrived(one, 41 * kDay - 1));
  EXPECT_FALSE(has_just_arrived(one, 41 * kDay));
  EXPECT_FALSE(has_just_arrived(one, 39 * kDay)) << "by a clock that was set back since";
}

TEST(RetentionTest, APageThatIsTooYoungEndsThePass) {
  const v1::Roster rules = roster();
  RetentionPass pass;
  std::vector<Kept> page;
  page.reserve(kRetentionPageMax);
  for (std::uint64_t index = 0; index < kRetentionPageMax; ++index) {
    page.push_back(kept(index, 5 * kDay, "training"));
  }
  EXPECT_TRUE(pass.take(page, rules, 6 * kDay, [](const Kept&) { return true; }).empty());
  EXPECT_EQ(pass.next(rules, 6 * kDay), std::nullopt);
}

TEST(PacedClockTest, GoesOnNoFasterThanTimeDoes) {
  const std::chrono::steady_clock::time_point start{std::chrono::hours(5)};
  const auto after = [&](int ms) { return start + std::chrono::milliseconds(ms); };
  PacedClock clock;
  EXPECT_EQ(clock.at(1'000'000, start), 1'000'000U);
  EXPECT_EQ(clock.at(1'000'020, after(20)), 1'000'020U);
  EXPECT_EQ(clock.at(1'000'020 + 365 * kDay, after(21)), 1'000'021U) << "set forward";
  EXPECT_EQ(clock.at(1'000'025, after(30)), 1'000'025U) << "set back: that is what counts now";
  EXPECT_EQ(clock.at(1'000'090, after(40)), 1'000'035U);
  EXPECT_EQ(clock.at(5, after(50)), 5U);
}

TEST(RetentionTest, WithoutARuleNothingIsRead) {
  EXPECT_EQ(RetentionPass().next(v1::Roster(), 1'000'000 * kDay), std::nullopt);
}

}  // namespace
}  // namespace chancery::exchange
