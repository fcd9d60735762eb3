// A stored record that is not what it was when it was stored: it fails its hash.
//
// It is named, kept and never served; nothing is deleted because a check failed.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {

// The newest entries that a daemon looks at before it starts, since a crash, or a disk that lied
// about a sync, harms what was written last.
inline constexpr std::uint64_t kTailCount = 1024;
// Of these, the bytes of envelopes that are hashed again: a start takes a second, not longer.
inline constexpr std::size_t kTailBytesMax = 64U << 20U;

// One look at some of the records, of those that go on where the last one ended.
struct Scrubbed {
  std::uint64_t record_count = 0;
  bool whole = false;  // The last record was looked at: the next look begins anew.
};

struct Damage {
  std::string part;         // The table.
  std::uint64_t index = 0;  // Of the log, or the row's number where it has no place in the log.
  Error error{};
};

// The tree that was stored as its size, its edge and, beside them, its root: kStoreDamaged where
// the edge does not make it.
[[nodiscard]] inline Result<ledger::CompactTree> resume_stored(std::uint64_t size,
                                                               std::string_view edge,
                                                               std::string_view root) {
  Result<ledger::CompactTree> tree = ledger::CompactTree::resume(size, edge);
  if (!tree.has_value() || as_view(tree->root()) != root) {
    return fail(ErrorCode::kStoreDamaged,
                "the edge stored for size " + std::to_string(size) + " does not make its root");
  }
  return tree;
}

}  // namespace chancery::exchange
