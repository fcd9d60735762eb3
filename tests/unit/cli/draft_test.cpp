#include "cli/draft.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "client/src/convert.h"
#include "client/src/notice_json.h"

namespace chancery::cli {
namespace {

using exchange::FieldRule;
using exchange::KindRules;
using text::Json;

// "good", or the error of making a request of it.
std::string outcome_of(const Json& notice) {
  auto draft = client::draft_from_json(text::dump(notice), "notice.json", client::Time());
  if (!draft.has_value()) {
    return draft.error().to_string();
  }
  draft->id = client::new_notice_id();
  const auto request = client::publish_request(*draft);
  return request.has_value() ? "good" : request.error().to_string();
}

Json value_for(const FieldRule& rule, const Json& empty) {
  if (empty.is_number()) {
    return 2'000'000'000'000;
  }
  if (rule.form == exchange::Form::kChoice) {
    return 1;
  }
  static const std::array<std::string, 6> some_values = {
      "A text", "AM", "2026-03-01", "2026-03-01T08:30:00Z", "Geo", "Shelter"};
  return *std::ranges::find_if(some_values, [&rule](const std::string& value) {
    return exchange::has_form(rule.form, value);
  });
}

// What is required is given, the rest left as it is.
void fill(Json& object, const KindRules& rules, const std::string& prefix) {
  for (auto& [key, value] : object.items()) {
    const FieldRule& rule = *exchange::find_rule(rules, prefix + key);
    if (rule.need != exchange::Need::kRequired) {
      continue;
    }
    Json& element = value.is_array() ? value.front() : value;
    if (element.is_object()) {
      fill(element, rules, prefix + key + ".");
    } else if (rule.form == exchange::Form::kHash) {
      element = std::string(43, 'A') + "=";
    } else {
      element = rule.form == exchange::Form::kNumber ? Json(3) : value_for(rule, element);
    }
  }
}

TEST(DraftTest, ATemplateIsRefusedAsItIsAndTakenWithWhatIsRequired) {
  for (const KindRules& rules : exchange::kind_rules()) {
    if (exchange::is_made_by_nodes(rules.kind)) {
      continue;
    }
    Json notice = draft_template(rules, Language::kEnglish);
    const std::string refused = outcome_of(notice);
    EXPECT_EQ(refused.find("invalid-kind"), 0U) << rules.kind << refused;
    EXPECT_NE(refused.find(" is missing"), std::string::npos) << rules.kind << refused;
    fill(notice["content"], rules, "");
    notice["in_reply_to"] = std::string(64, 'a');
    for (const char* const either : {"report", "text"}) {
      if (notice["content"].contains(either)) {
        notice["content"][either] = "A text";
      }
    }
    EXPECT_EQ(outcome_of(notice), "good") << rules.kind << text::dump(notice, 2);
  }
}

TEST(DraftTest, ATemplateHasEveryFieldOfItsKind) {
  for (const KindRules& rules : exchange::kind_rules()) {
    const Json notice = draft_template(rules, Language::kRussian);
    EXPECT_EQ(notice["language"], "ru");
    for (const FieldRule& rule : rules.fields) {
      if (rule.path.find('.') == std::string_view::npos) {
        EXPECT_TRUE(notice["content"].contains(std::string(rule.path))) << rule.path;
      }
    }
  }
}

TEST(DraftTest, TheGuideSaysOfEveryFieldWhatItTakes) {
  const KindRules& rules = *exchange::find_rules("training");
  const std::vector<std::string> english = draft_guide(rules, Language::kEnglish);
  const auto has = [](const std::vector<std::string>& lines, const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
  };
  EXPECT_TRUE(has(english,
                  "content.title                 Title: required, one line of at most 500 "
                  "characters"));
  EXPECT_TRUE(has(english,
                  "content.seats                 Seats: a number above zero, at most "
                  "1000000"));
  EXPECT_TRUE(has(english, "begins is not after ends"));
  const std::vector<std::string> russian = draft_guide(rules, Language::kRussian);
  EXPECT_TRUE(has(russian,
                  "content.title                 Название: обязательно, одна строка, не "
                  "более 500 знаков"));
  EXPECT_TRUE(has(russian, "begins не позже ends"));
  EXPECT_EQ(english.size(), russian.size());
}

// Each relation and each form of rule is said, in both languages, by names of fields that there
// are.
TEST(DraftTest, EveryRelationIsSaidInBothLanguages) {
  for (const KindRules& rules : exchange::kind_rules()) {
    for (const exchange::Relation& relation : rules.relations) {
      const std::string english = relation_line(rules, relation, Language::kEnglish);
      const std::string russian = relation_line(rules, relation, Language::kRussian);
      EXPECT_NE(english.find(relation.field), std::string::npos) << english;
      EXPECT_NE(russian.find(relation.other), std::string::npos) << russian;
      EXPECT_NE(russian.find('\xd0'), std::string::npos) << russian;
    }
  }
}

}  // namespace
}  // namespace chancery::cli
