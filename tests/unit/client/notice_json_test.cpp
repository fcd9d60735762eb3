#include "client/src/notice_json.h"

#include <gtest/gtest.h>

#include "client/src/answer_json.h"
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

TEST(NoticeJsonTest, ABatchInOrderIsReadAsItsDraftsAre) {
  const std::vector<std::string> list = {
      R"({"kind": "training", "status": "exercise", "precedence": "flash", "tlp": "red",
          "classification": "restricted", "handling": ["A"], "to": "members", "info": ["AM"],
          "expires": "48h", "content": {"b": [1, {"a": "\u0416"}]}, "clear": true, "about": 1})",
      "{}", R"({"content": "{}", "supersedes": ["bb", "cc"], "reply_by": "2026-04-01"})"};
  const std::vector<Draft> drafts =
      good_drafts(R"({"drafts": [)" + list[0] + "," + list[1] + "," + list[2] + "]}", now())
          .value_or(std::vector<Draft>());
  ASSERT_EQ(drafts.size(), list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto alone = draft_from_json(list[i], "n.json", now());
    ASSERT_TRUE(alone.has_value()) << alone.error().detail;
    EXPECT_EQ(detail::json_of(drafts[i]), detail::json_of(*alone));
  }
  EXPECT_TRUE(good_drafts(R"({"drafts": []})", now()).value_or(std::vector<Draft>(1)).empty());
}

TEST(NoticeJsonTest, ABatchThatIsNotInOrderIsReadDraftByDraft) {
  for (const std::string_view bad :
       {R"({"kind": 1})", R"({"kinds": "a"})", R"({"kind": "a", "kind": "a"})", "[]"}) {
    EXPECT_FALSE(good_drafts(R"({"drafts": [{}, )" + std::string(bad) + "]}", now()).has_value())
        << bad;
  }
  const auto drafts =
      drafts_from_json(R"({"drafts": [{"kind": "a"}, {"kind": 1, "id": "x"}]})", now());
  ASSERT_TRUE(drafts.has_value());
  ASSERT_EQ(drafts->size(), 2U);
  EXPECT_EQ(std::get<Draft>(drafts->at(0)).kind, "a");
  EXPECT_EQ(std::get<ErrorParts>(drafts->at(1)).notice_id, "x");
  const auto twice = drafts_from_json(R"({"drafts": [{"kind": "a", "kind": "a"}]})", now());
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, ErrorCode::kMalformed);
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
