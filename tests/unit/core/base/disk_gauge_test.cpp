#include "core/base/disk_gauge.h"

#include <gtest/gtest.h>

namespace chancery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr DiskMarks kMarks{
    .warn_free_bytes = 800, .routine_free_bytes = 400, .urgent_free_bytes = 80};

ErrorCode refusal(const DiskGauge& gauge, bool urgent) {
  const Result<void> admitted = gauge.admit(urgent);
  return admitted.has_value() ? ErrorCode{} : admitted.error().code;
}

class DiskGaugeTest : public testing::Test {
 protected:
  DiskLevel at(std::uint64_t free_bytes) {
    gauge_.measured(free_bytes, now_);
    return gauge_.level();
  }

  DiskGauge gauge_{kMarks};
  DiskGauge::Time now_{};
};

TEST_F(DiskGaugeTest, EachLevelBeginsBelowItsMark) {
  EXPECT_EQ(gauge_.level(), DiskLevel::kAmple);
  EXPECT_EQ(at(800), DiskLevel::kAmple);
  EXPECT_EQ(at(799), DiskLevel::kWarning);
  EXPECT_EQ(at(400), DiskLevel::kWarning);
  EXPECT_EQ(at(399), DiskLevel::kUrgentOnly);
  EXPECT_EQ(at(80), DiskLevel::kUrgentOnly);
  EXPECT_EQ(at(79), DiskLevel::kFull);
  EXPECT_EQ(at(0), DiskLevel::kFull);
}

TEST_F(DiskGaugeTest, ALevelEndsAnEighthAboveItsMark) {
  EXPECT_EQ(at(0), DiskLevel::kFull);
  EXPECT_EQ(at(89), DiskLevel::kFull);
  EXPECT_EQ(at(90), DiskLevel::kUrgentOnly);
  EXPECT_EQ(at(80), DiskLevel::kUrgentOnly);
  EXPECT_EQ(at(449), DiskLevel::kUrgentOnly);
  EXPECT_EQ(at(450), DiskLevel::kWarning);
  EXPECT_EQ(at(400), DiskLevel::kWarning);
  EXPECT_EQ(at(899), DiskLevel::kWarning);
  EXPECT_EQ(at(900), DiskLevel::kAmple);
  EXPECT_EQ(at(800), DiskLevel::kAmple);
}

TEST_F(DiskGaugeTest, MarksMayBeFarApartInOneStep) {
  EXPECT_EQ(at(10), DiskLevel::kFull);
  EXPECT_EQ(at(10'000), DiskLevel::kAmple);
  EXPECT_EQ(at(10), DiskLevel::kFull);
  EXPECT_EQ(at(420), DiskLevel::kUrgentOnly);  // Over that mark, and not by an eighth.
}

TEST_F(DiskGaugeTest, RefusesRoutineBeforeUrgent) {
  at(400);
  EXPECT_EQ(refusal(gauge_, false), ErrorCode{});
  EXPECT_EQ(refusal(gauge_, true), ErrorCode{});
  at(399);
  EXPECT_EQ(refusal(gauge_, false), ErrorCode::kDiskLow);
  EXPECT_EQ(refusal(gauge_, true), ErrorCode{});
  at(79);
  EXPECT_EQ(refusal(gauge_, false), ErrorCode::kDiskFull);
  EXPECT_EQ(refusal(gauge_, true), ErrorCode::kDiskFull);
}

TEST_F(DiskGaugeTest, AFailedWriteCountsAsFullForFiveSecondsWhateverIsMeasured) {
  at(10'000);
  gauge_.write_failed(now_);
  EXPECT_EQ(refusal(gauge_, true), ErrorCode::kDiskFull);
  now_ += milliseconds(4'999);
  EXPECT_EQ(at(10'000), DiskLevel::kFull);
  now_ += milliseconds(1);
  EXPECT_EQ(at(10'000), DiskLevel::kAmple);
  gauge_.write_failed(now_);
  now_ += seconds(5);
  EXPECT_EQ(at(100), DiskLevel::kUrgentOnly);
}

}  // namespace
}  // namespace chancery
