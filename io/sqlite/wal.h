// A write-ahead log that was damaged where it lay. For io/sqlite only.
//
// SQLite reads a WAL up to the first frame that does not fit its checksum, and takes the rest for a
// write that a crash cut short. Where the frame was damaged later, transactions that were committed
// and synced vanish without a word: a hub starts with a shorter log. What tells the two apart is
// that with synchronous=FULL nothing is written after a commit before that commit was synced. So a
// commit with one more frame chained to it proves that everything before it was durable once.
//
// Not seen: damage in the last transaction or the one before it, and a file that ends too early,
// which wal_mark.h finds.
//
// Source: https://sqlite.org/fileformat2.html#walformat. Pure but for reading the file.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace chancery::sqlite {

struct WalSalts {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  bool operator==(const WalSalts&) const = default;
};

struct WalExtent {
  std::optional<WalSalts> salts;  // None where it has no whole header.
  std::uint32_t page_count = 0;   // Up to the end of the last whole commit.
};

// kStoreDamaged where synced transactions would be passed by. No file is good, too. Nobody may be
// writing it.
[[nodiscard]] Result<WalExtent> check_wal(const std::string& path);

}  // namespace chancery::sqlite
