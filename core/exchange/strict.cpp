#include "core/exchange/strict.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/encoding.h"

namespace chancery::exchange {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::uint32_t kWireVarint = 0;
constexpr std::uint32_t kWireFixed64 = 1;
constexpr std::uint32_t kWireBytes = 2;
constexpr std::uint32_t kWireFixed32 = 5;
constexpr std::size_t kVarintBytesMax = 10;
constexpr std::size_t kOpenPrefixBytesMax = 5;  // Of a tag or a length: libprotobuf reads no more.

// Of what is written with a fixed width, which is in no message of ours; 0 of another wire type.
std::size_t width_of(std::uint32_t wire_type) {
  return wire_type == kWireFixed64 ? 8 : wire_type == kWireFixed32 ? 4 : 0;
}

struct MessageRules;

// What the walk asks of a field: a descriptor is asked once, since each answer is a call.
struct FieldRules {
  const FieldDescriptor* field = nullptr;
  const MessageRules* message = nullptr;  // Of the type that it is of.
  std::uint32_t oneof_bit = 0;            // 0: of no oneof.
  FieldDescriptor::CppType type = FieldDescriptor::CPPTYPE_INT32;
  bool delimited = false;
  bool text = false;
  bool repeated = false;
  bool present = false;  // Tells absent from empty.
};

struct MessageRules {
  const Descriptor* type = nullptr;
  std::vector<FieldRules> fields;  // By number; what is none has no field.

  [[nodiscard]] const FieldRules* find(std::uint64_t number) const {
    return number < fields.size() && fields[number].field != nullptr ? &fields[number] : nullptr;
  }
};

// Of each type that a thread came across: a few kilobytes, and nothing to lock.
class KnownRules {
 public:
  const MessageRules& of(const Descriptor& type) {
    const auto [known, added] = rules_.try_emplace(&type);
    MessageRules& rules = known->second;
    if (added) {
      rules.type = &type;
      for (int i = 0; i < type.field_count(); ++i) {
        add(rules, *type.field(i));
      }
    }
    return rules;
  }

 private:
  void add(MessageRules& rules, const FieldDescriptor& field) {
    const auto number = static_cast<std::size_t>(field.number());
    rules.fields.resize(std::max(rules.fields.size(), number + 1));
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const auto* const oneof = field.real_containing_oneof();
    rules.fields[number] = {
        .field = &field,
        .message = is_message ? &of(*field.message_type()) : nullptr,
        .oneof_bit = oneof != nullptr ? 1U << static_cast<unsigned>(oneof->index() & 31) : 0,
        .type = field.cpp_type(),
        .delimited = is_message || field.cpp_type() == FieldDescriptor::CPPTYPE_STRING,
        .text = field.type() == FieldDescriptor::TYPE_STRING,
        .repeated = field.is_repeated(),
        .present = field.has_presence()};
  }

  std::unordered_map<const Descriptor*, MessageRules> rules_;  // Rules stay where they are.
};

const MessageRules& rules_of(const Descriptor& type) {
  thread_local KnownRules known;
  return known.of(type);
}

class Walker {
 public:
  Walker(Reading reading, const StrictLimits& limits)
      : strict_(reading == Reading::kStrict),
        prefix_bytes_max_(strict_ ? kVarintBytesMax : kOpenPrefixBytesMax),
        limits_(limits) {}

