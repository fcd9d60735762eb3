#include "io/log/log.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <regex>
#include <string>
#include <vector>

#include "core/base/encoding.h"

namespace chancery::log {
namespace {

std::string text_of(std::initializer_list<Field> fields) {
  return format_text(Level::kInfo, "event", {fields.begin(), fields.size()});
}

// What a terminal or a line-wise reader could act upon.
bool has_control(const std::string& line) {
  for (const char c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return true;
    }
  }
  return false;
}

TEST(LogTest, WritesBareValuesBareAndOthersInQuotes) {
  EXPECT_EQ(text_of({{"index", 7}, {"member", "fleet-a"}, {"title", "two words"}, {"none", ""}}),
            R"(INFO event index=7 member=fleet-a title="two words" none="")");
}

TEST(LogTest, KnowsNumbersOfEveryWidthAndTruthValues) {
  EXPECT_EQ(text_of({{"a", std::uint64_t{UINT64_MAX}},
                     {"b", std::int64_t{INT64_MIN}},
                     {"c", std::uint8_t{200}},
                     {"d", true},
                     {"e", std::string("own")}}),
            "INFO event a=18446744073709551615 b=-9223372036854775808 c=200 d=true e=own");
}

TEST(LogTest, HostileTextCannotEndALine) {
  const std::string hostile = "x\n2006-01-02T15:04:05.123Z INFO admitted member=evil\r\n\v\f";
  const std::string line = text_of({{"name", hostile}});
  EXPECT_FALSE(has_control(line));
  EXPECT_EQ(line, R"(INFO event name="x\n2006-01-02T15:04:05.123Z INFO admitted member=evil\r\n)"
                  R"(\u000b\u000c")");
}

TEST(LogTest, HostileTextCannotPassForAnotherField) {
  EXPECT_EQ(text_of({{"name", "a admitted=true"}}), R"(INFO event name="a admitted=true")");
  EXPECT_EQ(text_of({{"name", "a\" admitted=true \""}}),
            R"(INFO event name="a\" admitted=true \"")");
  EXPECT_EQ(text_of({{"name", "a\\"}}), R"(INFO event name="a\\")");
  EXPECT_EQ(text_of({{"two words=", "a"}}), R"(INFO event "two words="=a)");
}

TEST(LogTest, HostileTextCannotMoveTheCursor) {
  EXPECT_EQ(escape("\x1b[2J\x1b]0;title\x07\x7f"), R"(\u001b[2J\u001b]0;title\u0007\u007f)");
  // CSI as one character of ISO 6429 (C1), in UTF-8 and as a bare byte.
  EXPECT_EQ(escape("\xc2\x9b"), R"(\u009b)");
  EXPECT_EQ(escape("\x9b"), R"(\ufffd)");
}

TEST(LogTest, HostileTextCannotTurnTheDirectionOfWriting) {
  for (std::uint32_t c = 0x202a; c <= 0x202e; ++c) {
    const std::string text = {'\xe2', '\x80', static_cast<char>(0x80 | (c & 0x3fU))};
    EXPECT_EQ(escape(text), "\\u202" + std::string(1, "0123456789abcdef"[c & 0xfU]));
  }
  for (std::uint32_t c = 0x2066; c <= 0x2069; ++c) {
    const std::string text = {'\xe2', '\x81', static_cast<char>(0x80 | (c & 0x3fU))};
    EXPECT_EQ(escape(text), "\\u206" + std::string(1, "0123456789abcdef"[c & 0xfU]));
  }
  EXPECT_EQ(escape("\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf"), R"(\u2028\u2029\ufeff)");
  EXPECT_EQ(escape("\xf3\xa0\x81\x81"), R"(\udb40\udc41)");  // U+E0041, an invisible tag.
}

TEST(LogTest, KeepsTextsOfEveryLanguage) {
  const std::string text = "Grüße, приветствие, 你好, \xf0\x9f\x93\xa8";
  EXPECT_EQ(escape(text), text);
}

TEST(LogTest, EveryByteAndPairOfBytesGivesValidUtf8WithoutControls) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const std::string escaped = escape(text);
      ASSERT_TRUE(is_utf8(escaped)) << a << ' ' << b;
      ASSERT_FALSE(has_control(escaped)) << a << ' ' << b;
    }
  }
}

TEST(LogTest, CutsLongValuesAndSaysHowLongTheyWere) {
  EXPECT_EQ(escape(std::string(kValueSizeMax, 'x')), std::string(kValueSizeMax, 'x'));
  EXPECT_EQ(escape(std::string(kValueSizeMax + 1, 'x')),
            std::string(kValueSizeMax, 'x') + "... (513 bytes)");
  // Not in the middle of a character.
  const std::string cut = escape(std::string(kValueSizeMax - 1, 'x') + "ü" + "y");
  EXPECT_EQ(cut, std::string(kValueSizeMax - 1, 'x') + "... (514 bytes)");
  EXPECT_LE(escape(std::string(1'000'000, '\x01')).size(), 6 * kValueSizeMax + 32);
}

TEST(LogTest, JsonHasNumbersWithoutQuotesAndTextsEscaped) {
  const std::vector<Field> fields = {{"index", 7}, {"ok", false}, {"name", "a\"\n\xff"}};
  EXPECT_EQ(format_json(Level::kWarn, "chancery-hub", "event", fields),
            R"("level":"WARN","program":"chancery-hub","event":"event","index":7,"ok":false,)"
            R"("name":"a\"\n\ufffd")");
  // A text that looks like a number stays a text.
  EXPECT_EQ(format_json(Level::kWarn, "p", "e", std::vector<Field>{{"n", "7"}}),
            R"("level":"WARN","program":"p","event":"e","n":"7")");
}

TEST(LogTest, KnowsLevelsByTheirNames) {
  EXPECT_EQ(level_from("debug"), Level::kDebug);
  EXPECT_EQ(level_from("info"), Level::kInfo);
  EXPECT_EQ(level_from("warn"), Level::kWarn);
  EXPECT_EQ(level_from("error"), Level::kError);
  EXPECT_EQ(level_from("INFO"), std::nullopt);
  EXPECT_EQ(level_from(""), std::nullopt);
}

TEST(LogTest, WritesOneLineToStderrWithTheTimeInUtc) {
  init("test", Level::kInfo, false);
  testing::internal::CaptureStderr();
  info("started", {{"braces", "{} {0} %v %n"}});
  debug("not-shown");
  const std::string output = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(
      std::regex_match(output, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO started )"
                                          R"(braces="\{\} \{0\} %v %n"\n)")))
      << output;
}

TEST(LogTest, WritesJsonWhereAsked) {
  init("test", Level::kDebug, true);
  testing::internal::CaptureStderr();
  debug("started", {{"count", 2}});
  error("failed");
  const std::string output = testing::internal::GetCapturedStderr();
  init("test", Level::kInfo, false);
  const std::string time = R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",)";
  EXPECT_TRUE(std::regex_match(
      output,
      std::regex(time + R"("level":"DEBUG","program":"test","event":"started","count":2\}\n)" +
                 time + R"("level":"ERROR","program":"test","event":"failed"\}\n)")))
      << output;
}

}  // namespace
}  // namespace chancery::log
