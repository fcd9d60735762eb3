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

}  // namespace

std::vector<Kind> all_kinds() {
  std::vector<Kind> out;
  for (const exchange::KindInfo& info : exchange::kinds()) {
    Kind kind{.name = std::string(info.kind),
              .title = std::string(exchange::find_rules(info.kind)->title.english),
              .fields = {}};
    const auto& type = *info.prototype->GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      kind.fields.push_back(
          {.name = field.name(), .type = (field.is_repeated() ? "list of " : "") + type_of(field)});
    }
    out.push_back(std::move(kind));
  }
  return out;
}

}  // namespace chancery::client
