// The leaf of the log: 73 bytes, laid out by hand.
//
//   type (1) || accepted_at (8, milliseconds, big-endian) || directory (32) || entry (32)
//
// It reveals that an entry exists, when, and under which directory: not who, to whom, or what. How
// `entry` and `directory` are computed is in docs/reference/protocol.md. Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::ledger {

inline constexpr std::size_t kLeafBytes = 73;

enum class LeafType : std::uint8_t { kNotice = 1, kDirectory = 2 };

// What a store says; of a number that is none, one that no leaf has.
[[nodiscard]] constexpr LeafType leaf_type_of(std::uint64_t number) {
  return number <= 2 ? static_cast<LeafType>(number) : LeafType{};
}

struct Leaf {
  LeafType type = LeafType::kNotice;
  std::uint64_t accepted_at_ms = 0;
  Hash directory{};  // Root of the directory state that judges a notice, or that an entry makes.
  Hash entry{};

  [[nodiscard]] bool operator==(const Leaf&) const = default;
};

[[nodiscard]] std::array<std::uint8_t, kLeafBytes> encode(const Leaf& leaf);
[[nodiscard]] Result<Leaf> parse_leaf(Bytes bytes);  // kMalformed: length, or type.
[[nodiscard]] Hash leaf_hash(const Leaf& leaf);      // tree.h over encode().

}  // namespace chancery::ledger
