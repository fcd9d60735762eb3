// Bytes, as Chancery passes them: a span to look at, a std::string to own (what protobuf also
// uses).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace chancery {

using Bytes = std::span<const std::uint8_t>;
using Hash = std::array<std::uint8_t, 32>;  // SHA-256

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view as_view(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline std::string to_string(Bytes bytes) {
  return std::string(as_view(bytes));
}

// Exactly 32 bytes, or the zero hash: callers check the length where a peer chose it.
[[nodiscard]] inline Hash hash_from(std::string_view text) {
  Hash hash{};
  if (text.size() == hash.size()) {
    for (std::size_t i = 0; i < hash.size(); ++i) {
      hash[i] = static_cast<std::uint8_t>(text[i]);
    }
  }
  return hash;
}

// Big-endian, as every integer in a hashed layout.
[[nodiscard]] inline std::array<std::uint8_t, 8> u64_be(std::uint64_t value) {
  std::array<std::uint8_t, 8> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(value >> (56U - 8U * i));
  }
  return out;
}

[[nodiscard]] inline std::uint64_t u64_from_be(std::span<const std::uint8_t, 8> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = (value << 8U) | byte;
  }
  return value;
}

}  // namespace chancery
