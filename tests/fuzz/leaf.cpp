// A leaf, as a log batch stands for it and a store keeps it.
//
// Holds: 73 bytes and no other number, one spelling per leaf, both ways.

#include "core/ledger/leaf.h"

#include <algorithm>

#include "tests/fuzz/input.h"

using chancery::Bytes;
namespace ledger = chancery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto leaf = ledger::parse_leaf(Bytes(data, size));
  if (leaf.has_value()) {
    CHANCERY_CHECK(size == ledger::kLeafBytes);
    CHANCERY_CHECK(std::ranges::equal(ledger::encode(*leaf), Bytes(data, size)));
  }
  return 0;
}
