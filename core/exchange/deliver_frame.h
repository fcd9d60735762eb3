// The frame that delivers envelopes which lie elsewhere: one copy of each, and no message object.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/exchange/lane.h"

namespace chancery::exchange {

struct Delivered {
  std::uint64_t index = 0;
  std::uint64_t previous = 0;  // As v1::Delivery has it.
  std::string_view envelope;
};

// The bytes of a v1::DownMessage with these deliveries, as protobuf writes it. At most 2 GiB.
[[nodiscard]] std::string deliver_frame(std::span<const Delivered> deliveries, Lane lane);

}  // namespace chancery::exchange
