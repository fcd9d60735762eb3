#include "io/text/toml.h"

#include <gtest/gtest.h>

namespace chancery::text {
namespace {

TomlTable parsed(std::string_view text) {
  auto table = TomlTable::parse(text, "node.toml");
  EXPECT_TRUE(table) << table.error().detail;
  return std::move(table).value();
}

template <class T>
void expect_failure(const Result<T>& result, ErrorCode code, const std::string& detail) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, code) << result.error().detail;
  EXPECT_EQ(result.error().detail, detail);
}

TEST(TomlTest, ReadsEveryTypeAndFinishesOnceAllWasAskedFor) {
  TomlTable root = parsed(R"(
name = "fleet"
offset = -3
size = 9223372036854775807
on = true
labels = ["a", "b"]
[hub]
endpoint = "tcp://127.0.0.1:1"
[[peer]]
name = "one"
[[peer]]
name = "two"
)");
  EXPECT_EQ(root.text("name").value(), "fleet");
  EXPECT_EQ(root.number("offset").value(), -3);
  EXPECT_EQ(root.count("size").value(), 9223372036854775807U);
  EXPECT_EQ(root.flag("on").value(), true);
  EXPECT_EQ(root.texts("labels").value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(root.table("hub").value().text("endpoint").value(), "tcp://127.0.0.1:1");
  auto peers = root.tables("peer").value();
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0].text("name").value(), "one");
  EXPECT_FALSE(root.finish());  // The second peer's name was not asked for.
  EXPECT_EQ(peers[1].text("name").value(), "two");
  EXPECT_TRUE(root.finish());
}

TEST(TomlTest, TakesTheDefaultOnlyWhereTheKeyIsMissing) {
  TomlTable root = parsed("a = \"x\"\nb = 1\nc = 2\nd = false\ne = []");
  EXPECT_EQ(root.text_or("a", "y").value(), "x");
  EXPECT_EQ(root.text_or("aa", "y").value(), "y");
  EXPECT_EQ(root.text_if("a").value(), "x");
  EXPECT_EQ(root.text_if("aa").value(), std::nullopt);
  EXPECT_EQ(root.number_or("b", 7).value(), 1);
  EXPECT_EQ(root.number_or("bb", 7).value(), 7);
  EXPECT_EQ(root.count_or("c", 7).value(), 2U);
  EXPECT_EQ(root.count_or("cc", UINT64_MAX).value(), UINT64_MAX);
  EXPECT_EQ(root.flag_or("d", true).value(), false);
  EXPECT_EQ(root.flag_or("dd", true).value(), true);
  EXPECT_TRUE(root.texts_or_none("e").value().empty());
  EXPECT_TRUE(root.texts_or_none("ee").value().empty());
  EXPECT_FALSE(root.table_if("f").value().has_value());
  EXPECT_TRUE(root.tables("f").value().empty());
  EXPECT_TRUE(root.finish());
}

TEST(TomlTest, NamesAnUnknownKeyItsLineAndTheNearestKnownOne) {
  TomlTable root = parsed("name = \"x\"\n\nendpiont = \"y\"\n");
  ASSERT_TRUE(root.text("name"));
  ASSERT_TRUE(root.text_or("endpoint", ""));
  expect_failure(root.finish(), ErrorCode::kConfigUnknownKey,
                 "node.toml:3: endpiont: no such key; did you mean endpoint?");
}

TEST(TomlTest, CallsANeededKeyThatIsMisspeltUnknownAndNotMissing) {
  expect_failure(parsed("# One.\nstor = \"x\"\n").only({"store", "state"}),
                 ErrorCode::kConfigUnknownKey,
                 "node.toml:2: stor: no such key; did you mean store?");
  EXPECT_TRUE(parsed("store = \"x\"\n").only({"store", "state"}));
}

