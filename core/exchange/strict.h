// The strict reader: protobuf with exactly one spelling per message.
//
// Protobuf has no canonical form, and libprotobuf accepts many spellings of one message. Whatever
// is signed, hashed or taken from a peer passes here first: fields in ascending order and once
// each, minimal varints, no default values, nothing unknown, known enum values, valid UTF-8, one
// member of each oneof, bounded depth and element count. The check walks the bytes and allocates
// nothing, so a message cannot cost memory before it is known to be well formed (clauses C-10 to
// C-19).
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

// Whether a message read openly came with fields that this program does not know, at its top.
[[nodiscard]] bool has_unknown_fields(const google::protobuf::Message& message);

template <class Message>
[[nodiscard]] Result<Message> parse_wire(std::string_view bytes, Reading reading = Reading::kStrict,
                                         const StrictLimits& limits = {}) {
  CHANCERY_TRY_VOID(check_wire(bytes, *Message::descriptor(), reading, limits));
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::kMalformed, Message::descriptor()->name() + " does not parse");
  }
  return message;
}

}  // namespace chancery::exchange
