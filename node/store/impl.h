// The inside of NodeStore, shared by the files that implement it.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "io/sqlite/transaction.h"
#include "node/store/node_store.h"

namespace chancery::node {

struct NodeStore::Impl {
  explicit Impl(sqlite::Database opened) : database(std::move(opened)) {}

  // Prepared at first use and kept: the text of a query stands where it is used.
  Result<sqlite::Statement*> statement(std::string_view sql) {
    const auto known = statements.find(sql);
    if (known != statements.end()) {
      known->second.reset();
      return &known->second;
    }
    CHANCERY_TRY(sqlite::Statement prepared, database.prepare(sql));
    return &statements.emplace(std::string(sql), std::move(prepared)).first->second;
  }

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
  std::map<std::string, sqlite::Statement, std::less<>> statements;
  std::optional<sqlite::Transaction> transaction;
  Hash genesis{};
  std::string member;
};

}  // namespace chancery::node
