// Prepared statements, kept by their text: the SQL stands where it is used and is parsed once.
//
//   CHANCERY_TRY(sqlite::Statement* const select, statements.get("SELECT size FROM head"));
//
// Bounded by the number of texts in the program: no text is ever made from input. A statement that
// comes out again is reset first. Dropped before its Database; same thread.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/base/result.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"

namespace chancery::sqlite {

class StatementCache {
 public:
  // The database outlives the cache.
  explicit StatementCache(Database& database) : database_(database) {}

  [[nodiscard]] Result<Statement*> get(std::string_view sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) {
      known->second.reset();
      return &known->second;
    }
    CHANCERY_TRY(Statement prepared, database_.prepare(sql));
    return &statements_.emplace(std::string(sql), std::move(prepared)).first->second;
  }

 private:
  // Not ordered: texts have long beginnings in common, and a tree would compare some of them at
  // each step of a turn.
  struct OfText {
    using is_transparent = void;
    std::size_t operator()(std::string_view sql) const {
      return std::hash<std::string_view>()(sql);
    }
  };

  Database& database_;
  std::unordered_map<std::string, Statement, OfText, std::equal_to<>> statements_;
};

}  // namespace chancery::sqlite
