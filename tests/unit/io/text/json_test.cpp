#include "io/text/json.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::text {
namespace {

ErrorCode code_of(const Result<Json>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

TEST(JsonTest, KeepsTheOrderOfKeys) {
  const auto value = parse_json(R"({"z":1,"a":[true,null,"x"],"m":-2.5})", 2);
  ASSERT_TRUE(value);
  EXPECT_EQ(dump(*value), R"({"z":1,"a":[true,null,"x"],"m":-2.5})");
}

TEST(JsonTest, RefusesWhatIsNotJsonWithThePlace) {
  for (const char* const text :
       {"", " ", "{", "[1,]", "{\"a\":}", "nul", "'a'", "{}x", "[1] [2]", "\"\\x\"", "\"\n\"", "01",
        "NaN", "// c\n1", "\xff", "\"\xff\"", "1e999"}) {
    EXPECT_EQ(code_of(parse_json(text, 8)), ErrorCode::kMalformed) << text;
  }
  EXPECT_NE(parse_json("[1,]", 8).error().detail.find("byte 4"), std::string::npos);
}

TEST(JsonTest, RefusesAKeyGivenTwiceInOneObjectOnly) {
  const auto twice = parse_json(R"({"b":{"a":1,"\u0061":2}})", 8);
  EXPECT_EQ(code_of(twice), ErrorCode::kMalformed);
  EXPECT_NE(twice.error().detail.find("\"a\""), std::string::npos);
  EXPECT_EQ(code_of(parse_json(R"({"":1,"":2})", 8)), ErrorCode::kMalformed);
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":{"a":1}}])", 8));
}

TEST(JsonTest, CountsDepthByOpenBracketsOutsideStrings) {
  EXPECT_TRUE(parse_json("1", 0));
  EXPECT_EQ(code_of(parse_json("[]", 0)), ErrorCode::kNestingTooDeep);
  EXPECT_TRUE(parse_json(R"([{"a":[]}])", 3));
  EXPECT_EQ(code_of(parse_json(R"([{"a":[]}])", 2)), ErrorCode::kNestingTooDeep);
  EXPECT_TRUE(parse_json(R"(["[[[[\"[[[[{{{{"])", 1));
  EXPECT_TRUE(parse_json("[[],[],[],[[]]]", 3));
  EXPECT_EQ(code_of(parse_json(std::string(1'000'000, '['), 64)), ErrorCode::kNestingTooDeep);
}

TEST(JsonTest, DumpsInvalidUtf8AsReplacementCharacters) {
  EXPECT_EQ(dump(Json("a\xff"
                      "b")),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(dump(Json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

}  // namespace
}  // namespace chancery::text
