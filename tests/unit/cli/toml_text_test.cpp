#include "cli/toml_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/toml.h"
#include "tests/support/keys.h"

namespace chancery::cli {
namespace {

constexpr std::string_view kTables = R"(a = 1  # [[t]]
s = """
[[t]]
x = 1
\"""[[t]]"""""
l = '''
[[t]]
'''
list = [
[[1], [2]],  # [
["]", '[', "\"[[t]]"],
]

# Of the first.
[[t]]
name = "one"  # ]]

[[ "t" ]]  # The second.
name = "two"
many = [
  "a",  # [[t]]

  "b",
]
# After the second.

[other]
t = "x"
[['t']]
name = "three")";

// Of the tables [[t]], or what is wrong with the text.
std::string names_in(const std::string& text) {
  const auto names = [&]() -> Result<std::string> {
    CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, "x.toml"));
    CHANCERY_TRY(std::vector<text::TomlTable> tables, root.tables("t"));
    std::string all;
    for (text::TomlTable& table : tables) {
      CHANCERY_TRY(const std::string name, table.text("name"));
      all += name + " ";
    }
    return all;
  };
  const Result<std::string> found = names();
  return found.has_value() ? *found : found.error().to_string();
}

// The text without the table, or the error.
std::string taken_out(std::string_view text, std::string_view name, std::size_t number) {
  const Result<std::string> changed = without_table(text, name, number);
  return changed.has_value() ? *changed : changed.error().to_string();
}

TEST(TomlTextTest, ATextIsReadBackAsItWas) {
  for (const std::string& text : {std::string("plain"), std::string("a \"b\" \\ \n\t\x01"),
                                  std::string("Для всех"), std::string()}) {
    text::TomlTable root = test::must(text::TomlTable::parse(
        toml_line("key", text) + "list = " + toml_list({text, "b"}) + "\n", "x.toml"));
    EXPECT_EQ(test::must(root.text("key")), text);
    EXPECT_EQ(test::must(root.texts("list")), (std::vector<std::string>{text, "b"}));
  }
}

TEST(TomlTextTest, ATableIsTakenOutAndNothingElse) {
  const std::string text(kTables);
  ASSERT_EQ(names_in(text), "one two three ");
  const std::string without_first = taken_out(text, "t", 0);
  EXPECT_EQ(names_in(without_first), "two three ");
  EXPECT_NE(without_first.find("# Of the first.\n\n[[ \"t\" ]]"), std::string::npos)
      << without_first;
  const std::string without_second = taken_out(text, "t", 1);
  EXPECT_EQ(names_in(without_second), "one three ");
  EXPECT_NE(without_second.find("name = \"one\"  # ]]\n\n# After the second.\n\n[other]"),
            std::string::npos)
      << without_second;
  const std::string without_third = taken_out(text, "t", 2);
  EXPECT_EQ(names_in(without_third), "one two ");
  EXPECT_TRUE(without_third.ends_with("[other]\nt = \"x\"\n")) << without_third;
  EXPECT_TRUE(without_third.starts_with(text.substr(0, 60)));
}

TEST(TomlTextTest, ATableThatIsNotThereIsNotFound) {
  EXPECT_EQ(without_table(kTables, "t", 3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(without_table(kTables, "u", 0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(without_table("t = [{name = \"one\"}]\n", "t", 0).error().code, ErrorCode::kNotFound);
}

TEST(TomlTextTest, WhatWasAddedAndTakenOutLeavesTheTextAsItWas) {
  const std::string table = "[[t]]\nname = \"new\"\n";
  for (const std::string& text :
       {std::string(kTables) + "\n", std::string("a = 1\n\n\n# The end.\n"),
        std::string("a = 1\n\n")}) {
    const std::string added = with_table(text, table);
    const std::string names = names_in(text);
    EXPECT_EQ(names_in(added), names + "new ");
    const auto last = static_cast<std::size_t>(std::ranges::count(names, ' '));
    EXPECT_EQ(taken_out(added, "t", last), text);
  }
  EXPECT_EQ(with_table("a = 1", table), "a = 1\n\n" + table);
  EXPECT_EQ(with_table("", table), table);
  EXPECT_EQ(names_in(with_table("a = 1\r\n[[t]]\r\nname = \"x\"\r\n", table)), "x new ");
  EXPECT_EQ(taken_out("a = 1\r\n\r\n[[t]]\r\nname = \"x\"\r\n", "t", 0), "a = 1\r\n");
}

}  // namespace
}  // namespace chancery::cli
