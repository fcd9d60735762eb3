#include "cli/publish.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "io/os/clock.h"

namespace chancery::cli {
namespace {

class PublishTest : public ::testing::Test {
 protected:
  PublishTest() {
    std::ofstream(file_) << R"({"kind": "training", "to": ["AM"], "subject": "from the file",
                                "precedence": "priority", "content": {"title": "t"}})";
  }
  ~PublishTest() override { std::remove(file_.c_str()); }
  PublishTest(const PublishTest&) = delete;
  PublishTest& operator=(const PublishTest&) = delete;
  PublishTest(PublishTest&&) = delete;
  PublishTest& operator=(PublishTest&&) = delete;

  std::string file_ = testing::TempDir() + "chancery_publish_test.json";
};

TEST_F(PublishTest, AFlagGoesBeforeTheFile) {
  const PublishOptions options{.file = file_, .to = {"BY", "RU"}, .subject = "from the flag"};
  const auto draft = make_draft(options, os::time_now());
  ASSERT_TRUE(draft.has_value()) << draft.error().detail;
  EXPECT_EQ(draft->subject, "from the flag");
  EXPECT_EQ(draft->to, (std::vector<std::string>{"BY", "RU"}));
  EXPECT_EQ(draft->kind, "training");
  EXPECT_EQ(draft->precedence, client::Precedence::kPriority);
  EXPECT_EQ(draft->content_json, R"({"title":"t"})");
}

TEST_F(PublishTest, FlagsAloneMakeADraft) {
  const PublishOptions options{
      .kind = "training", .status = "test", .info = {"members"}, .expires = "1h"};
  const client::Time now = os::time_now();
  const auto draft = make_draft(options, now);
  ASSERT_TRUE(draft.has_value()) << draft.error().detail;
  EXPECT_EQ(draft->status, client::Status::kTest);
  EXPECT_EQ(draft->expires_at, now + std::chrono::hours(1));
  EXPECT_TRUE(draft->id.empty());
}

TEST_F(PublishTest, AMissingFileIsSaid) {
  PublishOptions options;
  options.file = "/nowhere/notice.json";
  EXPECT_EQ(make_draft(options, os::time_now()).error().code, ErrorCode::kFileMissing);
}

}  // namespace
}  // namespace chancery::cli
