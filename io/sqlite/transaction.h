// All or nothing: writes between begin() and commit(); rolled back where commit() was not reached.
//
// commit() that fails with kIo: THE OUTCOME IS UNKNOWN. The disk failed during the write or the
// fsync, and the next start may find the transaction or not. The owner stops, and reloads from the
// store at its next start; it does not try again, and sends nothing that follows from either
// outcome. So it is after kStoreDamaged: its files are no longer where it writes. After every other
// error it is known that nothing was written.

#pragma once

#include "core/base/result.h"
#include "io/sqlite/database.h"

namespace chancery::sqlite {

class Transaction {
 public:
  // Takes the write lock at once (BEGIN IMMEDIATE). They do not nest: kInternal.
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&& other) = delete;
  ~Transaction() { rollback(); }

  // Once. Statements in the middle of their rows are to be reset before.
  [[nodiscard]] Result<void> commit();
  void rollback() noexcept;

 private:
  Transaction(sqlite3* connection, FileGuard* files) : connection_(connection), files_(files) {}

  Result<void> look_at_files();

  sqlite3* connection_;  // Null when it is over.
  FileGuard* files_;     // May be null.
};

}  // namespace chancery::sqlite
