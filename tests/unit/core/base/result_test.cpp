#include "core/base/result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace chancery {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) {
    return fail(ErrorCode::kMalformed, "odd");
  }
  return number / 2;
}

Result<int> quarter_of(int number) {
  CHANCERY_TRY(const int half, half_of(number));
  return half_of(half);
}

Result<void> check_quarter(int number, bool* reached) {
  CHANCERY_TRY_VOID(quarter_of(number));
  *reached = true;
  return {};
}

// Numbers travel on the wire and names are what scripts read: neither may stand for two errors.
TEST(ErrorTableTest, NumbersAndNamesAreUnique) {
  std::set<ErrorCode> codes;
  std::set<std::string_view> names;
  for (const ErrorInfo& info : error_table()) {
    EXPECT_TRUE(codes.insert(info.code).second) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
  }
  EXPECT_FALSE(codes.contains(ErrorCode{}));  // Zero is "no error" on the wire.
}

TEST(ErrorTableTest, NamesAreLowerCaseWithDashesAndTextsAreSentences) {
  for (const ErrorInfo& info : error_table()) {
    EXPECT_TRUE(std::ranges::all_of(info.name, [](char c) {
      return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    })) << info.name;
    EXPECT_TRUE(info.text.ends_with('.')) << info.name;
    EXPECT_TRUE(info.remedy.ends_with('.')) << info.name;
  }
}

TEST(ErrorTableTest, EveryCodeComesBackFromTheWire) {
  for (const ErrorInfo& info : error_table()) {
    EXPECT_EQ(error_code_from_wire(static_cast<std::uint32_t>(info.code)), info.code);
    EXPECT_EQ(error_info(info.code).name, info.name);
  }
}

TEST(ErrorTableTest, NumbersThatStandForNothingAreRefused) {
  EXPECT_EQ(error_code_from_wire(0), std::nullopt);
  EXPECT_EQ(error_code_from_wire(7), std::nullopt);
  EXPECT_EQ(error_code_from_wire(65'536 + 1), std::nullopt);  // Not cut to 16 bits.
  EXPECT_EQ(error_code_from_wire(0xffff'ffff), std::nullopt);
}

// Renumbering breaks every peer: a few numbers are held fast here, from each group.
TEST(ErrorTableTest, NumbersDoNotMove) {
  EXPECT_EQ(static_cast<int>(ErrorCode::kMalformed), 1);
  EXPECT_EQ(static_cast<int>(ErrorCode::kStaleDirectory), 13);
  EXPECT_EQ(static_cast<int>(ErrorCode::kBadSignature), 20);
  EXPECT_EQ(static_cast<int>(ErrorCode::kWrongOrigin), 30);
  EXPECT_EQ(static_cast<int>(ErrorCode::kSealForOthers), 50);
  EXPECT_EQ(static_cast<int>(ErrorCode::kSlotConflict), 60);
  EXPECT_EQ(static_cast<int>(ErrorCode::kRootMismatch), 70);
}

TEST(ErrorTableTest, WhatTheNodeRepairsByItselfIsRetryable) {
  EXPECT_EQ(error_info(ErrorCode::kStaleDirectory).retry, Retry::kRetryable);
  EXPECT_EQ(error_info(ErrorCode::kOutOfOrder).retry, Retry::kRetryable);
  EXPECT_EQ(error_info(ErrorCode::kQueueFull).retry, Retry::kRetryable);
  EXPECT_EQ(error_info(ErrorCode::kBadSignature).retry, Retry::kFinal);
}

TEST(ResultTest, TryPassesTheValueOnAndTheErrorOut) {
  EXPECT_EQ(quarter_of(8).value(), 2);
  const Result<int> failed = quarter_of(6);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(failed.error().detail, "odd");
}

TEST(ResultTest, TryWithoutAValueStopsAtTheError) {
  bool reached = false;
  EXPECT_FALSE(check_quarter(6, &reached).has_value());
  EXPECT_FALSE(reached);
  EXPECT_TRUE(check_quarter(4, &reached).has_value());
  EXPECT_TRUE(reached);
}

TEST(ErrorTest, ReadsAsItsNameAndItsDetail) {
  const Error with_detail{.code = ErrorCode::kGap, .detail = "at 7"};
  const Error bare{.code = ErrorCode::kGap, .detail = ""};
  EXPECT_EQ(with_detail.to_string(), "gap: at 7");
  EXPECT_EQ(bare.to_string(), "gap");
}

TEST(CheckDeathTest, StopsTheProcessAndNamesTheCondition) {
  EXPECT_DEATH(CHANCERY_CHECK(1 + 1 == 3), "1 \\+ 1 == 3");
}

}  // namespace
}  // namespace chancery
