#include "client/src/kinds.h"

#include <string>

#include "core/exchange/kind_rules.h"
#include "core/exchange/kinds.h"

namespace chancery::client {
namespace {

using google::protobuf::FieldDescriptor;

std::string type_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "bytes (base64)" : "text";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "one of " + exchange::choices_of(*field.enum_type());
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const auto& type = *field.message_type();
      std::string out = "object of ";
      for (int i = 0; i < type.field_count(); ++i) {
        out += (i == 0 ? "" : ", ") + type.field(i)->name();
      }
      return out;
    }
    default:
      return "number";
  }
}

std::vector<KindField> fields_of(const exchange::KindRules& rules,
                                 const google::protobuf::Descriptor& type,
                                 const std::string& prefix) {
  std::vector<KindField> out;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = prefix + field.name();
    const exchange::FieldRule& rule = *exchange::find_rule(rules, path);
    out.push_back({.name = field.name(),
                   .type = (field.is_repeated() ? "list of " : "") + type_of(field),
                   .required = rule.need == exchange::Need::kRequired,
                   .rule = exchange::rule_line(rules, rule, exchange::Language::kEnglish),
                   .label = std::string(rule.label.english),
                   .label_ru = std::string(rule.label.russian)});
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      out.back().fields = fields_of(rules, *field.message_type(), path + ".");
    }
  }
  return out;
}

}  // namespace

std::vector<Kind> all_kinds() {
  std::vector<Kind> out;
  for (const exchange::KindInfo& info : exchange::kinds()) {
    const exchange::KindRules& rules = *exchange::find_rules(info.kind);
    Kind kind{.name = std::string(info.kind),
              .title = std::string(rules.title.english),
              .title_ru = std::string(rules.title.russian),
              .fields = fields_of(rules, *info.prototype->GetDescriptor(), ""),
              .rules = {}};
    for (const exchange::Relation& relation : rules.relations) {
      kind.rules.push_back(exchange::relation_line(rules, relation, exchange::Language::kEnglish));
    }
    out.push_back(std::move(kind));
  }
  return out;
}

}  // namespace chancery::client
