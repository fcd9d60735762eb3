// What SQLite says, as an Error. For io/sqlite only.

#pragma once

#include <string_view>

#include "core/base/result.h"

struct sqlite3;

namespace chancery::sqlite {

[[nodiscard]] bool is_disk_full(int code, sqlite3* connection);

// For a result code of SQLite's; the connection, if there is one, has the words.
[[nodiscard]] std::unexpected<Error> sqlite_failure(int code, sqlite3* connection,
                                                    std::string_view what);

}  // namespace chancery::sqlite
