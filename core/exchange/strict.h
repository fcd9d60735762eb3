// The strict reader: protobuf with exactly one spelling per message.
//
// Protobuf has no canonical form, and libprotobuf accepts many spellings of one message. Whatever
// is signed, hashed or taken from a peer passes here first: fields in ascending order and once
// each, minimal varints, no default values, nothing unknown, known enum values, valid UTF-8, one
// member of each oneof, bounded depth and element count. The check walks the bytes and allocates
// nothing but what a thread keeps of each type that it meets, so a message cannot cost memory
// before it is known to be well formed (clauses C-10 to C-19).
//
// Fields of floating point, fixed, group and repeated scalar types are not part of the vocabulary;
// a test walks all descriptors for them.

#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"

namespace chancery::exchange {

enum class Reading : std::uint8_t {
  kStrict,  // One spelling; for everything signed or received from a peer.
  kOpen,    // Texts: unknown fields and any order are kept, UTF-8 and bounds still hold.
};

struct StrictLimits {
  std::size_t bytes_max = 4U << 20U;
  std::uint32_t depth_max = 10;
  std::uint32_t element_count_max = 32768;  // Fields at all depths together.
};

[[nodiscard]] Result<void> check_wire(std::string_view bytes,
                                      const google::protobuf::Descriptor& type, Reading reading,
                                      const StrictLimits& limits = {});

// The fields of a message that check_wire() took, one after the other, where they lie.
class Fields {
 public:
  explicit Fields(std::string_view checked) : rest_(checked) {}

  [[nodiscard]] bool next();  // False at the end.
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] std::uint64_t value() const { return value_; }     // Of a number, but fixed: 0.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }  // Of bytes, texts and messages.

 private:
  std::uint64_t varint();

  std::string_view rest_;
  int number_ = 0;
  std::uint64_t value_ = 0;
  std::string_view bytes_;
};

// Whether a message read openly came with fields that this program does not know, at its top.
[[nodiscard]] bool has_unknown_fields(const google::protobuf::Message& message);

// Into a message that keeps its memory; what was in it is gone, also on failure.
template <class Message>
[[nodiscard]] Result<void> parse_wire_into(Message& message, std::string_view bytes,
                                           Reading reading = Reading::kStrict,
                                           const StrictLimits& limits = {}) {
  CHANCERY_TRY_VOID(check_wire(bytes, *Message::descriptor(), reading, limits));
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::kMalformed, Message::descriptor()->name() + " does not parse");
  }
  return {};
}

template <class Message>
[[nodiscard]] Result<Message> parse_wire(std::string_view bytes, Reading reading = Reading::kStrict,
                                         const StrictLimits& limits = {}) {
  Message message;
  CHANCERY_TRY_VOID(parse_wire_into(message, bytes, reading, limits));
  return message;
}

}  // namespace chancery::exchange
