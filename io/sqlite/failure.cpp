#include "io/sqlite/failure.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>

namespace chancery::sqlite {

bool is_disk_full(int code, sqlite3* connection) {
  if ((code & 0xff) == SQLITE_FULL) {
    return true;
  }
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
    return false;  // What was to be synced may be on no disk: no reason to go on.
  }
  // Some file systems only notice in ftruncate(), and SQLite passes it on as an I/O error.
  const int number = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  return (code & 0xff) == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT);
}

namespace {

ErrorCode error_code(int code, sqlite3* connection) {
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
      code == SQLITE_CONSTRAINT_ROWID) {
    return ErrorCode::kExists;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kStoreBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kStoreDamaged;
    case SQLITE_NOMEM:
      return ErrorCode::kUnavailable;
    case SQLITE_TOOBIG:
      return ErrorCode::kLimitExceeded;
    case SQLITE_CANTOPEN:
      return connection != nullptr && sqlite3_system_errno(connection) == ENOENT
                 ? ErrorCode::kFileMissing
                 : ErrorCode::kIo;
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return ErrorCode::kIo;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

std::unexpected<Error> sqlite_failure(int code, sqlite3* connection, std::string_view what) {
  std::string detail(what);
  if (is_disk_full(code, connection)) {
    return fail(ErrorCode::kDiskFull, detail + ": disk full");
  }
  detail += ": ";
  detail += connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  return fail(error_code(code, connection), detail + " (SQLite code " + std::to_string(code) + ")");
}

}  // namespace chancery::sqlite
