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

// Whatever parser reads it: also what the fast one does not take.
TEST(JsonTest, ReadsWhatNlohmannReads) {
  const std::string big = R"({"long":")" + std::string(1U << 20U, 'x') + R"("})";
  for (const std::string& text :
       {std::string(R"([0,-0,1,-1,18446744073709551615,9223372036854775808,-9223372036854775808])"),
        std::string(
            R"([18446744073709551616,-9223372036854775809,1.5,-0.0,1e2,0.1,1e-400,5e-324])"),
        std::string(R"({"":"","a\"b\\\/\b\f\n\r\t":{"c":[[],{}]},"Ереван":"𝄞"})"),
        std::string("[\"\\u0041\\ud834\\udd1e\"]"), std::string(" \t\r\n[ 1 , \"2\" ] "),
        std::string("\xef\xbb\xbf[1]"), std::string("\"x\""), std::string("null"), big}) {
    const auto value = parse_json(text, 8);
    ASSERT_TRUE(value) << text;
    const Json other = Json::parse(text, nullptr, false);
    EXPECT_EQ(*value, other) << text;
    EXPECT_EQ(dump(*value), dump(other));
  }
  EXPECT_TRUE(parse_json("[1]", 8)->at(0).is_number_unsigned());
  EXPECT_FALSE(parse_json("[-1]", 8)->at(0).is_number_unsigned());
  for (const std::string& zero : {std::string("[-0]"), std::string(1U << 20U, ' ') + "[-0]"}) {
    EXPECT_TRUE(parse_json(zero, 8)->at(0).is_number_unsigned()) << zero.size();
  }
}

TEST(JsonTest, RefusesWhatIsNotJsonWithThePlace) {
  for (const char* const text : {"",
                                 " ",
                                 "{",
                                 "[1,]",
                                 "{\"a\":}",
                                 "nul",
                                 "'a'",
                                 "{}x",
                                 "[1] [2]",
                                 "\"\\x\"",
                                 "\"\n\"",
                                 "01",
                                 "NaN",
                                 "// c\n1",
                                 "\xff",
                                 "\"\xff\"",
                                 "1e999",
                                 "[\"\\ud834\"]",
                                 "[\"\\udd1e\"]",
                                 "[\"\\udd1e\\ud834\"]",
                                 "{1:2}",
                                 "[1 2]",
                                 "-",
                                 "[\"a]"}) {
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

TEST(JsonTest, ReadsTheFieldsOfAListOfObjects) {
  std::string told;
  const auto read = [&told](std::string_view text) {
    told.clear();
    return read_objects(text, "list", 5, [&](std::size_t at, std::string_view key, const Json& v) {
      told.append(std::to_string(at)).append(key).append(dump(v)).append(" ");
      return key != "no";
    });
  };
  EXPECT_EQ(read(R"({"list": [{"a": "x", "b": [1, {"c": null}]}, {}, {"a": true, "a": -2}]})"), 3U);
  EXPECT_EQ(told, R"(0a"x" 0b[1,{"c":null}] 2atrue 2a-2 )");
  EXPECT_EQ(read(R"({"list": []})"), 0U);
  EXPECT_EQ(read(R"({"list": [{"a": [[]]}]})"), 1U);
  for (const std::string_view other :
       {R"()", R"([])", R"({})", R"({"list": {}})", R"({"other": []})", R"({"list": [], "b": 1})",
        R"({"list": [], "list": []})", R"({"list": [1]})", R"({"list": [{"a": 1}]} x)",
        R"({"list": [{"no": 1}]})", R"({"list": [{"a": 18446744073709551616}]})",
        R"({"list": [{"a": [[[]]]}]})", R"({"list": [{"a": {"b": 1, "b": 2}}]})",
        "{\"list\": [\xff]}"}) {
    EXPECT_EQ(read(other), std::nullopt) << other;
  }
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
