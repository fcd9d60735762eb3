#include "cli/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cli/display.h"

namespace chancery::cli {
namespace {

constexpr Style kRussian = {.language = Language::kRussian, .width = 80};

std::string shown(std::string_view kind, std::string_view json, const Style& style = {}) {
  const auto content = text::parse_json(json, kContentDepthMax);
  EXPECT_TRUE(content.has_value());
  return rendered(kind, content.value_or(text::Json()), style);
}

TEST(RenderTest, FieldsAndValuesHaveTheirNames) {
  constexpr std::string_view kAlert =
      R"({"category":"THREAT_CATEGORY_CYBER","summary":"s","areas":["a","b"]})";
  EXPECT_EQ(shown("threat.alert", kAlert), "  Category: cyber\n  Summary: s\n  Areas: a; b\n");
  EXPECT_EQ(shown("threat.alert", kAlert, kRussian),
            "  Категория: киберугрозы\n  Краткое содержание: s\n  Районы: a; b\n");
  EXPECT_EQ(shown("emergency.alert", R"({"categories":["Geo","Fire"]})", kRussian),
            "  Категории: геофизическая; пожар\n");
}

TEST(RenderTest, TimesDurationsTruthsAndHashesAreRead) {
  constexpr std::string_view kOpening =
      R"({"deadline_ms":"1893499200000","notice_period_ms":"259200000","majority":3,
          "reservations_allowed":true})";
  EXPECT_EQ(shown("consultation.open", kOpening),
            "  Deadline: 2030-01-01 12:00:00Z\n  Notice period: 3 d\n  Majority: 3\n"
            "  Reservations allowed: yes\n");
  EXPECT_EQ(shown("consultation.open", R"({"notice_period_ms":5400000})", kRussian),
            "  Срок уведомления: 90 мин\n");
  EXPECT_EQ(shown("consultation.extend", R"({"deadline_ms":"18446744073709551615"})"),
            "  Deadline: 18446744073709551615\n");
  EXPECT_EQ(shown("acknowledgement", R"({"notice":"q80="})"), "  Notice: abcd\n");
}

TEST(RenderTest, ObjectsThatAreShortStandInOneLine) {
  EXPECT_EQ(shown("assistance.offer",
                  R"({"items":[{"item":"pump","quantity":"4","unit":"pieces"},{"item":"team"}]})"),
            "  Items:\n    - Item: pump; Quantity: 4; Unit: pieces\n    - Item: team\n");
  EXPECT_EQ(
      shown("emergency.alert",
            R"({"zones":[{"description":"d","geocodes":[{"name":"n","value":"v"}]}]})"),
      "  Zones:\n    -\n      Description: d\n      Geocodes:\n        - Name: n; Value: v\n");
}

TEST(RenderTest, WhatTheRulesDoNotKnowKeepsItsName) {
  EXPECT_EQ(shown("of.tomorrow", R"({"unknown":"0102"})", kRussian), "  unknown: 0102\n");
  EXPECT_EQ(shown("contact", R"({"mood":{"x":[1,[2]]},"place":"p"})"),
            "  mood:\n    x:\n      - 1\n      -\n        - 2\n  Place: p\n");
  EXPECT_EQ(shown("threat.alert", R"({"category":77})"), "  Category: 77\n");
}

TEST(RenderTest, LongLinesAreWrappedByCharactersAndLongWordsAreNotCut) {
  const Style narrow = {.language = Language::kRussian, .width = 50};
  EXPECT_EQ(shown("training", R"({"title":"слово слово слово слово слово слово слово"})", narrow),
            "  Название: слово слово слово слово слово слово\n      слово\n");
  const std::string word(90, 'w');
  EXPECT_EQ(shown("training", R"({"title":"a )" + word + R"( b"})"),
            "  Title: a\n      " + word + "\n      b\n");
  const std::string most(71, 'w');
  EXPECT_EQ(shown("training", R"({"title":"a )" + most.substr(2) + "\"}"),
            "  Title: a " + most.substr(2) + "\n")
      << "80 characters";
}

TEST(RenderTest, WhatOthersWroteIsHarmlessAndCannotPassForALineOfOurs) {
  const std::string text =
      shown("training",
            R"({"title":"a\nPlace: Kyiv \u001b[2J \u202egnp","services":["=1+1","<b>"],
          "\u001b[1m":"x"})");
  EXPECT_EQ(text,
            "  Title: a\n      Place: Kyiv \\u001b[2J \\u202egnp\n  Services: =1+1; <b>\n"
            "  \\u001b[1m: x\n");
}

TEST(RenderTest, ALanguageIsOneOfTwo) {
  EXPECT_TRUE(language_from("en").has_value());
  EXPECT_EQ(language_from("ru").value_or(Language::kEnglish), Language::kRussian);
  EXPECT_EQ(language_from("hy").error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace chancery::cli
