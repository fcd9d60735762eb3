// A prepared statement: bound, stepped, and used again.
//
//   insert.bind(1, index).bind(2, as_bytes(leaf));
//   CHANCERY_TRY_VOID(insert.run());
//
//   select.bind(1, first);
//   while (true) {
//     CHANCERY_TRY(const bool row, select.step());
//     if (!row) { break; }
//     CHANCERY_TRY(const std::uint64_t index, select.column_u64(0));
//   }
//
// A failed bind() is kept and comes out of the next step() or run(). Columns are checked: a value
// of another type than asked for is kStoreDamaged, since whoever wrote the file was not us.
// Parameters count from 1, columns from 0. Not to outlive its Database; same thread.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace chancery::sqlite {

class Statement {
 public:
  // Copied, so that the argument may go. Beware: text and blobs are different values to SQLite;
  // what is bytes in a std::string is bound as as_bytes(string).
  Statement& bind(int index, Bytes blob);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::nullptr_t null);
  // SQLite's numbers are signed: kLimitExceeded over 2^63-1.
  template <std::integral T>
  Statement& bind(int index, T number) {
    if constexpr (std::signed_integral<T>) {
      return bind_signed(index, number);
    } else {
      return bind_unsigned(index, number);
    }
  }

  // True: there is a row. False: done, and the statement is ready to be bound and stepped again.
  [[nodiscard]] Result<bool> step();
  // All steps, for statements without rows of interest.
  [[nodiscard]] Result<void> run();
  // Drops the rows that were not taken, and the bindings. A statement left in the middle of its
  // rows keeps the WAL from being emptied.
  void reset();

  // Of the row that step() found. Copies, but for the view, which holds until the next step().
  [[nodiscard]] Result<std::uint64_t> column_u64(int column) const;
  [[nodiscard]] Result<std::int64_t> column_i64(int column) const;
  [[nodiscard]] Result<std::string_view> column_view(int column) const;  // Of a blob.
  [[nodiscard]] Result<std::string> column_blob(int column) const;
  [[nodiscard]] Result<std::string> column_text(int column) const;
  [[nodiscard]] bool column_is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement& bind_signed(int index, std::int64_t number);
  Statement& bind_unsigned(int index, std::uint64_t number);
  Statement& keep(int code);
  [[nodiscard]] Result<void> expect_type(int column, int type, std::string_view name) const;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::optional<Error> bind_error_;
};

}  // namespace chancery::sqlite
