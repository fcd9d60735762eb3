// Protobuf by hand, byte for byte: for messages that no honest encoder writes.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chancery::test {

[[nodiscard]] inline std::string varint(std::uint64_t value) {
  std::string bytes;
  while (value >= 0x80U) {
    bytes += static_cast<char>(0x80U | (value & 0x7fU));
    value >>= 7U;
  }
  return bytes + static_cast<char>(value);
}

// The same number in `length` bytes, more than it needs.
[[nodiscard]] inline std::string long_varint(std::uint64_t value, std::size_t length) {
  std::string bytes = varint(value);
  while (bytes.size() < length) {
    bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | 0x80U);
    bytes += '\0';
  }
  return bytes;
}

// Wire types: 0 varint, 1 eight bytes, 2 length-delimited, 3 and 4 group, 5 four bytes.
[[nodiscard]] inline std::string tag(std::uint64_t number, std::uint64_t wire_type) {
  return varint(number << 3U | wire_type);
}

[[nodiscard]] inline std::string number_field(std::uint64_t number, std::uint64_t value) {
  return tag(number, 0) + varint(value);
}

[[nodiscard]] inline std::string bytes_field(std::uint64_t number, std::string_view bytes) {
  return tag(number, 2) + varint(bytes.size()) + std::string(bytes);
}

}  // namespace chancery::test