  Result<void> message(std::string_view bytes, const MessageRules& rules, std::uint32_t depth) {
    const Descriptor& type = *rules.type;
    if (depth > limits_.depth_max) {
      return fail(ErrorCode::kNestingTooDeep, type.full_name());
    }
    int number_last = 0;
    std::uint32_t oneofs_seen = 0;
    while (!bytes.empty()) {
      if (++element_count_ > limits_.element_count_max) {
        return fail(ErrorCode::kLimitExceeded, type.full_name() + " has more than " +
                                                   std::to_string(limits_.element_count_max) +
                                                   " elements");
      }
      CHANCERY_TRY(const std::uint64_t tag, varint(bytes, type, prefix_bytes_max_));
      if (tag > std::numeric_limits<std::uint32_t>::max() || (tag >> 3U) == 0) {
        return fail(ErrorCode::kMalformed, type.full_name() + ": impossible field number");
      }
      const auto number = static_cast<int>(tag >> 3U);
      const auto wire_type = static_cast<std::uint32_t>(tag & 7U);
      const FieldRules* const field = rules.find(tag >> 3U);
      if (field == nullptr) {
        if (strict_) {
          return fail(ErrorCode::kUnknownField,
                      type.full_name() + " has no field " + std::to_string(number));
        }
        CHANCERY_TRY_VOID(skip(bytes, wire_type, type));
        continue;
      }
      if (strict_) {
        CHANCERY_TRY_VOID(order(*field, number, number_last, oneofs_seen));
      }
      number_last = number;
      CHANCERY_TRY_VOID(value(bytes, *field, type, wire_type, depth));
    }
    return {};
  }

 private:
  // Reads one varint off the front of `bytes`.
  Result<std::uint64_t> varint(std::string_view& bytes, const Descriptor& type,
                               std::size_t bytes_max = kVarintBytesMax) const {
    if (!bytes.empty() && static_cast<std::uint8_t>(bytes.front()) < 0x80U) {
      const auto value = static_cast<std::uint8_t>(bytes.front());
      bytes.remove_prefix(1);
      return value;
    }
    return long_varint(bytes, type, bytes_max);
  }

