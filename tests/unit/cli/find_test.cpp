#include "cli/find.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"

namespace chancery::cli {
namespace {

using test::outcome;

constexpr client::Time kAskedAt{std::chrono::hours(24 * 365 * 40)};

FoundNotices::Entry entry_of(const std::string& subject, const std::string& content = "{}") {
  FoundNotices::Entry entry;
  entry.notice.origin = "KZ";
  entry.notice.kind = "contact";
  entry.notice.notice = std::string(64, 'a');
  entry.notice.status = "actual";
  entry.notice.precedence = "routine";
  entry.notice.subject = subject;
  entry.notice.content_json = content;
  entry.notice.logged = true;
  entry.notice.witnessed = true;
  entry.notice.index = 17;
  return entry;
}

TEST(FindTest, OnlyActualOnesAreAskedForUnlessOthersAreNamed) {
  const auto plain = find_request({}, kAskedAt);
  ASSERT_TRUE(plain.has_value());
  EXPECT_TRUE(plain->actual());
  EXPECT_FALSE(plain->exercise() || plain->test() || plain->draft() || plain->replaced());
  const auto drill = find_request({.statuses = {"exercise", "test"}}, kAskedAt);
  ASSERT_TRUE(drill.has_value());
  EXPECT_FALSE(drill->actual());
  EXPECT_TRUE(drill->exercise() && drill->test());
}

TEST(FindTest, ARequestHasWhatWasAskedFor) {
  const auto request = find_request({.words = "border",
                                     .kinds = {"threat.alert"},
                                     .from = {"KZ", "BY"},
                                     .since = "2h",
                                     .until = "1h",
                                     .category = "illegal-migration",
                                     .replaced = true},
                                    kAskedAt);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->words(), "border");
  EXPECT_EQ(request->kinds(0), "threat.alert");
  EXPECT_EQ(request->origins_size(), 2);
  EXPECT_EQ(request->until_ms() - request->since_ms(), 3'600'000U);
  EXPECT_EQ(request->category(), v1::THREAT_CATEGORY_ILLEGAL_MIGRATION);
  EXPECT_TRUE(request->replaced());
  EXPECT_EQ(outcome(find_request({.category = "weather"}, kAskedAt)), "usage");
  EXPECT_EQ(outcome(find_request({.category = "unspecified"}, kAskedAt)), "usage");
  EXPECT_EQ(outcome(find_request({.kinds = {"no-such-kind"}}, kAskedAt)), "invalid-kind");
  EXPECT_EQ(outcome(find_request({.since = "yesterday"}, kAskedAt)), "usage");
}

v1::FoundNotice found_notice(std::uint64_t number) {
  test::TestExchange exchange;
  v1::Draft draft = exchange.draft("AM", {"BY"});
  const std::string text = test::TestExchange::text_of(std::to_string(number), "threat.alert");
  draft.set_text_digest(std::string(32, 'd'));
  v1::FoundNotice found;
  found.mutable_item()->set_draft(draft.SerializeAsString());
  found.mutable_item()->set_text(text);
  found.mutable_item()->set_notice(std::string(32, 'n'));
  found.mutable_item()->set_key_id(std::string(32, 'k'));
  return found;
}

TEST(FindTest, PagesAreAskedForUntilThereIsEnough) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> asked;
  const auto ask = [&](const v1::FindRequest& request) -> Result<v1::FindReply> {
    asked.emplace_back(request.before(), request.limit());
    v1::FindReply reply;
    *reply.add_found() = found_notice(asked.size());
    reply.set_next_before(asked.size() < 4 ? 100 - asked.size() : 0);
    return reply;
  };
  const auto two = find_all(ask, {}, 2);
  ASSERT_TRUE(two.has_value()) << two.error().to_string();
  EXPECT_EQ(two->entries.size(), 2U);
  EXPECT_TRUE(two->more);
  EXPECT_EQ(asked, (std::vector<std::pair<std::uint64_t, std::uint32_t>>{{0, 2}, {99, 1}}));
  asked.clear();
  const auto all = find_all(ask, {}, 1000);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->entries.size(), 4U);
  EXPECT_FALSE(all->more);
  EXPECT_EQ(asked.front().second, 500U);
}

TEST(FindTest, WhatTheNodeHasNotLookedThroughIsWaitedForAndThenTold) {
  int left = 3;
  const auto ask = [&](const v1::FindRequest&) -> Result<v1::FindReply> {
    v1::FindReply reply;
    reply.set_unread(static_cast<std::uint64_t>(left == 0 ? 0 : left--));
    return reply;
  };
  const auto found = find_all(ask, {}, 10);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->unread, 0U);
  EXPECT_EQ(left, 0);
}

