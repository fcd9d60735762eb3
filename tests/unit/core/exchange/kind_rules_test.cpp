#include "core/exchange/kind_rules.h"

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/exchange/kinds.h"

namespace chancery::exchange {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool is_in_both(const Words& words) {
  const auto is_cyrillic = [](char c) { return c == '\xd0' || c == '\xd1'; };
  return !words.english.empty() && std::ranges::none_of(words.english, is_cyrillic) &&
         std::ranges::any_of(words.russian, is_cyrillic);
}

bool fits(Form form, const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
      return form < Form::kHash;
    case FieldDescriptor::TYPE_BYTES:
      return form == Form::kHash || form == Form::kBytes;
    case FieldDescriptor::TYPE_ENUM:
      return form == Form::kChoice;
    case FieldDescriptor::TYPE_BOOL:
      return form == Form::kTruth;
    case FieldDescriptor::TYPE_MESSAGE:
      return form == Form::kObject;
    default:
      return form == Form::kNumber || form == Form::kInstant || form == Form::kDuration;
  }
}

// The paths of all fields, in the order of their numbers, each of which has a rule that fits.
void walk(const KindRules& rules, const Descriptor& type, const std::string& prefix,
          std::set<std::string>& paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = prefix + field.name();
    const FieldRule* const rule = find_rule(rules, path);
    ASSERT_NE(rule, nullptr) << rules.kind << " " << path;
    EXPECT_TRUE(fits(rule->form, field)) << rules.kind << " " << path;
    EXPECT_TRUE(is_in_both(rule->label)) << rules.kind << " " << path;
    EXPECT_TRUE(paths.insert(path).second);
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      walk(rules, *field.message_type(), path + ".", paths);
    }
    if (field.type() == FieldDescriptor::TYPE_ENUM) {
      for (int k = 1; k < field.enum_type()->value_count(); ++k) {
        const std::string& name = field.enum_type()->value(k)->name();
        EXPECT_TRUE(is_in_both(value_words(name))) << name;
      }
    }
  }
}

TEST(KindRulesTest, EachKindHasRulesAndEachOfItsFieldsOne) {
  ASSERT_EQ(kind_rules().size(), kinds().size());
  for (const KindInfo& info : kinds()) {
    const KindRules* const rules = find_rules(info.kind);
    ASSERT_NE(rules, nullptr) << info.kind;
    EXPECT_TRUE(is_in_both(rules->title)) << info.kind;
    std::set<std::string> paths;
    walk(*rules, *info.prototype->GetDescriptor(), "", paths);
    EXPECT_EQ(paths.size(), rules->fields.size()) << info.kind << ": a rule of no field, or twice";
  }
  EXPECT_EQ(find_rules("of.tomorrow"), nullptr);
}

TEST(KindRulesTest, RelationsAreBetweenFieldsThatThereAre) {
  for (const KindRules& rules : kind_rules()) {
    for (const Relation& relation : rules.relations) {
      for (const std::string_view field : {relation.field, relation.other}) {
        EXPECT_TRUE(field.empty() || find_rule(rules, field) != nullptr) << rules.kind << field;
      }
      if (relation.value != 0) {
        const auto& type = *find_kind(rules.kind)->prototype->GetDescriptor();
        const auto* const other = type.FindFieldByName(std::string(relation.other));
        EXPECT_NE(other->enum_type()->FindValueByNumber(relation.value), nullptr) << rules.kind;
      }
    }
  }
}

TEST(KindRulesTest, WordsOfCapAreInBothLanguages) {
  EXPECT_EQ(words_of(Form::kCategory).size(), 12U);
  EXPECT_EQ(words_of(Form::kResponse).size(), 9U);
  EXPECT_TRUE(words_of(Form::kLine).empty());
  for (const Form form : {Form::kCategory, Form::kResponse}) {
    for (const Word& word : words_of(form)) {
      EXPECT_TRUE(is_in_both(word.name)) << word.word;
    }
  }
}

TEST(KindRulesTest, AValueHasItsName) {
  EXPECT_EQ(value_words("THREAT_CATEGORY_CYBER").in(Language::kEnglish), "cyber");
  EXPECT_EQ(value_words("THREAT_CATEGORY_CYBER").in(Language::kRussian), "киберугрозы");
  EXPECT_TRUE(value_words("THREAT_CATEGORY_UNSPECIFIED").english.empty());
}

}  // namespace
}  // namespace chancery::exchange
