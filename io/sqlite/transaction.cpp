#include "io/sqlite/transaction.h"

#include <sqlite3.h>

#include <utility>

#include "io/sqlite/failure.h"

namespace chancery::sqlite {

Result<Transaction> Transaction::begin(Database& database) {
  CHANCERY_TRY_VOID(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database.connection_.get(), database.files_.get());
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)), files_(other.files_) {}

Result<void> Transaction::commit() {
  CHANCERY_CHECK(connection_ != nullptr);
  if (const Result<void> looked = look_at_files(); !looked.has_value()) {
    rollback();
    return looked;
  }
  const int code = sqlite3_exec(connection_, "COMMIT", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);  // open_owner()
    const Result<void> looked = look_at_files();
    connection_ = nullptr;
    return looked;
  }
  auto failure = sqlite_failure(code, connection_, "commit");
  rollback();
  if (failure.error().code == ErrorCode::kDiskFull) {  // A write fell short, so the last frame,
                                                       // which commits, is not whole.
    return failure;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_CONSTRAINT:  // Deferred ones are checked before anything is written.
    case SQLITE_ERROR:       // Rolled back before, or a statement is in the middle of a write.
      return failure;
    default:
      return fail(ErrorCode::kIo, "OUTCOME UNKNOWN, stop and reload: " + failure.error().detail);
  }
}

Result<void> Transaction::look_at_files() {
  return files_ == nullptr ? Result<void>() : files_->look();
}

void Transaction::rollback() noexcept {
  sqlite3* const connection = std::exchange(connection_, nullptr);
  // After some errors SQLite has rolled back by itself; autocommit tells.
  if (connection != nullptr && sqlite3_get_autocommit(connection) == 0) {
    sqlite3_exec(connection, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace chancery::sqlite
