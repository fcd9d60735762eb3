// How far a write-ahead log reached, kept beside it. For io/sqlite only.
//
// A WAL that is missing, empty, cut off or an earlier one looks like a crash to SQLite: what was
// committed since the last checkpoint is gone without a word. So after each commit its owner writes
// down how many pages the WAL has, in PATH-mark, and the next start compares. The mark is never
// ahead of what was synced, and is taken away before the owner itself empties the WAL: where
// there is none, or no whole one, nothing is said. After a power cut it may be behind.
//
// 20 bytes: "CHwm", the two salts of the WAL (sqlite.org/fileformat2.html#walformat), pages, and
// the XOR of these four words. Not where SQLite writes through a VFS of its own. One thread.

#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "io/sqlite/wal.h"

namespace chancery::sqlite {

class WalMark {
 public:
  explicit WalMark(const std::string& database);
  WalMark(const WalMark&) = delete;
  WalMark& operator=(const WalMark&) = delete;
  WalMark(WalMark&&) = delete;
  WalMark& operator=(WalMark&&) = delete;
  ~WalMark();

  // After a commit: the WAL has so many pages. Where no mark can be written there is none.
  void committed(std::uint32_t page_count) noexcept;
  // Before the WAL is emptied.
  void clear() noexcept;

 private:
  void close() noexcept;

  std::string path_;
  std::string wal_;
  int mark_fd_ = -1;
  int wal_fd_ = -1;
};

// kStoreDamaged where the database's mark says that its WAL reached further than `found`.
[[nodiscard]] Result<void> check_wal_mark(const std::string& database, const WalExtent& found);

}  // namespace chancery::sqlite
