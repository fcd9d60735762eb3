// The inside of NodeStore, shared by the files that implement it.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "io/sqlite/statement_cache.h"
#include "io/sqlite/transaction.h"
#include "node/store/node_store.h"

namespace chancery::node {

struct NodeStore::Impl {
  explicit Impl(sqlite::Database opened) : database(std::move(opened)) {}

  Result<sqlite::Statement*> statement(std::string_view sql) { return statements.get(sql); }

  Result<std::uint64_t> number(std::string_view sql) {
    CHANCERY_TRY(sqlite::Statement* const select, statement(sql));
    CHANCERY_TRY(const bool row, select->step());
    std::uint64_t value = 0;
    if (row && !select->column_is_null(0)) {
      CHANCERY_TRY(value, select->column_u64(0));
    }
    select->reset();
    return value;
  }

  sqlite::Database database;
  sqlite::StatementCache statements{database};
  std::optional<sqlite::Transaction> transaction;
  Hash genesis{};
  std::string member;
};

}  // namespace chancery::node
