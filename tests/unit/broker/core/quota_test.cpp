#include "broker/core/quota.h"

#include <gtest/gtest.h>

#include <tuple>

namespace chancery::broker {
namespace {

using exchange::Lane;
using std::chrono::milliseconds;

constexpr QuotaLimits kLimits{.lanes = {.patient = {.notices = {.per_second = 10, .burst = 2},
                                                    .bytes = {.per_second = 1000, .burst = 500}},
                                        .urgent = {.notices = {.per_second = 1, .burst = 1},
                                                   .bytes = {.per_second = 1000, .burst = 5000}}}};

class MemberQuotasTest : public testing::Test {
 protected:
  // Milliseconds to wait; 0 where it was taken.
  std::int64_t ask(std::string_view member, Lane lane, std::uint64_t bytes = 1) {
    quotas_.at(now_);
    if (const auto wait = quotas_.wait(member, lane, bytes); wait.has_value()) {
      return wait->count();
    }
    quotas_.take(member, lane, bytes);
    return 0;
  }

  MemberQuotas quotas_{kLimits};
  TokenBucket::Time now_{};
};

TEST_F(MemberQuotasTest, GivesEachMemberItsBurstAndThenItsRate) {
  EXPECT_EQ(ask("AM", Lane::kPatient), 0);
  EXPECT_EQ(ask("AM", Lane::kPatient), 0);
  EXPECT_EQ(ask("AM", Lane::kPatient), 100);
  EXPECT_EQ(ask("BY", Lane::kPatient), 0);
  now_ += milliseconds(99);
  EXPECT_EQ(ask("AM", Lane::kPatient), 1);
  now_ += milliseconds(1);
  EXPECT_EQ(ask("AM", Lane::kPatient), 0);
  EXPECT_EQ(ask("AM", Lane::kPatient), 100);
}

TEST_F(MemberQuotasTest, AFloodOfRoutineDoesNotStopTheFlashOfItsOwnMember) {
  for (int i = 0; i < 3; ++i) {
    std::ignore = ask("AM", Lane::kPatient);
  }
  EXPECT_NE(ask("AM", Lane::kPatient), 0);
  EXPECT_EQ(ask("AM", Lane::kUrgent), 0);
  EXPECT_EQ(ask("AM", Lane::kUrgent), 1000);
}

TEST_F(MemberQuotasTest, CountsBytesAndSaysTheLongerOfTheTwoWaits) {
  EXPECT_EQ(ask("AM", Lane::kPatient, 500), 0);
  EXPECT_EQ(ask("AM", Lane::kPatient, 300), 300);
  EXPECT_EQ(ask("AM", Lane::kUrgent, 5000), 0);
  EXPECT_EQ(ask("AM", Lane::kUrgent, 10), 1000);  // Bytes alone would be 10 ms.
}

TEST_F(MemberQuotasTest, WhatIsRefusedTakesNothing) {
  EXPECT_EQ(ask("AM", Lane::kPatient, 400), 0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ask("AM", Lane::kPatient, 101), 1);
  }
  EXPECT_EQ(ask("AM", Lane::kPatient, 100), 0);
  EXPECT_EQ(quotas_.tallies().at("AM").taken_count, 2U);
  EXPECT_EQ(quotas_.tallies().at("AM").refused_count, 100U);
  EXPECT_FALSE(quotas_.tallies().contains("BY"));
}

}  // namespace
}  // namespace chancery::broker
