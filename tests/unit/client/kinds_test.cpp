#include "client/src/kinds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/source_folder.h"

namespace chancery::client {
namespace {

std::string page() {
  std::ifstream in(std::string(test::source_folder) + "/docs/reference/kinds.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

// The lines under "## heading", up to the next heading.
std::set<std::string> section_of(const std::string& text, const std::string& heading) {
  const std::size_t from = text.find("\n## " + heading + "\n");
  std::set<std::string> lines;
  if (from == std::string::npos) {
    return lines;
  }
  std::istringstream section(text.substr(from + 1, text.find("\n## ", from + 1) - from - 1));
  for (std::string line; std::getline(section, line);) {
    lines.insert(line);
  }
  return lines;
}

void add_rows(std::vector<std::string>& rows, const std::vector<KindField>& fields,
              const std::string& prefix) {
  for (const KindField& field : fields) {
    const std::string path = prefix + field.name;
    rows.push_back("| `" + path + "` | " + (field.required ? "needed" : "") + " | " + field.rule +
                   " | " + field.label + " | " + field.label_ru + " |");
    add_rows(rows, field.fields, path + ".");
  }
}

TEST(KindsTest, ThePageHasEveryFieldAndEveryRuleAndNoOther) {
  const std::string text = page();
  ASSERT_FALSE(text.empty());
  const auto is_row = [](const std::string& line) { return line.starts_with("| `"); };
  const auto is_rule = [](const std::string& line) { return line.starts_with("- "); };
  for (const Kind& kind : all_kinds()) {
    const std::set<std::string> section = section_of(text, kind.name);
    ASSERT_FALSE(section.empty()) << "no section " << kind.name;
    std::vector<std::string> rows;
    add_rows(rows, kind.fields, "");
    for (const std::string& row : rows) {
      EXPECT_TRUE(section.contains(row)) << kind.name << " lacks\n" << row;
    }
    EXPECT_EQ(std::ranges::count_if(section, is_row), std::ssize(rows)) << kind.name;
    for (const std::string& rule : kind.rules) {
      EXPECT_TRUE(section.contains("- " + rule)) << kind.name << " lacks\n- " << rule;
    }
    EXPECT_EQ(std::ranges::count_if(section, is_rule), std::ssize(kind.rules)) << kind.name;
  }
}

TEST(KindsTest, ThePageListsEveryKindInBothLanguages) {
  const std::string text = page();
  for (const Kind& kind : all_kinds()) {
    std::string anchor = kind.name;
    std::erase(anchor, '.');
    EXPECT_NE(text.find("| [`" + kind.name + "`](#" + anchor + ") | " + kind.title + " | " +
                        kind.title_ru + " |"),
              std::string::npos)
        << kind.name << ": " << kind.title << " | " << kind.title_ru;
  }
}

TEST(KindsTest, AnObjectHasItsFieldsAndAListSaysSo) {
  const std::vector<Kind> kinds = all_kinds();
  const auto request = std::ranges::find(kinds, "assistance.request", &Kind::name);
  ASSERT_NE(request, kinds.end());
  const auto items = std::ranges::find(request->fields, "items", &KindField::name);
  ASSERT_NE(items, request->fields.end());
  EXPECT_EQ(items->type, "list of object of item, quantity, unit");
  EXPECT_TRUE(items->required);
  ASSERT_EQ(items->fields.size(), 3U);
  EXPECT_EQ(items->fields[1].label_ru, "Количество");
}

}  // namespace
}  // namespace chancery::client