  Result<std::uint64_t> long_varint(std::string_view& bytes, const Descriptor& type,
                                    std::size_t bytes_max) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes_max; ++i) {
      if (i >= bytes.size()) {
        return fail(ErrorCode::kMalformed, type.full_name() + ": cut inside a number");
      }
      const auto byte = static_cast<std::uint8_t>(bytes[i]);
      if (i == 9 && byte > 1) {
        return fail(ErrorCode::kMalformed, type.full_name() + ": number over 64 bits");
      }
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7U * i);
      if ((byte & 0x80U) == 0) {
        if (strict_ && i > 0 && byte == 0) {
          return fail(ErrorCode::kNotCanonical, type.full_name() + ": number longer than needed");
        }
        bytes.remove_prefix(i + 1);
        return value;
      }
    }
    return fail(ErrorCode::kMalformed,
                type.full_name() + ": number of more than " + std::to_string(bytes_max) + " bytes");
  }

  Result<std::string_view> length_delimited(std::string_view& bytes, const Descriptor& type) const {
    CHANCERY_TRY(const std::uint64_t length, varint(bytes, type, prefix_bytes_max_));
    if (length > bytes.size()) {
      return fail(ErrorCode::kMalformed, type.full_name() + ": cut inside a field");
    }
    const std::string_view part = bytes.substr(0, static_cast<std::size_t>(length));
    bytes.remove_prefix(part.size());
    return part;
  }

  Result<void> skip(std::string_view& bytes, std::uint32_t wire_type,
                    const Descriptor& type) const {
    switch (wire_type) {
      case kWireVarint: {
        CHANCERY_TRY([[maybe_unused]] const std::uint64_t value, varint(bytes, type));
        return {};
      }
      case kWireBytes: {
        CHANCERY_TRY([[maybe_unused]] const std::string_view part, length_delimited(bytes, type));
        return {};
      }
      default: {
        const std::size_t width = width_of(wire_type);
        if (width == 0) {
          return fail(ErrorCode::kMalformed, type.full_name() + ": unknown wire type");
        }
        if (bytes.size() < width) {
          return fail(ErrorCode::kMalformed, type.full_name() + ": cut inside a number");
        }
        bytes.remove_prefix(width);
        return {};
      }
    }
  }

  static Result<void> order(const FieldRules& rules, int number, int number_last,
                            std::uint32_t& oneofs_seen) {
    if (number < number_last || (number == number_last && !rules.repeated)) {
      return fail(ErrorCode::kNotCanonical,
                  rules.field->full_name() + " is out of order or repeated");
    }
    if ((oneofs_seen & rules.oneof_bit) != 0) {
      return fail(ErrorCode::kNotCanonical,
                  rules.field->full_name() + " beside another of its oneof");
    }
    oneofs_seen |= rules.oneof_bit;
    return {};
  }

  Result<void> value(std::string_view& bytes, const FieldRules& rules, const Descriptor& type,
                     std::uint32_t wire_type, std::uint32_t depth) {
    if (wire_type != (rules.delimited ? kWireBytes : kWireVarint)) {
      return fail(ErrorCode::kMalformed, rules.field->full_name() + " has the wrong wire type");
    }
    if (!rules.delimited) {
      CHANCERY_TRY(const std::uint64_t number, varint(bytes, type));
      return scalar(rules, number);
    }
    CHANCERY_TRY(const std::string_view part, length_delimited(bytes, type));
    if (rules.message != nullptr) {
      return message(part, *rules.message, depth + 1);
    }
    if (rules.text && !is_utf8(part)) {
      return fail(ErrorCode::kInvalidUtf8, rules.field->full_name());
    }
    if (strict_ && part.empty() && !rules.repeated && !rules.present) {
      return fail(ErrorCode::kNotCanonical,
                  rules.field->full_name() + " is written although empty");
    }
    return {};
  }

  Result<void> scalar(const FieldRules& rules, std::uint64_t number) const {
    if (!strict_) {
      return {};
    }
    const FieldDescriptor& field = *rules.field;
    if (number == 0 && !rules.present) {
      return fail(ErrorCode::kNotCanonical, field.full_name() + " is written although zero");
    }
    switch (rules.type) {
      case FieldDescriptor::CPPTYPE_BOOL:
        if (number > 1) {
          return fail(ErrorCode::kNotCanonical, field.full_name() + " is not 0 or 1");
        }
        return {};
      case FieldDescriptor::CPPTYPE_UINT32:
        if (number > std::numeric_limits<std::uint32_t>::max()) {
          return fail(ErrorCode::kNotCanonical, field.full_name() + " is over 32 bits");
        }
        return {};
      case FieldDescriptor::CPPTYPE_ENUM:
        if (number > static_cast<std::uint64_t>(std::numeric_limits<int>::max()) ||
            field.enum_type()->FindValueByNumber(static_cast<int>(number)) == nullptr) {
          return fail(ErrorCode::kMalformed,
                      field.full_name() + " has no value " + std::to_string(number));
        }
        return {};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {};
      default:
        return fail(ErrorCode::kMalformed, field.full_name() + " is of no type in use");
    }
  }

  bool strict_;
  std::size_t prefix_bytes_max_;  // Strictly read, one that is too long is not canonical.
  StrictLimits limits_;
  std::uint32_t element_count_ = 0;
};

}  // namespace

Result<void> check_wire(std::string_view bytes, const Descriptor& type, Reading reading,
                        const StrictLimits& limits) {
  if (bytes.size() > limits.bytes_max) {
    return fail(ErrorCode::kLimitExceeded, type.full_name() + " of " +
                                               std::to_string(bytes.size()) + " bytes, at most " +
                                               std::to_string(limits.bytes_max));
  }
  return Walker(reading, limits).message(bytes, rules_of(type), 1);
}

std::uint64_t Fields::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) {
      break;
    }
  }
  return value;
}

bool Fields::next() {
  if (rest_.empty()) {
    return false;
  }
  const std::uint64_t tag = varint();
  number_ = static_cast<int>(tag >> 3U);
  value_ = 0;
  bytes_ = {};
  const auto wire_type = static_cast<std::uint32_t>(tag & 7U);
  if (const std::size_t width = width_of(wire_type); width != 0) {
    rest_.remove_prefix(std::min(width, rest_.size()));
    return true;
  }
  value_ = varint();
  if (wire_type == kWireBytes) {
    bytes_ = rest_.substr(0, value_);
    rest_.remove_prefix(bytes_.size());
  }
  return true;
}

bool has_unknown_fields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

}  // namespace chancery::exchange
