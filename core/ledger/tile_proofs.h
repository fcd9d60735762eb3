// Proofs from tiles: the same as proof.h makes from all leaves, from a few tiles of each level.
//
// A proof over a tree of any size reads at most two tiles a level, however large the tree is. What
// the source fails with comes back, and kMalformed where a tile has another length. Nothing is
// compared with a root here: a proof from tiles that are not the log's proves nothing. Pure.

#pragma once

#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/tiles.h"

namespace chancery::ledger {

// `index` is below `size`.
[[nodiscard]] Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                        const TileSource& source);
// `old_size` is at most `size`. Empty for 0 and for all.
[[nodiscard]] Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size,
                                                          std::uint64_t size,
                                                          const TileSource& source);

}  // namespace chancery::ledger
