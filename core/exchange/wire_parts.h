// Parts of messages as protobuf writes them, put together without a copy of what is in between.

#pragma once

#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace chancery::exchange {

inline constexpr std::size_t kPartPrefixMax = 6;  // A tag of one byte, and a length.

// The tag and the length of a part of so many bytes, which come next. Of field numbers below 16.
inline void append_prefix(std::string& message, int number, std::size_t bytes) {
  namespace io = google::protobuf::io;
  constexpr unsigned kBytesWireType = 2;
  std::array<std::uint8_t, kPartPrefixMax> prefix{};
  std::uint8_t* end = io::CodedOutputStream::WriteTagToArray(
      static_cast<std::uint32_t>(number) << 3U | kBytesWireType, prefix.data());
  end = io::CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(bytes), end);
  message += as_view(Bytes(prefix.data(), end));
}

// A field of bytes; nothing where there are none.
inline void append_part(std::string& message, int number, std::string_view part) {
  if (!part.empty()) {
    append_prefix(message, number, part.size());
    message += part;
  }
}

}  // namespace chancery::exchange
