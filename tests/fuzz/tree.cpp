// The right edge of a tree as a store keeps it: 8 bytes of size, one of leaves to append, the edge.
//
// Holds: what resumes gives the same edge again, has one hash per set bit of its size, and grows
// like a tree that was resumed from its own edge on the way.

#include "core/ledger/tree.h"

#include <bit>

#include "tests/fuzz/input.h"

namespace ledger = chancery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  const std::uint64_t tree_size = input.number();
  const std::size_t more = input.byte();
  const std::string_view edge = input.rest();
  auto tree = ledger::CompactTree::resume(tree_size, edge);
  CHANCERY_CHECK(tree.has_value() ==
                 (edge.size() == 32 * static_cast<std::size_t>(std::popcount(tree_size))));
  if (!tree.has_value() || tree_size > ~std::uint64_t{0} - more) {
    return 0;
  }
  CHANCERY_CHECK(tree->size() == tree_size && tree->edge_bytes() == edge);
  for (std::size_t i = 0; i < more; ++i) {
    ledger::CompactTree again =
        chancery::ledger::CompactTree::resume(tree->size(), tree->edge_bytes()).value();
    const chancery::Hash leaf = ledger::leaf_hash(chancery::u64_be(i));
    again.append(leaf);
    tree->append(leaf);
    CHANCERY_CHECK(again.root() == tree->root() && again.edge() == tree->edge());
  }
  return 0;
}
