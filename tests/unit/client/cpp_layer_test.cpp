// The C++ classes over the C interface: what goes in comes out, and words are the log's own.

#include <gtest/gtest.h>

#include "chancery/client.h"
#include "client/src/answer_json.h"
#include "client/src/notice_json.h"
#include "core/base/encoding.h"
#include "core/exchange/names.h"
#include "io/text/harmless.h"
#include "io/text/times.h"
#include "tests/unit/client/support.h"

namespace chancery::client {
namespace {

using std::chrono::microseconds;
using std::string_literals::operator""s;
using text::Json;

Time at(std::int64_t us) {
  return Time(microseconds(us));
}

TEST(CppLayerTest, WordsAreThoseOfTheLog) {
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(to_string(static_cast<Status>(i)), exchange::word(static_cast<v1::Status>(i)));
    EXPECT_EQ(status_from(to_string(static_cast<Status>(i))), static_cast<Status>(i));
  }
  for (int i = 1; i <= 6; ++i) {
    const auto precedence = static_cast<Precedence>(i);
    EXPECT_EQ(to_string(precedence), exchange::word(static_cast<v1::Precedence>(i)));
    EXPECT_EQ(precedence_from(to_string(precedence)), precedence);
  }
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(to_string(static_cast<Tlp>(i)), exchange::word(static_cast<v1::Tlp>(i)));
    EXPECT_EQ(tlp_from(to_string(static_cast<Tlp>(i))), static_cast<Tlp>(i));
  }
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(to_string(static_cast<Role>(i)), exchange::word(static_cast<v1::RecipientRole>(i)));
  }
  EXPECT_EQ(to_string(static_cast<Tlp>(9)), exchange::word(static_cast<v1::Tlp>(9)));
}

