// Which entries of a batch are in a lane of a member's feed, as the hub's store keeps them and
// shows them to an auditor: the distance of each from the batch's first, two bytes, big-endian,
// ascending. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/exchange/limits.h"

namespace chancery::exchange {

inline constexpr std::size_t kPositionBytes = 2;
static_assert(kBatchSizeMax <= 1U << (8 * kPositionBytes));
inline constexpr std::size_t kPositionsBytesMax = kBatchSizeMax * kPositionBytes;

inline void append_position(std::string& positions, std::uint64_t position) {
  positions += static_cast<char>(position >> 8U);
  positions += static_cast<char>(position & 0xFFU);
}

// Of indices that ascend, in a batch that begins at `first`.
[[nodiscard]] inline std::string positions_of(const std::vector<std::uint64_t>& indices,
                                              std::uint64_t first) {
  std::string positions;
  positions.reserve(indices.size() * kPositionBytes);
  for (const std::uint64_t index : indices) {
    append_position(positions, index - first);
  }
  return positions;
}

// The indices, for a batch that begins at `first`. A byte too many tells nothing.
[[nodiscard]] inline std::vector<std::uint64_t> indices_at(std::string_view positions,
                                                           std::uint64_t first) {
  std::vector<std::uint64_t> indices;
  indices.reserve(positions.size() / kPositionBytes);
  for (std::size_t at = 0; at + 1 < positions.size(); at += kPositionBytes) {
    const auto high = static_cast<std::uint8_t>(positions[at]);
    const auto low = static_cast<std::uint8_t>(positions[at + 1]);
    indices.push_back(first + (std::uint64_t{high} << 8U | low));
  }
  return indices;
}

}  // namespace chancery::exchange
