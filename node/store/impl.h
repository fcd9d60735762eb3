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

  // The rows of `columns` ("SELECT … FROM table ") that a request names: by notice id, by index, or
  // by a prefix of N. Two are enough to see that it is not one.
  Result<sqlite::Statement*> select_notice(std::string_view columns,
                                           const v1::ShowRequest& request) {
    const std::string from(columns);
    sqlite::Statement* select = nullptr;
    if (!request.notice_id().empty()) {
      CHANCERY_TRY(select, statement(from + "WHERE notice_id = ?1 LIMIT 2"));
      select->bind(1, as_bytes(request.notice_id()));
    } else if (request.index_plus_one() != 0) {
      CHANCERY_TRY(select, statement(from + "WHERE idx = ?1"));
      select->bind(1, request.index_plus_one() - 1);
    } else {
      CHANCERY_TRY(select, statement(from + "WHERE substr(notice, 1, ?2) = ?1 LIMIT 2"));
      select->bind(1, as_bytes(request.notice())).bind(2, request.notice().size());
    }
    return select;
  }

  Result<void> fill_audit_entries(v1::AuditBatch& batch, std::uint64_t size_after);

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