// RFC 4180, and what programs that calculate would do with it.
TEST(FindTest, ACellIsHarmlessAndNoFormula) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(csv_cell(""), "");
  EXPECT_EQ(csv_cell(" a"), "\" a\"");
  EXPECT_EQ(csv_cell("x;=1+1; @SUM(1);y; -2"), "x;'=1+1;' @SUM(1);y;' -2");
  for (const char* const formula : {"=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＠x", "－1", "＋1"}) {
    EXPECT_EQ(csv_cell(formula), "'" + std::string(formula));
  }
  EXPECT_EQ(csv_cell("  =1"), "'  =1") << "blanks before it change nothing";
  EXPECT_EQ(csv_cell("\t=1"), "'\\t=1");
  EXPECT_EQ(csv_cell("\r=1"), "'\\r=1");
  EXPECT_EQ(csv_cell("=HYPERLINK(\"http://x\",1)"), "\"'=HYPERLINK(\"\"http://x\"\",1)\"");
  EXPECT_EQ(csv_cell("a\nb\x1b[2J"), "a\\nb\\u001b[2J");
  EXPECT_EQ(csv_cell("\u202egpj.exe"), "\\u202egpj.exe");
  EXPECT_EQ(csv_cell("<script>"), "<script>") << "markup is text to whoever reads CSV";
  EXPECT_EQ(csv_cell("1=1"), "1=1");
}

TEST(FindTest, ARegisterAsCsvHasAllFieldsOfItsKind) {
  FoundNotices found;
  found.entries.push_back(entry_of(
      "Talks", R"({"counterpart": "=cmd", "topics": ["gas", "tran,sit"], "date": "2026-03-01"})"));
  found.entries.back().superseded = true;
  found.entries.push_back(entry_of("Broken", "no JSON"));
  EXPECT_EQ(register_csv("contact", found),
            "accepted,origin,status,precedence,state,index,notice,language,subject,summary,"
            "counterpart,level,place,date,topics,outcome\r\n"
            "1970-01-01T00:00:00.000Z,KZ,actual,routine,superseded,17," +
                std::string(64, 'a') +
                ",,Talks,,'=cmd,,,2026-03-01,\"gas; tran,sit\",\r\n"
                "1970-01-01T00:00:00.000Z,KZ,actual,routine,current,17," +
                std::string(64, 'a') + ",,Broken,,,,,,,\r\n");
}

TEST(FindTest, ATableHasItsColumnsUnderOneAnotherAndNothingThatMoves) {
  FoundNotices found;
  found.entries.push_back(entry_of("Talks", R"({"counterpart": "ООН", "date": "2026-03-01"})"));
  found.entries.push_back(entry_of("\x1b[31mred\u202e", R"({"counterpart": "a\tb"})"));
  found.entries.back().cancelled = true;
  found.entries.back().notice.status = "exercise";
  found.entries.back().notice.own = true;
  const std::string table = register_table("contact", found);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    lines.push_back(table.substr(at, end - at));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("Accepted")) << lines[0];
  EXPECT_NE(lines[1].find("KZ      aaaaaaaaaaaa  2026-03-01  ООН          "), std::string::npos)
      << lines[1];
  EXPECT_NE(lines[2].find("a\\tb         "), std::string::npos) << lines[2];
  EXPECT_TRUE(lines[2].ends_with("[EXERCISE] (cancelled) (own) \\u001b[31mred\\u202e")) << lines[2];
}

TEST(FindTest, ACategoryIsAWord) {
  FoundNotices found;
  found.entries.push_back(entry_of("x", R"({"category": "THREAT_CATEGORY_ARMS_TRAFFIC"})"));
  EXPECT_NE(register_table("threat.alert", found).find("  arms traffic  "), std::string::npos);
  EXPECT_EQ(kind_of_register("threats"), "threat.alert");
  EXPECT_EQ(kind_of_register("training"), "training");
}

TEST(FindTest, ALineSaysWhatItIs) {
  FoundNotices::Entry entry = entry_of("Talks");
  entry.superseded = true;
  entry.notice.witnessed = false;
  EXPECT_TRUE(found_line(entry).ends_with(
      "  KZ  ROUTINE  contact  aaaaaaaaaaaa  (superseded) (not witnessed) Talks"))
      << found_line(entry);
}

}  // namespace
}  // namespace chancery::cli
