// The body of a checkpoint: what a log says about itself.
//
// Holds: one spelling per checkpoint, both ways; a log of nothing has the root of nothing.

#include "core/ledger/checkpoint.h"

#include "core/ledger/tree.h"
#include "tests/fuzz/input.h"

namespace ledger = chancery::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = chancery::as_view(chancery::Bytes(data, size));
  const auto checkpoint = ledger::parse_checkpoint_body(body);
  if (checkpoint.has_value()) {
    CHANCERY_CHECK(ledger::checkpoint_body(*checkpoint) == body);
    CHANCERY_CHECK(checkpoint->size != 0 || checkpoint->root == ledger::tree_root({}));
  }
  return 0;
}
