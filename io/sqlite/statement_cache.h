// Prepared statements, kept by their text: the SQL stands where it is used and is parsed once.
//
//   CHANCERY_TRY(sqlite::Statement* const select, statements.get("SELECT size FROM head"));
//
// Bounded by the number of texts in the program: no text is ever made from input. A statement that
// comes out again is reset first. Dropped before its Database; same thread.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
    Known*& recent = recent_[place_of(sql)];
    if (recent == nullptr || recent->first != sql) {
      auto known = statements_.find(sql);
      if (known == statements_.end()) {
        CHANCERY_TRY(Statement prepared, database_.prepare(sql));
        known = statements_.emplace(std::string(sql), std::move(prepared)).first;
      }
      recent = &*known;
    }
    recent->second.reset();
    return &recent->second;
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

  using Known = std::pair<const std::string, Statement>;

  // A text stands at one place of the program, so that this finds most without a hash of the text.
  static constexpr unsigned kPlaceBits = 10;
  static std::size_t place_of(std::string_view text) {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // Spreads what addresses differ in.
    return (reinterpret_cast<std::uintptr_t>(text.data()) * kGolden) >> (64 - kPlaceBits);
  }

  Database& database_;
  std::unordered_map<std::string, Statement, OfText, std::equal_to<>> statements_;
  std::array<Known*, std::size_t{1} << kPlaceBits> recent_{};
};

}  // namespace chancery::sqlite