TEST(TomlTest, GuessesNothingWhereNothingIsNear) {
  TomlTable root = parsed("zebra = 1\n");
  ASSERT_TRUE(root.text_or("endpoint", ""));
  expect_failure(root.finish(), ErrorCode::kConfigUnknownKey, "node.toml:1: zebra: no such key");
  EXPECT_FALSE(parsed(std::string(100'000, 'a') + " = 1").finish());
}

TEST(TomlTest, FindsUnknownKeysInTablesHandedOutAndWholeUnknownTables) {
  TomlTable root = parsed("[hub]\n[hub.admin]\nsokcet = \"x\"\n");
  auto hub = root.table("hub").value();
  auto admin = hub.table("admin").value();
  ASSERT_TRUE(admin.text_or("socket", ""));
  expect_failure(root.finish(), ErrorCode::kConfigUnknownKey,
                 "node.toml:3: hub.admin.sokcet: no such key; did you mean socket?");

  TomlTable other = parsed("[[pears]]\nname = 1\n");
  ASSERT_TRUE(other.tables("peers"));
  EXPECT_EQ(other.finish().error().code, ErrorCode::kConfigUnknownKey);
}

TEST(TomlTest, TwoViewsOfOneTableShareWhatWasAsked) {
  TomlTable root = parsed("[hub]\na = 1\nb = 2\n");
  ASSERT_TRUE(root.table("hub").value().number("a"));
  ASSERT_TRUE(root.table("hub").value().number("b"));
  EXPECT_TRUE(root.finish());
}

TEST(TomlTest, AskingWhetherAKeyIsThereDoesNotMakeItKnown) {
  const TomlTable root = parsed("b = 1\na = 2");
  EXPECT_TRUE(root.has("a"));
  EXPECT_FALSE(root.has("c"));
  EXPECT_EQ(root.keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(root.finish());
}

TEST(TomlTest, SaysWhichTypeWasExpectedAndFound) {
  TomlTable root =
      parsed("a = 1\nb = \"x\"\nc = 1.5\nd = true\ne = [1]\nf = 2006-01-02\n[g]\nh = [\"x\", 1]\n");
  const auto wrong = ErrorCode::kConfigWrongType;
  expect_failure(root.text("a"), wrong, "node.toml:1: a: expected a string, found an integer");
  expect_failure(root.text_or("a", ""), wrong,
                 "node.toml:1: a: expected a string, found an integer");
  expect_failure(root.number("b"), wrong, "node.toml:2: b: expected an integer, found a string");
  expect_failure(root.count("c"), wrong,
                 "node.toml:3: c: expected an integer, found a floating-point number");
  expect_failure(root.table("d"), wrong, "node.toml:4: d: expected a table, found a boolean");
  expect_failure(root.tables("e"), wrong,
                 "node.toml:5: e: expected an array of tables, found an integer in it");
  expect_failure(root.flag("f"), wrong, "node.toml:6: f: expected a boolean, found a date or time");
  expect_failure(root.texts("g"), wrong,
                 "node.toml:7: g: expected an array of strings, found a table");
  expect_failure(root.table("g").value().texts("h"), wrong,
                 "node.toml:8: g.h: expected an array of strings, found an integer in it");
  expect_failure(root.tables("g"), wrong,
                 "node.toml:7: g: expected an array of tables, found a table");
}

TEST(TomlTest, SaysWhatIsMissing) {
  TomlTable root = parsed("\n\n[hub]\n");
  expect_failure(root.text("name"), ErrorCode::kConfigInvalid, "node.toml:1: name: missing");
  auto hub = root.table("hub").value();
  expect_failure(hub.text("endpoint"), ErrorCode::kConfigInvalid,
                 "node.toml:3: hub.endpoint: missing");
  expect_failure(hub.table("admin"), ErrorCode::kConfigInvalid, "node.toml:3: hub.admin: missing");
}

TEST(TomlTest, KeepsNumbersInTheirRange) {
  TomlTable root = parsed("port = 70000\nless = -1");
  expect_failure(root.count("port", {.min = 1, .max = 65535}), ErrorCode::kConfigInvalid,
                 "node.toml:1: port: 70000 is not from 1 to 65535");
  EXPECT_EQ(root.count("port", {.min = 70000, .max = 70000}).value(), 70000U);
  EXPECT_EQ(root.count("less").error().code, ErrorCode::kConfigInvalid);
  EXPECT_EQ(root.number("less", {.min = -1, .max = 0}).value(), -1);
  EXPECT_EQ(root.number_or("less", 5, {.min = 0}).error().code, ErrorCode::kConfigInvalid);
}

TEST(TomlTest, RefusesBadSyntaxAndKeysGivenTwiceWithTheLine) {
  for (const std::string_view text :
       {"a = 1\nb = \n", "a = 1\na = 2\n", "[a]\n[a]\n", "x = 1\n\"unclosed\n", "a = 1\nb = 0x\n",
        "a = 1\nb = \"\xff\"\n", "a = 1\nb = 9223372036854775808\n"}) {
    const auto table = TomlTable::parse(text, "node.toml");
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().code, ErrorCode::kConfigInvalid);
    EXPECT_TRUE(table.error().detail.starts_with("node.toml:2: ")) << table.error().detail;
  }
}

TEST(TomlTest, SurvivesNestingWithoutEnd) {
  EXPECT_FALSE(TomlTable::parse("a = " + std::string(1'000'000, '['), "node.toml"));
}

// A key of so many words.
std::string dotted(std::size_t words) {
  std::string key = "a";
  for (std::size_t i = 1; i < words; ++i) {
    key += ".a";
  }
  return key;
}

// Each word is a table in a table, and these are taken apart by a recursion.
TEST(TomlTest, RefusesAKeyOfTooManyWordsWhateverItsForm) {
  const std::string problem = "node.toml:2: a key has more than 16 words";
  for (const std::string& line :
       {dotted(100'000) + "=1", "[" + dotted(100'000) + "]", "[[" + dotted(100'000) + "]]",
        "b={" + dotted(100'000) + "=1}", dotted(17) + "=1"}) {
    expect_failure(TomlTable::parse("b1=0\n" + line + "\n", "node.toml"), ErrorCode::kConfigInvalid,
                   problem);
  }
  EXPECT_TRUE(TomlTable::parse(dotted(16) + "=1\n", "node.toml").has_value());
  EXPECT_TRUE(TomlTable::parse("'a.b'." + dotted(15) + "=1\n", "node.toml").has_value());
}

// What stands in a string or a comment, or divides numbers, makes no key longer.
TEST(TomlTest, CountsTheWordsOfKeysOnly) {
  for (const std::string_view text :
       {R"(a = "..........\".........." )", R"(a = '....................\')",
        "a = \"\"\"\n'..........\"\"..........\"\"\"\"\"\nb = 1",
        "a = '''....................'''''", "# it's \"....................",
        "a = 1 # '....................",
        "a = [1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0]"}) {
    const auto table = TomlTable::parse(text, "node.toml");
    EXPECT_TRUE(table.has_value()) << text << ": " << table.error().detail;
  }
  // A string that does not end is for the parser to refuse.
  EXPECT_FALSE(TomlTable::parse("a = \"....................", "node.toml").has_value());
  EXPECT_FALSE(TomlTable::parse("a = '''....................", "node.toml").has_value());
}

TEST(TomlTest, GivesErrorsOfTheCallerTheSameForm) {
  const TomlTable root = parsed("a = 1\nname = \"x\"\n");
  const Result<void> failure = root.fail_at("name", "too short");
  expect_failure(failure, ErrorCode::kConfigInvalid, "node.toml:2: name: too short");
}

TEST(TomlTest, AnEmptyFileIsAnEmptyTable) {
  EXPECT_TRUE(parsed("").finish());
}

}  // namespace
}  // namespace chancery::text
