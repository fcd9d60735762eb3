#include "cli/display.h"

#include <gtest/gtest.h>

#include "io/log/log.h"

namespace chancery::cli {
namespace {

std::string utf8(char32_t c) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (c < 0x80) {
    return {byte(c)};
  }
  if (c < 0x800) {
    return {byte(0xc0U | c >> 6U), byte(0x80U | (c & 0x3fU))};
  }
  if (c < 0x10000) {
    return {byte(0xe0U | c >> 12U), byte(0x80U | (c >> 6U & 0x3fU)), byte(0x80U | (c & 0x3fU))};
  }
  return {byte(0xf0U | c >> 18U), byte(0x80U | (c >> 12U & 0x3fU)), byte(0x80U | (c >> 6U & 0x3fU)),
          byte(0x80U | (c & 0x3fU))};
}

client::Details hostile() {
  client::Details details;
  details.stage = client::Stage::kLogged;
  client::Notice& notice = details.notice;
  notice.logged = true;
  notice.index = 4;
  notice.origin = "AM";
  notice.kind = "training";
  notice.status = "exercise";
  notice.precedence = "flash";
  notice.notice = std::string(64, 'a');
  notice.subject = "one\ntwo \x1b[2J \u202e end";
  notice.content_json = R"({"title":"a\nFrom RU \u001b[1m","services":["x","y\u0007"],"n":3})";
  return details;
}

bool is_harmless(std::string_view text) {
  return text.find('\x1b') == std::string_view::npos && text.find('\a') == std::string_view::npos &&
         text.find("\u202e") == std::string_view::npos;
}

TEST(DisplayTest, ControlsAreShownAndNotObeyed) {
  EXPECT_EQ(harmless("a\x1b[31mb"), "a\\u001b[31mb");
  EXPECT_EQ(harmless("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(harmless("\u009b"), "\\u009b");  // CSI in one character.
  EXPECT_EQ(harmless("\u202egnp"), "\\u202egnp");
  EXPECT_EQ(harmless("\xff"), "\\ufffd");
  EXPECT_EQ(harmless("\xe2\x82"), "\\ufffd\\ufffd");
  EXPECT_EQ(harmless("\U000e0041"), "\\udb40\\udc41");
}

TEST(DisplayTest, TextsInOtherScriptsStayAsTheyAre) {
  const std::string text = "Учение \"Рубеж\" — Հայաստան, C:\\dir, \ufffd";
  EXPECT_EQ(harmless(text), text);
}

// One idea of what is deceptive, in logs and on the screen.
TEST(DisplayTest, AgreesWithTheLogAboutEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if ((c >= 0xd800 && c <= 0xdfff) || c == '"' || c == '\\') {
      continue;
    }
    ASSERT_EQ(harmless(utf8(c)), log::escape(utf8(c))) << static_cast<unsigned>(c);
  }
}

TEST(DisplayTest, JsonStaysTheSameJson) {
  const text::Json value = {{"a", "x\x1b\n\"\\ \u202e\u009b\U000e0041"}};
  const std::string line = json_line(value);
  EXPECT_TRUE(is_harmless(line));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto again = text::parse_json(line, 4);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, value);
}

TEST(DisplayTest, AnInboxLineIsOneLineWhateverTheSubject) {
  const std::string line = inbox_line(hostile().notice);
  EXPECT_TRUE(is_harmless(line));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NE(line.find("FLASH"), std::string::npos);
  EXPECT_NE(line.find("[EXERCISE] (not witnessed) one\\ntwo"), std::string::npos);
}

TEST(DisplayTest, WhatIsNotLoggedOrNotWitnessedIsMarkedAndNothingElseIs) {
  client::Details details = hostile();
  client::Notice& notice = details.notice;
  notice.logged = false;
  notice.subject = "subject";
  EXPECT_NE(inbox_line(notice).find("[EXERCISE] (not logged) subject"), std::string::npos);
  details.stage = client::Stage::kQueued;
  EXPECT_NE(sheet(details).find("\nLogged        not any more"), std::string::npos)
      << sheet(details);
  EXPECT_EQ(sheet(details).find("\nStage"), std::string::npos) << "of its origin's outbox";
  notice.own = true;
  EXPECT_NE(sheet(details).find("\nLogged        no\nStage         queued\n"), std::string::npos)
      << sheet(details);
  notice.own = false;
  notice.logged = true;
  details.stage = client::Stage::kLogged;
  EXPECT_NE(inbox_line(notice).find("[EXERCISE] (not witnessed) subject"), std::string::npos);
  EXPECT_NE(sheet(details).find("\nStage         logged, not witnessed yet\n"), std::string::npos)
      << sheet(details);
  notice.witnessed = true;
  details.stage = client::Stage::kWitnessed;
  EXPECT_NE(inbox_line(notice).find("[EXERCISE] subject"), std::string::npos);
  EXPECT_NE(sheet(details).find("\nStage         witnessed\n"), std::string::npos)
      << sheet(details);
}

// C-175
TEST(DisplayTest, WhatANoticeLacksIsARowOfItsOwn) {
  client::Details details = hostile();
  EXPECT_EQ(sheet(details).find("Not in order"), std::string::npos);
  details.notice.problems = {"title is missing: give it", "second"};
  EXPECT_NE(
      sheet(details).find("\nNot in order  title is missing: give it\nNot in order  second\n"),
      std::string::npos)
      << sheet(details);
}

TEST(DisplayTest, ASheetIsInRussianWhereThatIsAskedFor) {
  client::Details details = hostile();
  details.notice.witnessed = true;
  details.notice.recipients = {{"BY", client::Role::kInfo}};
  details.recipient_stages = {{"BY", client::Stage::kRead, {}, 9}};
  const std::string shown = sheet(details, {.language = Language::kRussian, .width = 80});
  EXPECT_TRUE(is_harmless(shown));
  for (const char* const row :
       {"Тема            one", "\nОт кого         AM\n", "\nКому            BY (для сведения)\n",
        "\nВид             training (обучение)\n", "\nСтатус          учебное\n",
        "\nКатегория       молния\n", "\nВ журнале       индекс 4, принято 1970",
        "\nСостояние       в журнале\n", "\nBY              прочитано 1970",
        "\nЗашифровано     нет\n", "\n  Название: a\n", "\n  Службы: x; y"}) {
    EXPECT_NE(shown.find(row), std::string::npos) << row << "\n" << shown;
  }
}

TEST(DisplayTest, ATextCannotPassForALineOfOurs) {
  const std::string shown = sheet(hostile());
  EXPECT_TRUE(is_harmless(shown));
  EXPECT_EQ(shown.find("\nFrom RU"), std::string::npos);
  EXPECT_NE(shown.find("\nFrom          AM\n"), std::string::npos);
  EXPECT_NE(shown.find("      From RU \\u001b[1m"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Services: x; y\\u0007"), std::string::npos);
  EXPECT_NE(shown.find("n: 3"), std::string::npos);
}

}  // namespace
}  // namespace chancery::cli