TEST(CppLayerTest, AWordThatIsNoneNamesTheChoices) {
  try {
    static_cast<void>(tlp_from("blue"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "usage");
    EXPECT_EQ(error.detail(), "'blue' is none of none, clear, green, amber, amber-strict, red");
  }
}

// The dates where calendars go wrong, against the standard library's own calendar.
TEST(CppLayerTest, TimesAreWrittenAndReadToTheMicrosecond) {
  for (const std::int64_t us :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{951'782'399'999'999},  // 2000-02-28
        std::int64_t{951'782'400'000'000}, std::int64_t{951'868'800'000'001},
        std::int64_t{1'709'164'800'123'456}, std::int64_t{1'735'689'599'999'999},
        std::int64_t{4'107'542'400'000'000},  // 2100-03-01: no leap year
        std::int64_t{253'402'300'799'999'999}}) {
    EXPECT_EQ(detail::time_text(at(us)), text::time_in_us(at(us)));
    EXPECT_EQ(detail::time_of(text::time_in_us(at(us))), at(us));
    EXPECT_EQ(detail::time_of(text::time_for_programs(at(us))), at(us - us % 1000));
  }
}

TEST(CppLayerTest, ADraftArrivesAsItWasWritten) {
  Draft draft;
  draft.kind = "training";
  draft.status = Status::kExercise;
  draft.precedence = Precedence::kOverride;
  draft.label = {"restricted", {"A", "B"}, Tlp::kAmberStrict};
  draft.to = {"AM", "BY"};
  draft.info = {"members"};
  draft.expires_at = at(1'800'000'000'123'000);
  draft.subject = "a\0b\"\\\n\x7f \u202e Учение \U0001F6A8"s;
  draft.language = "ru";
  draft.content_json = R"({"title": "x\"y", "to": ["RU"]}, "clear": true)";  // No way out of it.
  draft.thread = "t";
  draft.in_reply_to = "r";
  draft.supersedes = {"s"};
  draft.cancels = {"c"};
  draft.translation_of = "o";
  draft.reply_by = at(1'700'000'000'000'000);
  draft.id = "id";
  const Draft read = must(draft_from_json(detail::json_of(draft), "draft", at(0)));
  EXPECT_EQ(read.kind, draft.kind);
  EXPECT_EQ(read.status, draft.status);
  EXPECT_EQ(read.precedence, draft.precedence);
  EXPECT_EQ(read.label.classification, draft.label.classification);
  EXPECT_EQ(read.label.handling, draft.label.handling);
  EXPECT_EQ(read.label.tlp, draft.label.tlp);
  EXPECT_EQ(read.to, draft.to);
  EXPECT_EQ(read.info, draft.info);
  EXPECT_EQ(read.expires_at, draft.expires_at);
  EXPECT_EQ(read.subject, draft.subject);
  EXPECT_EQ(read.language, draft.language);
  EXPECT_EQ(read.content_json, draft.content_json);
  EXPECT_EQ(read.thread, draft.thread);
  EXPECT_EQ(read.in_reply_to, draft.in_reply_to);
  EXPECT_EQ(read.supersedes, draft.supersedes);
  EXPECT_EQ(read.cancels, draft.cancels);
  EXPECT_EQ(read.translation_of, draft.translation_of);
  EXPECT_EQ(read.reply_by, draft.reply_by);
  EXPECT_FALSE(read.clear);
  EXPECT_EQ(read.id, draft.id);
}

Notice full_notice() {
  Notice notice;
  notice.arrival = 18'446'744'073'709'551'615U;
  notice.index = 7;
  notice.accepted_at = at(1'700'000'000'123'000);
  notice.created_at = at(1'700'000'000'123'456);
  notice.arrived_at = at(1'700'000'001'000'000);
  notice.notice = std::string(64, 'a');
  notice.id = "id";
  notice.origin = "AM";
  notice.kind = "training";
  notice.status = "exercise";
  notice.precedence = "17";
  notice.label = {"restricted", {"A"}, Tlp::kRed};
  notice.recipients = {{"BY", Role::kAction}, {"RU", Role::kInfo}};
  notice.expires_at = at(1'800'000'000'000'000);
  notice.subject = "quo\"te \\ \x1b[2J \u202e \u009b \U000e0041 \0 Ծ"s;
  notice.language = "hy";
  notice.content_json = R"({"title":"} ] \" \\","list":[1,{"a":[]}],"n":null})";
  notice.problems = {"title \"lacks\"", "seats"};
  notice.thread = "t";
  notice.in_reply_to = "r";
  notice.supersedes = {"s", "ss"};
  notice.cancels = {"c"};
  notice.translation_of = "o";
  notice.reply_by = at(1'700'000'000'000'000);
  notice.attachments = {{"n", "text/plain", 12}};
  notice.logged = true;
  notice.witnessed = true;
  notice.sealed = true;
  notice.own = true;
  notice.key_id = "k";
  notice.redelivered = true;
  notice.attempts = 3;
  return notice;
}

TEST(CppLayerTest, ANoticeArrivesAsTheLibraryHasIt) {
  const Notice notice = full_notice();
  Page page;
  page.notices = {Notice{}, notice};
  page.next = {5, 8};
  page.unmarked = true;
  const Page read = detail::page_of(page_line(page));
  EXPECT_EQ(read.next, page.next);
  EXPECT_TRUE(read.unmarked);
  ASSERT_EQ(read.notices.size(), 2U);
  const Notice& got = read.notices.at(1);
  // All of it, as each field has its place in the JSON.
  EXPECT_EQ(text::dump(notice_json(got)), text::dump(notice_json(notice)));
  EXPECT_EQ(got.subject, notice.subject);
  EXPECT_EQ(got.content_json, notice.content_json);
  EXPECT_EQ(got.problems, notice.problems);
  EXPECT_EQ(got.created_at, notice.created_at);
  EXPECT_EQ(got.label.tlp, Tlp::kRed);
  EXPECT_EQ(got.erased_at, std::nullopt);
  EXPECT_TRUE(got.logged && got.witnessed);
  EXPECT_FALSE(read.notices.at(0).logged || read.notices.at(0).witnessed);
}

// Each field, in the order that docs/reference/cli.md has them in.
TEST(CppLayerTest, ANoticeAsJsonHasAllOfIt) {
  const text::Json expected = {
      {"arrival", 18'446'744'073'709'551'615U},
      {"index", 7},
      {"accepted_at", "2023-11-14T22:13:20.123Z"},
      {"created_at", "2023-11-14T22:13:20.123456Z"},
      {"arrived_at", "2023-11-14T22:13:21.000Z"},
      {"notice", std::string(64, 'a')},
      {"id", "id"},
      {"origin", "AM"},
      {"kind", "training"},
      {"status", "exercise"},
      {"precedence", "17"},
      {"classification", "restricted"},
      {"handling", {"A"}},
      {"tlp", "red"},
      {"recipients",
       {{{"member", "BY"}, {"role", "action"}}, {{"member", "RU"}, {"role", "info"}}}},
      {"expires_at", "2027-01-15T08:00:00.000Z"},
      {"subject", full_notice().subject},
      {"language", "hy"},
      {"content",
       {{"title", "} ] \" \\"}, {"list", {1, {{"a", text::Json::array()}}}}, {"n", nullptr}}},
      {"problems", {"title \"lacks\"", "seats"}},
      {"thread", "t"},
      {"in_reply_to", "r"},
      {"supersedes", {"s", "ss"}},
      {"cancels", {"c"}},
      {"translation_of", "o"},
      {"reply_by", "2023-11-14T22:13:20.000Z"},
      {"attachments", {{{"name", "n"}, {"media_type", "text/plain"}, {"size", 12}}}},
      {"logged", true},
      {"witnessed", true},
      {"sealed", true},
      {"own", true},
      {"erased_at", nullptr},
      {"key_id", "k"},
      {"redelivered", true},
      {"attempts", 3}};
  EXPECT_EQ(text::dump(notice_json(full_notice())), text::dump(expected));
  EXPECT_EQ(text::dump(must(text::parse_json(to_json(full_notice()), 32))), text::dump(expected));
  const text::Json empty = notice_json(Notice{});
  EXPECT_EQ(empty.size(), expected.size());
  EXPECT_TRUE(empty.at("content").is_null() && empty.at("thread").is_null());
}

TEST(CppLayerTest, ANoticeWhoseContentIsNoJsonKeepsTheRest) {
  Notice notice = full_notice();
  notice.content_json = "{";
  const text::Json json = notice_json(notice);
  EXPECT_EQ(json.at("subject"), notice.subject);
  EXPECT_TRUE(json.at("content").is_null());
}

TEST(CppLayerTest, ALineOfANoticeIsHarmlessAndReadsBackTheSame) {
  Notice notice = full_notice();
  notice.subject += "\b\f\n\r\t\x01\x7f\\\\\" \xff";
  const std::string line = notice_line(notice);
  EXPECT_EQ(line.find_first_of("\b\f\n\r\t\x01\x7f\x1b\xff"), std::string::npos);
  const Notice read = detail::notice_of(detail::JsonObject(detail::JsonValue(line)));
  notice.subject.replace(notice.subject.size() - 1, 1, "\uFFFD");
  EXPECT_EQ(read.subject, notice.subject);
  EXPECT_EQ(read.attempts, 3U) << "what comes after it is found";
}

TEST(CppLayerTest, ALabelOfANewerExchangeIsNotTakenForNone) {
  Notice notice;
  notice.label.tlp = static_cast<Tlp>(9);
  Page page;
  page.notices = {notice};
  EXPECT_EQ(detail::page_of(page_line(page)).notices.at(0).label.tlp, static_cast<Tlp>(9));
}

// What cuts a document short is no end for the reader of it.
TEST(CppLayerTest, ADocumentThatEndsEarlyIsReadToItsEndAndNoFurther) {
  Page page;
  page.notices = {full_notice()};
  const std::string whole = page_line(page);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    try {
      static_cast<void>(detail::page_of(cut));
    } catch (const Error& error) {
      EXPECT_EQ(error.name(), "malformed");
    }
  }
}

TEST(CppLayerTest, AQueryArrivesAsItWasWritten) {
  InboxQuery query;
  query.after = {3, 4};
  query.last = 9;
  query.limit = 17;
  query.origins = {"AM"};
  query.kinds = {"consultation.*", "contact"};
  query.statuses = {Status::kActual, Status::kTest};
  query.precedence_min = Precedence::kFlash;
  query.since = at(1'700'000'000'000'000);
  query.wait = std::chrono::milliseconds(250);
  const InboxQuery read = must(query_from_json(detail::json_of(query), at(0)));
  EXPECT_EQ(read.after, query.after);
  EXPECT_EQ(read.last, 9U);
  EXPECT_EQ(read.limit, 17U);
  EXPECT_EQ(read.origins, query.origins);
  EXPECT_EQ(read.kinds, query.kinds);
  EXPECT_EQ(read.statuses, query.statuses);
  EXPECT_EQ(must(query_from_json(R"({"statuses": "draft"})", at(0))).statuses,
            std::vector{Status::kDraft});
  EXPECT_EQ(read.precedence_min, query.precedence_min);
  EXPECT_EQ(read.since, query.since);
  EXPECT_EQ(read.wait, query.wait);
  for (const char* wrong :
       {R"({"limit": -1})", R"({"last": 4294967296})", R"({"wait_ms": "5"})", R"({"after": 1.5})",
        R"({"precedence_min": "high"})", R"({"statuses": ["real"]})"}) {
    EXPECT_EQ(query_from_json(wrong, at(0)).error().code, ErrorCode::kMalformed) << wrong;
  }
  EXPECT_EQ(query_from_json(R"({"limits": 1})", at(0)).error().code, ErrorCode::kUnknownField);
}

TEST(CppLayerTest, TheOutboxAndCursorsComeAcross) {
  OutboxQuery query;
  query.after = 3;
  query.limit = 17;
  query.stages = {Stage::kQueued, Stage::kRefused};
  const OutboxQuery read = must(outbox_query_from_json(detail::json_of(query)));
  EXPECT_EQ(read.after, 3U);
  EXPECT_EQ(read.limit, 17U);
  EXPECT_EQ(read.stages, query.stages);
  EXPECT_EQ(outbox_query_from_json(R"({"stages": ["sent"]})").error().code, ErrorCode::kMalformed);

  OutboxEntry entry;
  entry.notice = full_notice();
  entry.number = 5;
  entry.stage = Stage::kRefused;
  entry.sent = true;
  entry.aside = true;
  entry.application = "desk";
  entry.code = "expired";
  entry.text = "too late";
  entry.detail = "by a day";
  entry.remedy = "hurry";
  const std::string json = text::json_line(outbox_entry_json(entry));
  const OutboxEntry got = detail::outbox_entry_of(detail::JsonObject(detail::JsonValue(json)));
  EXPECT_EQ(got.notice.id, entry.notice.id);
  EXPECT_EQ(got.number, 5U);
  EXPECT_EQ(got.stage, Stage::kRefused);
  EXPECT_TRUE(got.sent);
  EXPECT_TRUE(got.aside);
  EXPECT_EQ(got.application, "desk");
  EXPECT_EQ(got.code + got.text + got.detail + got.remedy, "expiredtoo lateby a dayhurry");
}

TEST(CppLayerTest, WhatIsDoneWithAndWhatIsGivenBackComeAcross) {
  Page page;
  page.notices = {Notice{}, full_notice()};
  page.next = {5, 8};
  // As C passes it on whole, and as C++ cuts it down.
  for (const std::string& json : {page_line(page), detail::done_json(page.next, page.notices)}) {
    const PageDone done = must(page_done_from_json(json));
    EXPECT_EQ(done.next, page.next);
    ASSERT_EQ(done.notices.size(), 2U);
    EXPECT_EQ(done.notices[1].arrival, full_notice().arrival);
    EXPECT_EQ(done.notices[1].attempts, 3U);
  }
  const Nack how{std::chrono::milliseconds(1500), 4, true, "wh\"y"};
  const NackOrder order = must(nack_from_json(detail::json_of(how, page.notices)));
  ASSERT_EQ(order.notices.size(), 2U);
  EXPECT_EQ(order.notices[1].attempts, 3U);
  EXPECT_EQ(order.how.delay, how.delay);
  EXPECT_EQ(order.how.attempts_max, 4U);
  EXPECT_TRUE(order.how.quarantine);
  EXPECT_EQ(order.how.reason, how.reason);
  EXPECT_EQ(must(nack_from_json(R"({"delay_ms": 18446744073709551615})")).how.delay.count(),
            1LL << 62U);

  const DeferredQuery query{.after = 3, .limit = 17, .waiting = true, .quarantined = false};
  const DeferredQuery read = must(deferred_query_from_json(detail::json_of(query)));
  EXPECT_EQ(read.after, 3U);
  EXPECT_EQ(read.limit, 17U);
  EXPECT_TRUE(read.waiting);
  EXPECT_FALSE(read.quarantined);

  DeferredPage deferred;
  deferred.entries.push_back(
      {full_notice(),
       {full_notice().arrival, 3, at(1'700'000'000'123'000), at(1'700'000'000'456'000), "why"}});
  deferred.next_after = 9;
  deferred.last = true;
  const DeferredPage got = detail::deferred_page_of(text::json_line(deferred_json(deferred)));
  ASSERT_EQ(got.entries.size(), 1U);
  EXPECT_EQ(got.entries[0].notice.id, full_notice().id);
  EXPECT_EQ(got.entries[0].deferral.arrival, full_notice().arrival);
  EXPECT_EQ(got.entries[0].deferral.attempts, 3U);
  EXPECT_EQ(got.entries[0].deferral.due_at, at(1'700'000'000'123'000));
  EXPECT_EQ(got.entries[0].deferral.quarantined_at, at(1'700'000'000'456'000));
  EXPECT_EQ(got.entries[0].deferral.reason, "why");
  EXPECT_EQ(got.next_after, 9U);
  EXPECT_TRUE(got.last);
}

TEST(CppLayerTest, AKindHasItsFields) {
  bool found = false;
  for (const Kind& kind : kinds()) {
    found = found || (kind.name == "training" && !kind.title.empty() &&
                      kind.fields.at(0).name == "title" && kind.fields.at(0).type == "text");
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace chancery::client
