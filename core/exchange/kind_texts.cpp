#include "core/exchange/kind_texts.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <vector>

#include "core/exchange/kinds.h"

namespace chancery::exchange {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void add_texts(const Message& message, std::string& texts);

void add_field(const Message& message, const FieldDescriptor& field, std::string& texts) {
  const Reflection& values = *message.GetReflection();
  const int count = field.is_repeated() ? values.FieldSize(message, &field) : 1;
  for (int i = 0; i < count; ++i) {
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      texts += field.is_repeated() ? values.GetRepeatedString(message, &field, i)
                                   : values.GetString(message, &field);
      texts += '\n';
    } else if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      add_texts(field.is_repeated() ? values.GetRepeatedMessage(message, &field, i)
                                    : values.GetMessage(message, &field),
                texts);
    }
  }
}

void add_texts(const Message& message, std::string& texts) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);  // Those that are given.
  for (const FieldDescriptor* const field : fields) {
    add_field(message, *field, texts);
  }
}

}  // namespace

std::string content_texts(std::string_view kind, std::string_view content) {
  std::string texts;
  const KindInfo* const known = find_kind(kind);
  if (known == nullptr) {
    return texts;
  }
  const std::unique_ptr<Message> message(known->prototype->New());
  if (message->ParseFromArray(content.data(), static_cast<int>(content.size()))) {
    add_texts(*message, texts);
  }
  return texts;
}

}  // namespace chancery::exchange
