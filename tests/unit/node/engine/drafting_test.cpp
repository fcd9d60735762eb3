#include "node/engine/drafting.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/exchange/limits.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/outcome.h"

namespace chancery::node {
namespace {

using test::must;
using test::TestExchange;

constexpr std::uint64_t kDraftedAt = 1'700'000'000'000;

class DrafterTest : public testing::Test {
 protected:
  DrafterTest() {
    request_.set_kind("contact");
    request_.set_status(v1::STATUS_ACTUAL);
    request_.set_precedence(v1::PRECEDENCE_ROUTINE);
    request_.add_recipients()->set_member("BY");
    request_.set_expires_at_ms(kDraftedAt + 60'000);
    another("first");
  }

  void another(const std::string& subject) {
    request_.set_notice_id(test::seeded_uuid("notice", ++id_));
    request_.set_text(TestExchange::text_of(subject, "contact"));
  }
  // What becomes of the request: of the drafter, which met those before it, and of who did not.
  std::string drafted() {
    return told(drafter_.draft(request_, request_.SerializeAsString(), in()));
  }
  std::string drafted_alone() { return told(draft_notice(request_, in())); }

  static std::string told(const Result<OutboxDraft>& draft) {
    if (!draft.has_value()) {
      return test::outcome(draft) + " " + draft.error().detail;
    }
    const Waiting& waiting = draft->waiting;
    return waiting.notice_id + "|" + waiting.draft + "|" + waiting.text + "|" +
           std::to_string(waiting.precedence) + (waiting.sealed ? "s" : "c") + "|" +
           to_string(draft->notice) + "|" + std::to_string(draft->queued_at_ms);
  }
  Drafting in() {
    return {.member = member_,
            .genesis = exchange_.genesis(),
            .directory = directory_,
            .random = random_,
            .now_ms = now_ms_};
  }

  TestExchange exchange_;
  exchange::Directory directory_ = exchange_.directory();
  std::string member_ = "AM";
  std::function<std::string(std::size_t)> random_ = [](std::size_t count) {
    return std::string(count, 'r');
  };
  std::uint64_t now_ms_ = kDraftedAt;
  v1::PublishRequest request_;
  Drafter drafter_;
  std::uint64_t id_ = 0;
};

TEST_F(DrafterTest, OneMoreThatSaysTheSameIsMadeAsIfItWereTheFirst) {
  for (const std::string subject : {"first", "second", "one that is longer than the others"}) {
    another(subject);
    EXPECT_EQ(drafted(), drafted_alone()) << subject;
    ASSERT_EQ(test::outcome(draft_notice(request_, in())), "good");
  }
}

TEST_F(DrafterTest, WhateverElseIsSaidIsLookedAt) {
  const std::vector<std::function<void()>> changes = {
      [&] { request_.set_kind("threat.alert"); },
      [&] { request_.set_kind("contact"); },
      [&] { request_.set_status(v1::STATUS_EXERCISE); },
      [&] { request_.set_precedence(v1::PRECEDENCE_FLASH); },
      [&] { request_.mutable_label()->set_classification("none such"); },
      [&] { request_.clear_label(); },
      [&] { request_.mutable_recipients(0)->set_member("KG"); },
      [&] { request_.mutable_recipients(0)->set_role(v1::RECIPIENT_ROLE_INFO); },
      [&] { request_.add_recipients()->set_member("RU"); },
      [&] { request_.mutable_recipients(1)->set_member("none"); },
      [&] { request_.mutable_recipients()->RemoveLast(); },
      [&] { request_.set_expires_at_ms(kDraftedAt + 120'000); },
      [&] { request_.set_clear(true); },
      [&] { request_.set_notice_id("short"); },
      [&] { another("again"); },
      [&] { request_.set_notice_id(std::string(16, 'x')); },
      [&] { another("again"); },
      [&] { request_.set_text("\xff"); },
      [&] { request_.set_text(std::string(exchange::kTextBytesMax + 1, 'x')); },
      [&] { another("again"); },
  };
  std::string before = drafted();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i]();
    const std::string after = drafted();
    EXPECT_EQ(after, drafted_alone()) << i;
    EXPECT_NE(after, before) << i;
    before = after;
  }
}

TEST_F(DrafterTest, WhatHasExpiredByNowIsNotMade) {
  ASSERT_TRUE(drafted().starts_with(request_.notice_id()));
  now_ms_ += 60'000;
  EXPECT_EQ(drafted(), drafted_alone());
  EXPECT_TRUE(drafted().starts_with("expired")) << drafted();
}

// What the directory allowed before is asked of it again once it is another.
TEST_F(DrafterTest, AnotherDirectoryIsAskedAgain) {
  ASSERT_TRUE(drafted().starts_with(request_.notice_id()));
  v1::Roster roster = directory_.roster();
  for (v1::Member& member : *roster.mutable_members()) {
    if (member.code() == "BY") {
      member.clear_receive();
      member.add_receive("training");
    }
  }
  must(directory_.apply(
      exchange_.parse(exchange_.next_roster(roster, test::four_members, directory_)),
      exchange_.cache()));
  EXPECT_EQ(drafted(), drafted_alone());
  EXPECT_TRUE(drafted().starts_with("kind-not-receivable")) << drafted();
}

}  // namespace
}  // namespace chancery::node
