#include "core/exchange/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/exchange/limits.h"

namespace chancery::exchange {
namespace {

using namespace std::string_view_literals;

// C-3
TEST(NamesTest, AMemberCodeIsOneToEightCapitalsAndDigits) {
  for (const std::string_view code : {"A"sv, "KZ"sv, "SEC"sv, "UN2"sv, "0"sv, "ABCDEFGH"sv}) {
    EXPECT_TRUE(is_member_code(code)) << code;
  }
  for (const std::string_view code : {""sv, "ABCDEFGHI"sv, "kz"sv, "K Z"sv, "K-Z"sv, "KZ\0"sv,
                                      "КЗ"sv, "members"sv, "all"sv, "@"sv, "["sv, "/"sv, ":"sv}) {
    EXPECT_FALSE(is_member_code(code)) << code;
  }
}

// C-4
TEST(NamesTest, AKindIsWordsJoinedByDots) {
  for (const std::string_view kind :
       {"contact"sv, "threat.alert"sv, "foreign-policy.step"sv, "a.b.c"sv, "x1"sv, "1"sv}) {
    EXPECT_TRUE(is_kind(kind)) << kind;
  }
  for (const std::string_view kind :
       {""sv, "."sv, "a."sv, ".a"sv, "a..b"sv, "a-"sv, "-a"sv, "a--b"sv, "a.-b"sv, "a-.b"sv, "A"sv,
        "a b"sv, "a_b"sv, "a.*"sv, "*"sv, "a\0"sv, "тревога"sv}) {
    EXPECT_FALSE(is_kind(kind)) << kind;
  }
}

// C-4
TEST(NamesTest, AKindHasAtMost64Bytes) {
  EXPECT_TRUE(is_kind(std::string(kKindBytesMax, 'a')));
  EXPECT_FALSE(is_kind(std::string(kKindBytesMax + 1, 'a')));
  EXPECT_TRUE(is_pattern(std::string(kKindBytesMax, 'a') + ".*"));
  EXPECT_FALSE(is_pattern(std::string(kKindBytesMax + 1, 'a') + ".*"));
}

// C-5
TEST(NamesTest, APatternIsAKindAPrefixOrEverything) {
  for (const std::string_view pattern : {"*"sv, "contact"sv, "consultation.*"sv, "a.b.*"sv}) {
    EXPECT_TRUE(is_pattern(pattern)) << pattern;
  }
  for (const std::string_view pattern :
       {""sv, "**"sv, "*.a"sv, ".*"sv, "a*"sv, "a.*.b"sv, "a.*.*"sv, "a..*"sv, "a-.*"sv}) {
    EXPECT_FALSE(is_pattern(pattern)) << pattern;
  }
}

// C-5
TEST(NamesTest, APrefixMatchesWhatLiesBelowItOnly) {
  EXPECT_TRUE(matches("*", "contact"));
  EXPECT_TRUE(matches("contact", "contact"));
  EXPECT_TRUE(matches("consultation.*", "consultation.open"));
  EXPECT_TRUE(matches("a.*", "a.b.c"));
  EXPECT_FALSE(matches("consultation.*", "consultation"));
  EXPECT_FALSE(matches("consultation.*", "consultations.open"));
  EXPECT_FALSE(matches("consultation.*", "consultation-x.open"));
  EXPECT_FALSE(matches("contact", "contact.a"));
  EXPECT_FALSE(matches("contact.a", "contact"));
  EXPECT_TRUE(any_matches(std::vector<std::string>{"a", "b.*"}, "b.c"));
  EXPECT_FALSE(any_matches(std::vector<std::string>{"a", "b.*"}, "c"));
  EXPECT_FALSE(any_matches(std::vector<std::string>{}, "c"));
}

TEST(NamesTest, DirectoryKindsAreThoseBelowDirectory) {
  EXPECT_TRUE(is_directory_kind("directory.roster"));
  EXPECT_TRUE(is_directory_kind("directory.later"));
  EXPECT_FALSE(is_directory_kind("directory"));
  EXPECT_FALSE(is_directory_kind("contact"));
}

TEST(NamesTest, EnumsReadAsWords) {
  EXPECT_EQ(word(v1::PRECEDENCE_FLASH), "flash");
  EXPECT_EQ(word(v1::STATUS_EXERCISE), "exercise");
  EXPECT_EQ(word(v1::TLP_AMBER_STRICT), "amber-strict");
  EXPECT_EQ(word(v1::RECIPIENT_ROLE_INFO), "info");
  EXPECT_EQ(word(static_cast<v1::Precedence>(99)), "99");
}

TEST(NamesTest, EveryWordIsReadBack) {
  for (int i = v1::Precedence_MIN + 1; i <= v1::Precedence_MAX; ++i) {
    const auto value = static_cast<v1::Precedence>(i);
    EXPECT_EQ(precedence_from(word(value)).value(), value);
  }
  for (int i = v1::Status_MIN + 1; i <= v1::Status_MAX; ++i) {
    EXPECT_EQ(status_from(word(static_cast<v1::Status>(i))).value(), static_cast<v1::Status>(i));
  }
  for (int i = v1::Tlp_MIN + 1; i <= v1::Tlp_MAX; ++i) {
    EXPECT_EQ(tlp_from(word(static_cast<v1::Tlp>(i))).value(), static_cast<v1::Tlp>(i));
  }
}

TEST(NamesTest, AWordThatIsNoneNamesTheChoices) {
  const Result<v1::Precedence> none = precedence_from("Flash");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
  EXPECT_NE(none.error().detail.find("deferred, routine, priority"), std::string::npos);
  EXPECT_FALSE(status_from("unspecified").has_value());
  EXPECT_FALSE(tlp_from("").has_value());
}

}  // namespace
}  // namespace chancery::exchange
