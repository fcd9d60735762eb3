#include "core/exchange/lane.h"

#include <gtest/gtest.h>

namespace chancery::exchange {
namespace {

TEST(LaneTest, UrgentIsImmediateAndAbove) {
  for (int number = v1::PRECEDENCE_UNSPECIFIED; number <= v1::PRECEDENCE_OVERRIDE; ++number) {
    const bool urgent = lane_of(static_cast<v1::Precedence>(number)) == Lane::kUrgent;
    EXPECT_EQ(urgent, number >= v1::PRECEDENCE_IMMEDIATE);
  }
}

}  // namespace
}  // namespace chancery::exchange
