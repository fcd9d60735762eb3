// A copy of a store while its owner goes on: SQLite's online backup, on the owner's own connection,
// a bounded number of pages at a time.
//
// What the owner commits between two steps is in the copy as well: the copy is the store as it is
// when the last step returns. It is not durable then; whoever gives it its name syncs it. Drop it
// before the Database.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"

struct sqlite3;
struct sqlite3_backup;

namespace chancery::sqlite {

class Database;

class Backup {
 public:
  // Makes the file, with mode 0600; kExists where something is there.
  [[nodiscard]] static Result<Backup> begin(Database& source, const std::string& path);

  // Not between begin and commit of a transaction. True once all is copied, and the file closed.
  [[nodiscard]] Result<bool> step(int page_count_max);

  [[nodiscard]] std::uint64_t page_count() const { return page_count_; }  // As of the last step.
  [[nodiscard]] std::uint64_t copied_count() const { return copied_count_; }

 private:
  struct CloseCopy {
    void operator()(sqlite3* connection) const noexcept;
  };
  struct Finish {
    void operator()(sqlite3_backup* backup) const noexcept;
  };
  Backup() = default;

  std::string path_;
  std::unique_ptr<sqlite3, CloseCopy> copy_;
  std::unique_ptr<sqlite3_backup, Finish> backup_;  // Ends before its connections.
  std::uint64_t page_count_ = 0;
  std::uint64_t copied_count_ = 0;
};

}  // namespace chancery::sqlite
