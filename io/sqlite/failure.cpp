#include "io/sqlite/failure.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>

namespace chancery::sqlite {

namespace {

// Why the last call on the database or on its WAL failed. sqlite3_system_errno() tells it for a
// file that cannot be opened; for a write, errno is another by the time that it looks.
bool had_no_room(sqlite3* connection) {
  for (const int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;
    int number = 0;
    if (sqlite3_file_control(connection, "main", which, static_cast<void*>(&file)) == SQLITE_OK &&
        file != nullptr && file->pMethods != nullptr &&
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK &&
        (number == ENOSPC || number == EDQUOT)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_disk_full(int code, sqlite3* connection) {
  if ((code & 0xff) == SQLITE_FULL) {
    return true;
  }
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
    return false;  // What was to be synced may be on no disk: no reason to go on.
  }
  // Some file systems only notice in ftruncate(), and a quota is no ENOSPC: SQLite passes both on
  // as I/O errors.
  return (code & 0xff) == SQLITE_IOERR && connection != nullptr && had_no_room(connection);
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
