#include "core/exchange/content_json.h"

#include <google/protobuf/descriptor.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace chancery::exchange {
namespace {

namespace dom = simdjson::dom;
using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kPlainBytesMax = 1U << 20U;

bool read_object(const dom::object& object, Message& message);

// Sets a field or adds to a list.
class FieldWriter {
 public:
  FieldWriter(Message& message, const FieldDescriptor& descriptor)
      : message_(message),
        descriptor_(descriptor),
        access_(*message.GetReflection()),
        list_(descriptor.is_repeated()) {}

  // NOLINTNEXTLINE(misc-no-recursion)
  bool read(const dom::element& value) {
    switch (descriptor_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return descriptor_.type() == FieldDescriptor::TYPE_STRING && read_text(value);
      case FieldDescriptor::CPPTYPE_BOOL: {
        bool truth = false;
        return value.get(truth) == simdjson::SUCCESS &&
               put(&Reflection::SetBool, &Reflection::AddBool, truth);
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        std::uint64_t number = 0;
        return value.get(number) == simdjson::SUCCESS &&
               number <= std::numeric_limits<std::uint32_t>::max() &&
               put(&Reflection::SetUInt32, &Reflection::AddUInt32,
                   static_cast<std::uint32_t>(number));
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        std::uint64_t number = 0;
        return value.get(number) == simdjson::SUCCESS &&
               put(&Reflection::SetUInt64, &Reflection::AddUInt64, number);
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        return read_name(value);
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        dom::object object;
        return value.get(object) == simdjson::SUCCESS &&
               read_object(object, list_ ? *access_.AddMessage(&message_, &descriptor_)
                                         : *access_.MutableMessage(&message_, &descriptor_));
      }
      default:
        return false;
    }
  }

 private:
  template <class Set, class Add, class Value>
  bool put(Set set, Add add, Value value) {
    if (list_) {
      (access_.*add)(&message_, &descriptor_, value);
    } else {
      (access_.*set)(&message_, &descriptor_, value);
    }
    return true;
  }

  bool read_text(const dom::element& value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
      return false;
    }
    if (list_) {
      access_.AddString(&message_, &descriptor_, std::string(text));
    } else {
      access_.SetString(&message_, &descriptor_, std::string(text));
    }
    return true;
  }

  bool read_name(const dom::element& value) {
    std::string_view name;
    if (value.get(name) != simdjson::SUCCESS) {
      return false;
    }
    const EnumValueDescriptor* const found =
        descriptor_.enum_type()->FindValueByName(std::string(name));
    return found != nullptr && put(&Reflection::SetEnum, &Reflection::AddEnum, found);
  }

  Message& message_;
  const FieldDescriptor& descriptor_;
  const Reflection& access_;
  bool list_;
};

// NOLINTNEXTLINE(misc-no-recursion)
bool read_list(const dom::element& value, FieldWriter& field) {
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    return false;
  }
  for (const dom::element item : list) {
    if (!field.read(item)) {
      return false;
    }
  }
  return true;
}

// As deep as messages are in each other, which is bounded by what the parser takes.
// NOLINTNEXTLINE(misc-no-recursion)
bool read_object(const dom::object& object, Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  std::vector<const FieldDescriptor*> seen;
  for (const dom::key_value_pair item : object) {
    const FieldDescriptor* const descriptor = type.FindFieldByName(std::string(item.key));
    if (descriptor == nullptr || descriptor->real_containing_oneof() != nullptr ||
        descriptor->is_map() || std::ranges::find(seen, descriptor) != seen.end()) {
      return false;
    }
    seen.push_back(descriptor);
    FieldWriter field(message, *descriptor);
    if (!(descriptor->is_repeated() ? read_list(item.value, field) : field.read(item.value))) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool read_plain_json(std::string_view json, Message& message) {
  thread_local dom::parser parser(kPlainBytesMax);
  dom::object object;
  return json.size() <= kPlainBytesMax &&
         parser.parse(json.data(), json.size()).get(object) == simdjson::SUCCESS &&
         read_object(object, message);
}

}  // namespace chancery::exchange
