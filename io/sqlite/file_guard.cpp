#include "io/sqlite/file_guard.h"

#include <sqlite3.h>

namespace chancery::sqlite {

FileGuard::FileGuard(const std::string& path, sqlite3* connection)
    : connection_(connection),
      database_{.path = path, .seen = {}},
      wal_{.path = path + "-wal", .seen = {}} {}

Result<void> FileGuard::look_at(Watched& file) {
  struct stat now{};
  const bool there = ::stat(file.path.c_str(), &now) == 0;
  if (file.seen.has_value()) {
    const bool same = there && now.st_dev == file.seen->st_dev && now.st_ino == file.seen->st_ino;
    if (!same || now.st_size < file.seen->st_size) {
      return fail(ErrorCode::kStoreDamaged,
                  file.path +
                      (!there  ? " is gone"
                       : !same ? " is another file"
                               : " was cut short") +
                      " under the program that has it open. What was answered before is in the "
                      "files as they were");
    }
  }
  if (there) {
    file.seen = now;
  }
  return {};
}

Result<void> FileGuard::look() {
  Result<void> looked = look_at(database_);
  if (looked.has_value()) {
    looked = look_at(wal_);
  }
  if (!looked.has_value()) {
    // It would write what is left of the WAL into what is left of the database.
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return looked;
}

void FileGuard::forget_sizes() {
  for (Watched* const file : {&database_, &wal_}) {
    if (file->seen.has_value()) {
      file->seen->st_size = 0;
    }
  }
}

}  // namespace chancery::sqlite
