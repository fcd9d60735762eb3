#include "core/exchange/forms.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::exchange {
namespace {

void expect(Form form, const std::vector<std::string>& good, const std::vector<std::string>& bad) {
  for (const std::string& value : good) {
    EXPECT_TRUE(has_form(form, value)) << form_words(form).english << ": " << value;
  }
  for (const std::string& value : bad) {
    EXPECT_FALSE(has_form(form, value)) << form_words(form).english << ": " << value;
  }
}

TEST(FormsTest, ALineHasItsLengthAndNoControls) {
  std::string longest;
  for (std::size_t i = 0; i < kLineCharactersMax; ++i) {
    longest += "Ж";
  }
  expect(Form::kLine, {"x", longest, "=1+1", "<b>", "ښه راغلاست"},
         {longest + "x", "a\nb", "a\x1b[31m", "a\u009b", "a\u2028", "\xff"});
  expect(Form::kProse, {"a\nb", longest + longest}, {});
}

TEST(FormsTest, AStateIsACodeThatIsAssignedOrAName) {
  expect(Form::kState, {"TJ", "AD", "ZW", "EU", "UN", "OSCE", "Uz", "Республика Таджикистан"},
         {"XX", "QQ", "ZZ", "a\nb"});
  expect(Form::kMember, {"AM", "A1234567"}, {"am", "A12345678", "A-M"});
}

TEST(FormsTest, ALanguageIsATagByItsShape) {
  expect(Form::kLanguage,
         {"ru", "hy-AM", "zh-Hans-CN", "x-own", "de-1996", "abcdefgh", "sl-rozaj-biske-1994"},
         {"r", "1a", "ru_RU", "ru-", "-ru", "abcdefghi", "x", "ru-toolongtag", "русский",
          "en-a1-a2-a3-a4-a5-a6-a7-a8-a9-a10-11"});
}

TEST(FormsTest, DaysAndTimesAreThoseOfTheCalendar) {
  const std::vector<std::string> days = {"2024-02-29", "1970-01-01", "9999-12-31"};
  const std::vector<std::string> times = {"2026-03-01T08:30:00Z", "2026-03-01T08:30:00.5+05:00"};
  const std::vector<std::string> neither = {
      "2025-02-29",        "2026-03", "1.3.2026",          "2026-03-01T08:30",
      "2026-03-01 08:30Z", "soon",    "2026-03-01T08:30Z", "2026-03-01T24:00:00Z"};
  expect(Form::kDay, days, times);
  expect(Form::kDay, {}, neither);
  expect(Form::kTime, times, days);
  expect(Form::kTime, {}, neither);
  expect(Form::kDayOrTime, days, neither);
  expect(Form::kDayOrTime, times, {});
}

TEST(FormsTest, ADayEndsWithItsLastMicrosecondAndATimeWhereItBegins) {
  const auto length = [](std::string_view text) {
    return span_of(Form::kDayOrTime, text)
        .transform([](const Span& span) { return span.end - span.begin; })
        .value_or(std::chrono::microseconds(-1));
  };
  EXPECT_EQ(length("1970-01-02"), std::chrono::days(1) - std::chrono::microseconds(1));
  EXPECT_EQ(length("1970-01-02T00:00:01Z"), std::chrono::microseconds(0));
}

TEST(FormsTest, AnAddressIsOfTheWeb) {
  expect(Form::kAddress, {"https://a", "http://example.org/x?y"},
         {"https://", "http://", "ftp://a", "javascript:alert(1)", "https://a b", "https://a\n"});
}

// OASIS CAP 1.2, section 3.2.4.
TEST(FormsTest, ShapesAreThoseOfCap) {
  expect(Form::kPolygon, {"1,2 3,4 5,6 1,2", "-90,-180 90,180 0.5,-0.5 1,1 -90,-180"},
         {"1,2 3,4 1,2", "1,2 3,4 5,6 7,8", "91,0 1,1 2,2 91,0", "1,181 1,1 2,2 1,181", "1 2 3 1",
          "1,2  3,4 5,6 1,2", "1,nan 3,4 5,6 1,nan", "1,2e1 3,4 5,6 1,2e1"});
  expect(Form::kCircle, {"1,2 0", "90,180 20038", "1.5,-2.5 3.25"},
         {"1,2", "1,2 -1", "1,2 20038.5", "91,2 1", "1,2 3 4", "1,2 "});
  expect(Form::kDecimal, {"0", "-12.5", "29029"}, {"", "1e3", "inf", "12 ft", "0x10", "--1"});
  expect(Form::kCategory, {"Geo", "Met", "CBRNE", "Other"}, {"geo", "", "Weather"});
  expect(Form::kResponse, {"Shelter", "AllClear", "None"}, {"allclear", "Geo"});
}

TEST(FormsTest, AHashHas32Bytes) {
  expect(Form::kHash, {std::string(32, 'x')}, {std::string(31, 'x'), std::string(33, 'x')});
}

TEST(FormsTest, EveryFormIsSaidInBothLanguages) {
  for (int i = 0; i <= static_cast<int>(Form::kObject); ++i) {
    const Words words = form_words(static_cast<Form>(i));
    EXPECT_FALSE(words.english.empty()) << i;
    EXPECT_NE(words.russian.find('\xd0'), std::string_view::npos) << i;
  }
}

}  // namespace
}  // namespace chancery::exchange
