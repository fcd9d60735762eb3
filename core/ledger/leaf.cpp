#include "core/ledger/leaf.h"

#include <algorithm>
#include <string>

#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

constexpr std::size_t kTimeAt = 1;
constexpr std::size_t kDirectoryAt = 9;
constexpr std::size_t kEntryAt = 41;
static_assert(kEntryAt + Hash{}.size() == kLeafBytes);

}  // namespace

std::array<std::uint8_t, kLeafBytes> encode(const Leaf& leaf) {
  std::array<std::uint8_t, kLeafBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(leaf.type);
  std::ranges::copy(u64_be(leaf.accepted_at_ms), bytes.begin() + kTimeAt);
  std::ranges::copy(leaf.directory, bytes.begin() + kDirectoryAt);
  std::ranges::copy(leaf.entry, bytes.begin() + kEntryAt);
  return bytes;
}

Result<Leaf> parse_leaf(Bytes bytes) {
  if (bytes.size() != kLeafBytes) {
    return fail(ErrorCode::kMalformed,
                "a leaf has 73 bytes, found " + std::to_string(bytes.size()));
  }
  const std::uint8_t type = bytes[0];
  if (type != static_cast<std::uint8_t>(LeafType::kNotice) &&
      type != static_cast<std::uint8_t>(LeafType::kDirectory)) {
    return fail(ErrorCode::kMalformed, "no leaf has type " + std::to_string(type));
  }
  return Leaf{.type = static_cast<LeafType>(type),
              .accepted_at_ms = u64_from_be(bytes.subspan<kTimeAt, 8>()),
              .directory = hash_from(as_view(bytes.subspan(kDirectoryAt, Hash{}.size()))),
              .entry = hash_from(as_view(bytes.subspan(kEntryAt)))};
}

Hash leaf_hash(const Leaf& leaf) {
  return leaf_hash(Bytes(encode(leaf)));
}

}  // namespace chancery::ledger
