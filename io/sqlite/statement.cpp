#include "io/sqlite/statement.h"

#include <sqlite3.h>

#include <limits>

#include "io/sqlite/failure.h"

namespace chancery::sqlite {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement& Statement::keep(int code) {
  if (code != SQLITE_OK && !bind_error_) {
    bind_error_ = sqlite_failure(code, sqlite3_db_handle(statement_.get()), "bind").error();
  }
  return *this;
}

Statement& Statement::bind(int index, Bytes blob) {
  if (blob.empty()) {
    // A null pointer would be bound as NULL, which an empty blob is not.
    return keep(sqlite3_bind_zeroblob(statement_.get(), index, 0));
  }
  return keep(
      sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_TRANSIENT));
}

Statement& Statement::bind(int index, std::string_view text) {
  const char* const data = text.empty() ? "" : text.data();
  return keep(sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_TRANSIENT,
                                  SQLITE_UTF8));
}

Statement& Statement::bind(int index, std::nullptr_t /*null*/) {
  return keep(sqlite3_bind_null(statement_.get(), index));
}

Statement& Statement::bind_signed(int index, std::int64_t number) {
  return keep(sqlite3_bind_int64(statement_.get(), index, number));
}

Statement& Statement::bind_unsigned(int index, std::uint64_t number) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    if (!bind_error_) {
      bind_error_ = Error{ErrorCode::kLimitExceeded,
                          "SQLite cannot hold the number " + std::to_string(number)};
    }
    return *this;
  }
  return bind_signed(index, static_cast<std::int64_t>(number));
}

Result<bool> Statement::step() {
  if (bind_error_) {
    Error error = *bind_error_;
    reset();
    return std::unexpected(std::move(error));
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto failure =
      sqlite_failure(code, sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
  reset();
  return failure;
}

Result<void> Statement::run() {
  while (true) {
    CHANCERY_TRY(const bool row, step());
    if (!row) {
      return {};
    }
  }
}

void Statement::reset() {
  bind_error_.reset();
  sqlite3_reset(statement_.get());  // Says again what step() said.
  sqlite3_clear_bindings(statement_.get());
}

Result<void> Statement::expect_type(int column, int type, std::string_view name) const {
  if (sqlite3_column_type(statement_.get(), column) != type) {
    return fail(ErrorCode::kStoreDamaged, "column " + std::to_string(column) + " is not " +
                                              std::string(name) + ": " +
                                              sqlite3_sql(statement_.get()));
  }
  return {};
}

Result<std::int64_t> Statement::column_i64(int column) const {
  CHANCERY_TRY_VOID(expect_type(column, SQLITE_INTEGER, "an integer"));
  return sqlite3_column_int64(statement_.get(), column);
}

Result<std::uint64_t> Statement::column_u64(int column) const {
  CHANCERY_TRY(const std::int64_t value, column_i64(column));
  if (value < 0) {
    return fail(ErrorCode::kStoreDamaged, "column " + std::to_string(column) +
                                              " is negative: " + sqlite3_sql(statement_.get()));
  }
  return static_cast<std::uint64_t>(value);
}

Result<std::string_view> Statement::column_view(int column) const {
  CHANCERY_TRY_VOID(expect_type(column, SQLITE_BLOB, "a blob"));
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr && size > 0) {
    return fail(ErrorCode::kUnavailable, "out of memory");
  }
  return data == nullptr ? std::string_view()
                         : std::string_view(data, static_cast<std::size_t>(size));
}

Result<std::string> Statement::column_blob(int column) const {
  CHANCERY_TRY(const std::string_view view, column_view(column));
  return std::string(view);
}

Result<std::string> Statement::column_text(int column) const {
  CHANCERY_TRY_VOID(expect_type(column, SQLITE_TEXT, "a text"));
  const auto* const data =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr) {
    return fail(ErrorCode::kUnavailable, "out of memory");
  }
  return std::string(data, static_cast<std::size_t>(size));
}

bool Statement::column_is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace chancery::sqlite
