#include "cli/report.h"

#include <gtest/gtest.h>

#include "client/src/answer_json.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

TEST(ReportTest, ExitCodesTellUsageRefusalAndIgnoranceApart) {
  EXPECT_EQ(exit_code_of(ErrorCode::kUsage), os::kExitUsage);
  EXPECT_EQ(exit_code_of(ErrorCode::kNoDaemon), os::kExitUnknown);
  EXPECT_EQ(exit_code_of(ErrorCode::kUnknownOutcome), os::kExitUnknown);
  EXPECT_EQ(exit_code_of(ErrorCode::kKindNotGranted), os::kExitFalse);
  EXPECT_EQ(exit_code_of(ErrorCode::kQueueFull), os::kExitFalse);
  client::ErrorParts newer;
  newer.number = 64999;
  EXPECT_EQ(exit_code_of(newer), os::kExitUnknown);
}

TEST(ReportTest, NoErrorIsASuccess) {
  for (const ErrorInfo& info : error_table()) {
    EXPECT_NE(exit_code_of(info.code), os::kExitDone) << info.name;
  }
}

TEST(ReportTest, AnErrorNamesItsCodeDetailAndRemedy) {
  client::ErrorParts parts;
  parts.name = "no-daemon";
  parts.text = "Nothing answers.";
  parts.detail = "at \x1b[31mipc://x";
  parts.remedy = "Start it.";
  EXPECT_EQ(error_text(parts),
            "chancery: no-daemon: Nothing answers. (at \\u001b[31mipc://x)\n"
            "  remedy: Start it.\n");
  parts.notice_id = "id";
  const text::Json json = client::error_json(parts);
  EXPECT_EQ(json["code"], "no-daemon");
  EXPECT_EQ(json["detail"], parts.detail);
  EXPECT_EQ(json["retryable"], false);
  EXPECT_EQ(json["notice_id"], "id");
}

}  // namespace
}  // namespace chancery::cli
