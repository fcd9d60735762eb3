#include "client/src/convert.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/exchange/kinds.h"
#include "tests/unit/client/support.h"

namespace chancery::client {
namespace {

Draft training() {
  Draft out;
  out.kind = "training";
  out.to = {"AM"};
  out.content_json = R"({"title": "Exercise", "seats": 12})";
  out.id = new_notice_id();
  return out;
}

ErrorCode code_of(const Draft& wrong) {
  const auto request = publish_request(wrong);
  return request.has_value() ? ErrorCode::kInternal : request.error().code;
}

TEST(ConvertTest, ADraftBecomesARequestWithItsTextInside) {
  Draft full = training();
  full.info = {"BY"};
  full.label = {.classification = "restricted", .handling = {"B", "A", "B"}, .tlp = Tlp::kAmber};
  full.expires_at = time_from_ms(1'800'000'000'000);
  full.in_reply_to = std::string(64, 'a');
  full.supersedes = {std::string(64, 'b')};
  full.translation_of = std::string(64, 'c');
  full.language = "ru";
  full.reply_by = time_from_ms(1'700'000'000'000);
  full.clear = true;
  const v1::PublishRequest request = must(publish_request(full));
  EXPECT_EQ(request.recipients(0).role(), v1::RECIPIENT_ROLE_ACTION);
  EXPECT_EQ(request.recipients(1).role(), v1::RECIPIENT_ROLE_INFO);
  // A label's handling rules ascend, each once (envelope.proto).
  EXPECT_EQ(request.label().handling_size(), 2);
  EXPECT_EQ(request.label().handling(0), "A");
  EXPECT_EQ(request.label().tlp(), v1::TLP_AMBER);
  EXPECT_EQ(request.expires_at_ms(), 1'800'000'000'000U);
  EXPECT_TRUE(request.clear());
  const v1::Text text = must(exchange::parse_text("training", request.text()));
  EXPECT_EQ(text.in_reply_to(), std::string(32, '\xaa'));
  EXPECT_EQ(text.supersedes(0), std::string(32, '\xbb'));
  EXPECT_EQ(text.translation_of(), std::string(32, '\xcc'));
  EXPECT_EQ(text.reply_by_ms(), 1'700'000'000'000U);
}

TEST(ConvertTest, MistakesInADraftAreNamedBeforeAnythingIsSent) {
  Draft wrong = training();
  wrong.to = {};
  EXPECT_EQ(code_of(wrong), ErrorCode::kNoRecipients);
  wrong = training();
  wrong.to = {"am"};
  EXPECT_EQ(code_of(wrong), ErrorCode::kUnknownRecipient);
  wrong = training();
  wrong.kind = "traning";
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidKind);
  wrong = training();
  wrong.content_json = R"({"titel": "Exercise"})";
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidKind);
  wrong = training();
  wrong.content_json = R"({"seats": "many"})";
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidKind);
  wrong = training();
  wrong.content_json = R"({"seats": 2})";
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidKind);
  wrong = training();
  wrong.expires_at = time_from_ms(1'700'000'000'000);
  wrong.reply_by = time_from_ms(1'700'000'000'001);
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidKind);
  wrong = training();
  wrong.id = "00000000-0000-4000-8000-000000000000";  // Version 4.
  EXPECT_EQ(code_of(wrong), ErrorCode::kUsage);
  wrong = training();
  wrong.in_reply_to = "abcd";
  EXPECT_EQ(code_of(wrong), ErrorCode::kUsage);
  wrong = training();
  wrong.subject = "\xff";
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidUtf8);
}

TEST(ConvertTest, ANameIsAnIndexAnIdOrTheDigitsOfANotice) {
  const auto only = [](const std::string& name) {
    const std::vector<v1::ShowRequest> requests = must(show_requests(name));
    EXPECT_EQ(requests.size(), 1U) << name;
    return requests.front();
  };
  EXPECT_EQ(only("0").index_plus_one(), 1U);
  EXPECT_EQ(only("17").index_plus_one(), 18U);
  const std::string id = new_notice_id();
  EXPECT_EQ(uuid_text(as_bytes(only(id).notice_id())), id);
  EXPECT_EQ(only("4be19d02").notice(), "\x4b\xe1\x9d\x02");
  EXPECT_EQ(only("4be19d02a").notice(), "\x4b\xe1\x9d\x02");
  EXPECT_EQ(only(std::string(64, '1')).notice(), std::string(32, '\x11'));
  for (const std::string wrong : {"", "4be19d0", "4be19d0x", "not-an-id", "-"}) {
    const Result<std::vector<v1::ShowRequest>> read = show_requests(wrong);
    ASSERT_FALSE(read.has_value()) << wrong;
    EXPECT_EQ(read.error().code, ErrorCode::kUsage) << wrong;
  }
  EXPECT_FALSE(show_requests(std::string(65, 'a')).has_value());
}

