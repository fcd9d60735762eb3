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

TEST_F(PublishTest, ReferencesAreNamedShortAndAnAnswerGoesToTheSame) {
  const std::string whole(64, 'a');
  const auto show = [](const std::string& name) {
    client::Notice notice;
    notice.notice = name + std::string(64 - name.size(), '0');
    notice.origin = "AM";
    notice.recipients = {{.member = "BY", .role = client::Role::kAction},
                         {.member = "KZ", .role = client::Role::kInfo}};
    return notice;
  };
  PublishOptions options{.kind = "assistance.offer",
                         .thread = "7",
                         .in_reply_to = "abcdef01",
                         .translation_of = whole,
                         .supersedes = {"12", whole},
                         .cancels = {"34"},
                         .reply_by = "2h"};
  const client::Time now = os::time_now();
  auto draft = make_draft(options, now);
  ASSERT_TRUE(draft.has_value()) << draft.error().detail;
  EXPECT_EQ(draft->reply_by, now + std::chrono::hours(2));
  ASSERT_TRUE(complete_references(*draft, show).has_value());
  EXPECT_EQ(draft->thread, "7" + std::string(63, '0'));
  EXPECT_EQ(draft->in_reply_to, "abcdef01" + std::string(56, '0'));
  EXPECT_EQ(draft->translation_of, whole);
  EXPECT_EQ(draft->supersedes, (std::vector<std::string>{"12" + std::string(62, '0'), whole}));
  EXPECT_EQ(draft->cancels, std::vector<std::string>{"34" + std::string(62, '0')});
  EXPECT_EQ(draft->to, (std::vector<std::string>{"AM", "BY"}));
  EXPECT_EQ(draft->info, std::vector<std::string>{"KZ"});
  options.to = {"RU"};
  draft = make_draft(options, now);
  ASSERT_TRUE(complete_references(*draft, show).has_value());
  EXPECT_EQ(draft->to, std::vector<std::string>{"RU"});
  EXPECT_TRUE(draft->info.empty());
  options.to.clear();
  options.in_reply_to.reset();
  EXPECT_FALSE(make_draft(options, now).has_value()) << "to whom?";
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
