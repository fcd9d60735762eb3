#include "io/sqlite/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/sqlite/database.h"
#include "io/sqlite/failure.h"

namespace chancery::sqlite {

void Backup::CloseCopy::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

void Backup::Finish::operator()(sqlite3_backup* backup) const noexcept {
  sqlite3_backup_finish(backup);
}

Result<Backup> Backup::begin(Database& source, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(errno == EEXIST   ? ErrorCode::kExists
                : errno == ENOENT ? ErrorCode::kFileMissing
                                  : ErrorCode::kIo,
                "making " + path + ": " + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
  }
  ::close(file);
  Backup backup;
  backup.path_ = path;
  sqlite3* copy = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, nullptr);
  backup.copy_.reset(copy);
  if (opened != SQLITE_OK) {
    return sqlite_failure(opened, copy, "opening the copy " + path);
  }
  // Nobody reads it before it is whole and synced: no journal, and one sync, which is not ours.
  sqlite3_exec(copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  backup.backup_.reset(sqlite3_backup_init(copy, "main", source.connection_.get(), "main"));
  if (backup.backup_ == nullptr) {
    return sqlite_failure(sqlite3_errcode(copy), copy, "beginning the copy " + path);
  }
  return backup;
}

Result<bool> Backup::step(int page_count_max) {
  const int code = sqlite3_backup_step(backup_.get(), page_count_max);
  page_count_ = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup_.get()));
  copied_count_ = page_count_ - static_cast<std::uint64_t>(sqlite3_backup_remaining(backup_.get()));
  if (code == SQLITE_OK) {
    return false;
  }
  if (code != SQLITE_DONE) {
    return sqlite_failure(code, copy_.get(), "writing the copy " + path_);
  }
  if (const int ended = sqlite3_backup_finish(backup_.release()); ended != SQLITE_OK) {
    return sqlite_failure(ended, copy_.get(), "ending the copy " + path_);
  }
  copy_.reset();
  return true;
}

}  // namespace chancery::sqlite
