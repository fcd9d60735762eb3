// Whether the files of an open store are still those that are written to. For io/sqlite only.
//
// Whoever removes, moves, replaces or cuts a file under a running program leaves SQLite writing
// into what no next start will find, without an error. A look before each commit and one after it
// see that: nothing is answered from such a store. What is altered within a file is found where it
// is read. On the system's files only; two calls of stat(2) a look.

#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "core/base/result.h"

struct sqlite3;

namespace chancery::sqlite {

class FileGuard {
 public:
  // Of the database that this connection writes, and of its WAL, which may not be there yet.
  FileGuard(const std::string& path, sqlite3* connection);

  // kStoreDamaged where one of them is gone, is another file or is smaller than at an earlier look.
  // Then closing leaves what there is. A file that was not there is known from now on.
  [[nodiscard]] Result<void> look();
  // What shrinks next was cut by the owner itself.
  void forget_sizes();

 private:
  struct Watched {
    std::string path;
    std::optional<struct stat> seen;
  };
  static Result<void> look_at(Watched& file);

  sqlite3* connection_;
  Watched database_;
  Watched wal_;
};

}  // namespace chancery::sqlite
