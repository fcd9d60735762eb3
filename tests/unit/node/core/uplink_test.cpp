#include "node/core/uplink.h"

#include <gtest/gtest.h>

namespace chancery::node {
namespace {

using std::chrono::milliseconds;

class UplinkTest : public testing::Test {
 protected:
  void at(int ms, std::uint64_t bytes) { uplink_.on_the_way(bytes, time(ms), false); }
  static Uplink::Time time(int ms) { return Uplink::Time(milliseconds(60'000 + ms)); }

  Uplink uplink_{{.bytes_min = 100, .bytes_max = 1000}};
};

TEST_F(UplinkTest, WhatIsAnsweredInTimeMakesRoomForMore) {
  at(0, 100);
  at(400, 0);
  EXPECT_EQ(uplink_.pace(), 200U);
  at(400, 200);
  at(410, 0);
  EXPECT_EQ(uplink_.pace(), 800U);
}

TEST_F(UplinkTest, WhatIsAnsweredLateMakesLessRoom) {
  at(0, 100);
  at(10, 0);
  ASSERT_EQ(uplink_.pace(), 400U);
  at(10, 400);
  at(4'050, 100);
  EXPECT_EQ(uplink_.pace(), 100U);
}

// The answer to the second half is measured from when that was submitted.
TEST_F(UplinkTest, TheOldestIsAnsweredFirst) {
  at(0, 50);
  at(900, 100);
  at(1'000, 50);  // Just in time.
  EXPECT_EQ(uplink_.pace(), 150U);
  at(1'150, 0);
  EXPECT_EQ(uplink_.pace(), 150U) << "less than half was on the way: that shows nothing";
}

TEST_F(UplinkTest, WhatWasSubmittedAgainIsOnItsWayAnew) {
  at(0, 100);
  uplink_.anew();
  at(30'000, 100);
  at(30'300, 0);
  EXPECT_EQ(uplink_.pace(), 200U);
}

}  // namespace
}  // namespace chancery::node
