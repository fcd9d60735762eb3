// The tiles of a log whose owner has its leaves, and keeps the hashes above them: 32 bytes for 256
// leaves, and a little. Level 0 is made from the leaves as it is asked for.
//
// What is kept follows from the leaves. Where it is missing or wrong it is made again; what the
// leaves of cannot be read is left out until they can. Where things lie is for the owner: it gives
// functions. Pure; for one call or for long, as the functions last. One thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/tiles.h"

namespace chancery::ledger {

struct TileKeeper {
  // The hashes of `count` leaves from `first` on, one after the other. kStoreDamaged.
  std::function<Result<std::string>(std::uint64_t first, std::size_t count)> leaf_hashes;
  // The same of what is kept of a level above. kStoreDamaged where one is not there.
  std::function<Result<std::string>(std::uint8_t level, std::uint64_t first, std::size_t count)>
      read;
  // In the place of one that is there.
  std::function<Result<void>(std::uint8_t level, std::uint64_t index, const Hash& hash)> put;
};

class KeptTiles {
 public:
  explicit KeptTiles(TileKeeper keeper) : keeper_(std::move(keeper)) {}

  // The bytes of a hash tile. kStoreDamaged.
  [[nodiscard]] Result<std::string> tile(const Tile& tile) const;

  // The log has grown from `since` to `size`.
  [[nodiscard]] Result<void> add(std::uint64_t since, std::uint64_t size) const;
  // What stands over a leaf that is there again, in a log of `size`.
  [[nodiscard]] Result<void> restore(std::uint64_t leaf, std::uint64_t size) const;
  // Looks at what the growth from `since` to `size` added, and adds it again where it is wrong.
  [[nodiscard]] Result<void> mend(std::uint64_t since, std::uint64_t size) const;
  // Whether what is kept is what the levels below it make, where the log grew from `since` to
  // `size`. kStoreDamaged.
  [[nodiscard]] Result<void> check(std::uint64_t since, std::uint64_t size) const;

 private:
  [[nodiscard]] Result<Hash> made(std::uint8_t level, std::uint64_t index) const;
  Result<void> put(std::uint8_t level, std::uint64_t index) const;
  // The hashes that a log of `size` has and one of `since` lacks, level by level: each can be made
  // of those before it.
  static Result<void> each(
      std::uint64_t since, std::uint64_t size,
      const std::function<Result<void>(std::uint8_t level, std::uint64_t index)>& take);

  TileKeeper keeper_;
};

}  // namespace chancery::ledger
