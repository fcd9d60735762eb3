// A private folder with a store in it, for one test.

#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "io/sqlite/database.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::sqlite {

constexpr std::uint32_t kTestId = 0x43485459;

inline OpenOptions test_options(OpenMode mode, std::uint32_t user_version = 1) {
  return {.mode = mode, .application_id = kTestId, .user_version = user_version};
}

class TemporaryStore {
 public:
  [[nodiscard]] std::string path() const { return folder_ / "s t#o?r%e.db"; }
  [[nodiscard]] std::string wal() const { return path() + "-wal"; }
  [[nodiscard]] Result<Database> open(OpenMode mode, std::uint32_t user_version = 1) const {
    return Database::open(path(), test_options(mode, user_version));
  }
  // With a table t(id, body) and version 1.
  [[nodiscard]] Database create() const {
    auto database = open(OpenMode::kCreate);
    EXPECT_TRUE(database) << database.error().detail;
    EXPECT_TRUE(database->execute("CREATE TABLE t(id INTEGER PRIMARY KEY, body ANY) STRICT"));
    EXPECT_TRUE(database->set_user_version(1));
    return std::move(database).value();
  }
  // Name and content of all that lies in the folder.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      out[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return out;
  }

 private:
  os::TemporaryFolder folder_;
};

// The first column of the first row, as text.
inline std::string ask(Database& database, const std::string& sql) {
  auto statement = database.prepare("SELECT CAST(x AS TEXT) FROM (" + sql + ")");
  EXPECT_TRUE(statement) << statement.error().detail;
  const auto row = statement->step();
  EXPECT_TRUE(row && *row) << sql;
  return statement->column_text(0).value_or("?");
}

inline std::string pragma(Database& database, const std::string& name) {
  auto statement = database.prepare("PRAGMA " + name);
  EXPECT_TRUE(statement) << statement.error().detail;
  const auto row = statement->step();
  EXPECT_TRUE(row && *row) << name;
  if (const auto number = statement->column_i64(0)) {
    return std::to_string(*number);
  }
  return statement->column_text(0).value_or("?");
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

}  // namespace chancery::sqlite
