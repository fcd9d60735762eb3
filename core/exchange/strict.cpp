#include "core/exchange/strict.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <limits>
#include <string>

#include "core/base/encoding.h"

namespace chancery::exchange {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::uint32_t kWireVarint = 0;
constexpr std::uint32_t kWireBytes = 2;
constexpr std::size_t kVarintBytesMax = 10;
constexpr std::size_t kOpenPrefixBytesMax = 5;  // Of a tag or a length: libprotobuf reads no more.

class Walker {
 public:
  Walker(Reading reading, const StrictLimits& limits)
      : strict_(reading == Reading::kStrict),
        prefix_bytes_max_(strict_ ? kVarintBytesMax : kOpenPrefixBytesMax),
        limits_(limits) {}

  Result<void> message(std::string_view bytes, const Descriptor& type, std::uint32_t depth) {
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
      const FieldDescriptor* const field = type.FindFieldByNumber(number);
      if (field == nullptr) {
        if (strict_) {
          return fail(ErrorCode::kUnknownField,
                      type.full_name() + " has no field " + std::to_string(number));
        }
        CHANCERY_TRY_VOID(skip(bytes, wire_type, type));
        continue;
      }
      if (strict_) {
        CHANCERY_TRY_VOID(order(*field, number_last, oneofs_seen));
      }
      number_last = number;
      CHANCERY_TRY_VOID(value(bytes, *field, wire_type, depth));
    }
    return {};
  }

 private:
  // Reads one varint off the front of `bytes`.
  Result<std::uint64_t> varint(std::string_view& bytes, const Descriptor& type,
                               std::size_t bytes_max = kVarintBytesMax) const {
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
      case 1:
      case 5: {
        const std::size_t width = wire_type == 1 ? 8 : 4;
        if (bytes.size() < width) {
          return fail(ErrorCode::kMalformed, type.full_name() + ": cut inside a number");
        }
        bytes.remove_prefix(width);
        return {};
      }
      default:
        return fail(ErrorCode::kMalformed, type.full_name() + ": unknown wire type");
    }
  }

  static Result<void> order(const FieldDescriptor& field, int number_last,
                            std::uint32_t& oneofs_seen) {
    if (field.number() < number_last || (field.number() == number_last && !field.is_repeated())) {
      return fail(ErrorCode::kNotCanonical, field.full_name() + " is out of order or repeated");
    }
    if (const auto* const oneof = field.real_containing_oneof(); oneof != nullptr) {
      const std::uint32_t bit = 1U << static_cast<unsigned>(oneof->index() & 31);
      if ((oneofs_seen & bit) != 0) {
        return fail(ErrorCode::kNotCanonical, field.full_name() + " beside another of its oneof");
      }
      oneofs_seen |= bit;
    }
    return {};
  }

  Result<void> value(std::string_view& bytes, const FieldDescriptor& field, std::uint32_t wire_type,
                     std::uint32_t depth) {
    const Descriptor& type = *field.containing_type();
    const bool delimited = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
                           field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (wire_type != (delimited ? kWireBytes : kWireVarint)) {
      return fail(ErrorCode::kMalformed, field.full_name() + " has the wrong wire type");
    }
    if (!delimited) {
      CHANCERY_TRY(const std::uint64_t number, varint(bytes, type));
      return scalar(field, number);
    }
    CHANCERY_TRY(const std::string_view part, length_delimited(bytes, type));
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return message(part, *field.message_type(), depth + 1);
    }
    if (field.type() == FieldDescriptor::TYPE_STRING && !is_utf8(part)) {
      return fail(ErrorCode::kInvalidUtf8, field.full_name());
    }
    if (strict_ && part.empty() && !field.is_repeated() && !field.has_presence()) {
      return fail(ErrorCode::kNotCanonical, field.full_name() + " is written although empty");
    }
    return {};
  }

  Result<void> scalar(const FieldDescriptor& field, std::uint64_t number) const {
    if (!strict_) {
      return {};
    }
    if (number == 0 && !field.has_presence()) {
      return fail(ErrorCode::kNotCanonical, field.full_name() + " is written although zero");
    }
    switch (field.cpp_type()) {
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
  return Walker(reading, limits).message(bytes, type, 1);
}

bool has_unknown_fields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

}  // namespace chancery::exchange
