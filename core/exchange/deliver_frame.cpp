#include "core/exchange/deliver_frame.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>

#include "chancery/v1/link.pb.h"
#include "core/base/bytes.h"
#include "core/exchange/wire_parts.h"

namespace chancery::exchange {
namespace {

namespace io = google::protobuf::io;
using google::protobuf::internal::WireFormatLite;

constexpr std::size_t kNumberFieldBytesMax = 11;  // With its tag.

std::size_t size_of_number(std::uint64_t number) {
  return number == 0 ? 0 : 1 + io::CodedOutputStream::VarintSize64(number);
}

std::size_t size_of_part(std::size_t bytes) {
  return bytes == 0
             ? 0
             : 1 + io::CodedOutputStream::VarintSize32(static_cast<std::uint32_t>(bytes)) + bytes;
}

std::size_t size_of(const Delivered& delivery) {
  return size_of_number(delivery.index) + size_of_number(delivery.previous) +
         size_of_part(delivery.envelope.size());
}

void append_number(std::string& frame, int number, std::uint64_t value) {
  if (value == 0) {
    return;
  }
  std::array<std::uint8_t, kNumberFieldBytesMax> bytes{};
  std::uint8_t* const end = WireFormatLite::WriteUInt64ToArray(number, value, bytes.data());
  frame += as_view(Bytes(bytes.data(), end));
}

}  // namespace

std::string deliver_frame(std::span<const Delivered> deliveries, Lane lane) {
  const bool urgent = lane == Lane::kUrgent;
  std::size_t inner = size_of_number(urgent ? 1 : 0);
  for (const Delivered& delivery : deliveries) {
    const std::size_t bytes = size_of(delivery);
    inner += bytes == 0 ? 2 : size_of_part(bytes);  // One of a list is written though empty.
  }
  std::string frame;
  frame.reserve(kPartPrefixMax + inner);
  append_prefix(frame, v1::DownMessage::kDeliverFieldNumber, inner);
  for (const Delivered& delivery : deliveries) {
    append_prefix(frame, v1::Deliver::kDeliveriesFieldNumber, size_of(delivery));
    append_number(frame, v1::Delivery::kIndexFieldNumber, delivery.index);
    append_number(frame, v1::Delivery::kPreviousFieldNumber, delivery.previous);
    append_part(frame, v1::Delivery::kEnvelopeFieldNumber, delivery.envelope);
  }
  append_number(frame, v1::Deliver::kUrgentFieldNumber, urgent ? 1 : 0);
  return frame;
}

}  // namespace chancery::exchange