TEST(ConvertTest, DigitsWithoutALetterAreAnIndexAndElseANotice) {
  const std::vector<v1::ShowRequest> either = must(show_requests("12345678"));
  ASSERT_EQ(either.size(), 2U);
  EXPECT_EQ(either[0].index_plus_one(), 12'345'679U);
  EXPECT_EQ(either[1].notice(), "\x12\x34\x56\x78");
}

TEST(ConvertTest, AnInboxItemBecomesANotice) {
  v1::Draft sent;
  sent.set_origin("AM");
  sent.set_notice_id(must(from_uuid_text(new_notice_id())));
  sent.set_kind("training");
  sent.set_status(v1::STATUS_TEST);
  sent.set_precedence(v1::PRECEDENCE_PRIORITY);
  sent.mutable_label()->set_tlp(v1::TLP_GREEN);
  sent.add_recipients()->set_member("BY");
  v1::InboxItem item;
  item.set_arrival(3);
  item.set_index(9);
  item.set_accepted_at_ms(1'700'000'000'123);
  item.set_notice(std::string(32, '\x01'));
  item.set_draft(sent.SerializeAsString());
  item.set_text(must(exchange::text_from_json("training", "s", "en", R"({"title": "T"})"))
                    .SerializeAsString());
  item.set_sealed(true);
  item.set_logged(true);
  const Notice notice = must(notice_from(item));
  EXPECT_EQ(notice.arrival, 3U);
  EXPECT_EQ(notice.origin, "AM");
  EXPECT_EQ(notice.status, "test");
  EXPECT_EQ(notice.precedence, "priority");
  EXPECT_EQ(notice.label.tlp, Tlp::kGreen);
  EXPECT_EQ(notice.subject, "s");
  EXPECT_NE(notice.content_json.find("\"title\":\"T\""), std::string::npos);
  EXPECT_EQ(ms_from(notice.accepted_at), 1'700'000'000'123U);
  EXPECT_FALSE(notice.expires_at.has_value());
  EXPECT_TRUE(notice.thread.empty());
  EXPECT_TRUE(notice.sealed);
  EXPECT_TRUE(notice.logged);
  EXPECT_FALSE(notice.witnessed);
  item.set_witnessed(true);
  EXPECT_TRUE(must(notice_from(item)).witnessed);
  item.set_logged(false);
  EXPECT_FALSE(must(notice_from(item)).logged);
}

// C-175: what others made is shown whatever it lacks.
TEST(ConvertTest, WhatDoesNotKeepTheRulesOfItsKindHasProblems) {
  v1::Draft sent;
  sent.set_kind("consultation.open");
  sent.set_expires_at_ms(1'700'000'000'000);
  v1::InboxItem item;
  const auto problems = [&](const std::string& json, std::uint64_t reply_by_ms = 0) {
    v1::Text text = must(exchange::text_from_json("consultation.open", "s", "en", json));
    text.set_reply_by_ms(reply_by_ms);
    item.set_draft(sent.SerializeAsString());
    item.set_text(text.SerializeAsString());
    item.set_created_at_us(1'600'000'000'000'000);
    return must(notice_from(item)).problems;
  };
  const std::string open = R"({"question":"q","participants":["AM"],"rule":1,"deadline_ms":)";
  using Lines = std::vector<std::string>;
  EXPECT_EQ(problems(open + "1600000000001}"), Lines{});
  EXPECT_EQ(problems(open + "1600000000000}"), Lines{"deadline_ms has passed: give a later one"})
      << "when it was made";
  EXPECT_EQ(problems(open + "1600000000001}", 1'700'000'000'001).size(), 1U) << "it expires before";
  EXPECT_EQ(problems("{}").size(), 4U);
  item.set_erased_at_ms(1);
  EXPECT_TRUE(must(notice_from(item)).problems.empty());
}

TEST(ConvertTest, ATextThatIsNoneIsShownAsUnknownBytes) {
  v1::Draft sent;
  sent.set_kind("training");
  v1::InboxItem item;
  item.set_draft(sent.SerializeAsString());
  item.set_text("\xff\xff");
  EXPECT_EQ(must(notice_from(item)).content_json, R"({"unknown":"ffff"})");
  item.set_draft("\xff");
  EXPECT_EQ(notice_from(item).error().code, ErrorCode::kMalformed);
}

TEST(ConvertTest, TimesBeyondTheYear9999DoNotOverflow) {
  EXPECT_EQ(ms_from(time_from_us(UINT64_MAX)), 253'402'300'799'999U);
  EXPECT_EQ(ms_from(time_from_ms(UINT64_MAX)), 253'402'300'799'999U);
  EXPECT_EQ(ms_from(Time(std::chrono::microseconds(-5))), 0U);
}

}  // namespace
}  // namespace chancery::client
