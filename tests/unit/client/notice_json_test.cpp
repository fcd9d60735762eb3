#include "client/src/notice_json.h"

#include <gtest/gtest.h>

#include "io/text/times.h"

namespace chancery::client {
namespace {

Time now() {
  return Time(std::chrono::seconds(1'772'323'200));  // 2026-03-01T00:00:00Z
}

chancery::Error error_of(std::string_view json) {
  const auto draft = draft_from_json(json, "n.json", now());
  return draft.has_value() ? chancery::Error{ErrorCode::kInternal, "no error"} : draft.error();
}

TEST(NoticeJsonTest, AFileSaysAllThatADraftHas) {
  const auto draft = draft_from_json(R"({
    "kind": "training", "status": "exercise", "precedence": "priority",
    "classification": "restricted", "handling": ["MEMBERS-ONLY"], "tlp": "amber-strict",
    "to": ["AM", "BY"], "info": "members", "expires": "48h", "subject": "s", "language": "ru",
    "content": {"title": "t"}, "reply_by": "2026-04-01", "clear": true,
    "in_reply_to": "aa", "supersedes": ["bb"]
  })",
                                     "n.json", now());
  ASSERT_TRUE(draft.has_value()) << draft.error().detail;
  EXPECT_EQ(draft->kind, "training");
  EXPECT_EQ(draft->status, Status::kExercise);
  EXPECT_EQ(draft->precedence, Precedence::kPriority);
  EXPECT_EQ(draft->label.classification, "restricted");
  EXPECT_EQ(draft->label.tlp, Tlp::kAmberStrict);
  EXPECT_EQ(draft->to, (std::vector<std::string>{"AM", "BY"}));
  EXPECT_EQ(draft->info, std::vector<std::string>{"members"});
  EXPECT_EQ(draft->expires_at, now() + std::chrono::hours(48));
  EXPECT_EQ(draft->content_json, R"({"title":"t"})");
  EXPECT_EQ(draft->reply_by, text::parse_time("2026-04-01T00:00:00Z").value());
  EXPECT_TRUE(draft->clear);
  EXPECT_EQ(draft->supersedes, std::vector<std::string>{"bb"});
}

TEST(NoticeJsonTest, AnUnknownKeyIsNamedWithTheFile) {
  const chancery::Error error = error_of(R"({"kind": "training", "expire": "48h"})");
  EXPECT_EQ(error.code, ErrorCode::kUnknownField);
  EXPECT_EQ(error.detail.find("n.json: 'expire' is not"), 0U) << error.detail;
  EXPECT_NE(error.detail.find("did you mean 'expires'?"), std::string::npos) << error.detail;
  const std::string far = error_of(R"({"zebra": 1})").detail;
  EXPECT_NE(far.find("; those are "), std::string::npos) << far;
}

TEST(NoticeJsonTest, AWrongTypeIsNamedWithItsKey) {
  for (const char* json :
       {R"({"kind": 1})", R"({"to": [1]})", R"({"to": {}})", R"({"handling": "A"})",
        R"({"content": 1})", R"({"content": []})", R"({"clear": "yes"})", R"({"status": "real"})",
        R"({"tlp": "blue"})", R"({"precedence": null})", R"({"expires": 5})",
        R"({"expires": "soon"})", R"({"supersedes": "x"})"}) {
    const chancery::Error error = error_of(json);
    EXPECT_EQ(error.code, ErrorCode::kMalformed) << json;
    EXPECT_EQ(error.detail.find("n.json: '"), 0U) << error.detail;
  }
}

TEST(NoticeJsonTest, WhatIsNoJsonObjectIsRefused) {
  EXPECT_EQ(error_of("").code, ErrorCode::kMalformed);
  EXPECT_EQ(error_of("[]").code, ErrorCode::kMalformed);
  EXPECT_EQ(error_of(R"({"kind": "a", "kind": "b"})").code, ErrorCode::kMalformed);
  EXPECT_EQ(error_of(R"({"content": )" + std::string(40, '[')).code, ErrorCode::kNestingTooDeep);
}

TEST(NoticeJsonTest, ANoticeHasAllItsFieldsAlsoWhereTheyAreEmpty) {
  Details details;
  details.notice.content_json = R"({"title":"t"})";
  const text::Json json = details_json(details);
  for (const char* key : {"arrival",        "index",       "accepted_at", "created_at",
                          "arrived_at",     "notice",      "id",          "origin",
                          "kind",           "status",      "precedence",  "classification",
                          "handling",       "tlp",         "recipients",  "expires_at",
                          "subject",        "language",    "content",     "problems",
                          "thread",         "in_reply_to", "supersedes",  "cancels",
                          "translation_of", "reply_by",    "attachments", "logged",
                          "witnessed",      "sealed",      "own",         "key_id",
                          "stage",          "d",           "leaf",        "envelope"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["content"]["title"], "t");
  EXPECT_TRUE(json["expires_at"].is_null());
  EXPECT_EQ(json["tlp"], "none");
}

}  // namespace
}  // namespace chancery::client
