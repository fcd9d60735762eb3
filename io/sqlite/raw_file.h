// The database file seen through SQLite's own handle. For io/sqlite only.
//
// POSIX drops a process's locks on a file when *any* descriptor of it is closed (fcntl(2)), so a
// database file is never opened beside SQLite: it would release the lock of an owner in this
// process.

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/result.h"

struct sqlite3;

namespace chancery::sqlite {

// "/stores/hub.db" and its "-wal" or "-journal".
[[nodiscard]] bool has_content(const std::string& path);

// Nothing of a WAL is seen. kStoreDamaged where the file ends before.
[[nodiscard]] Result<void> read_raw(sqlite3* connection, std::uint64_t offset,
                                    std::span<std::uint8_t> out);
[[nodiscard]] Result<std::uint64_t> raw_size(sqlite3* connection);

// Keeps owners away until the connection is closed; kStoreBusy where there is one.
[[nodiscard]] Result<void> lock_shared(sqlite3* connection);

// The database and what lies beside it, into a folder, under the same names.
[[nodiscard]] Result<void> copy_store(sqlite3* connection, const std::string& path,
                                      const std::string& folder);

}  // namespace chancery::sqlite
