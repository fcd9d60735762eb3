#include "io/sqlite/backup.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "io/sqlite/transaction.h"
#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

class BackupTest : public testing::Test {
 protected:
  BackupTest() { put(400); }

  // Rows of 4 KiB each.
  void put(int count) {
    Transaction transaction = *Transaction::begin(database_);
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(database_.execute("INSERT INTO t(body) VALUES(randomblob(4096))"));
    }
    ASSERT_TRUE(transaction.commit());
  }
  [[nodiscard]] std::string copy_path() const { return store_.path() + ".copy"; }
  [[nodiscard]] Result<Database> copy() const {
    return Database::open(copy_path(), test_options(OpenMode::kReadOnly));
  }
  static constexpr const char* kContent = "SELECT group_concat(hex(body)) AS x FROM t";

  TemporaryStore store_;
  Database database_ = store_.create();
};

TEST_F(BackupTest, ACopyIsAStoreThatCanBeReadAndHasTheSameRows) {
  Backup backup = *Backup::begin(database_, copy_path());
  int steps = 0;
  while (!backup.step(16).value()) {
    ++steps;
    EXPECT_LE(backup.copied_count(), static_cast<std::uint64_t>(16 * steps));
  }
  EXPECT_GT(steps, 10);
  EXPECT_EQ(backup.copied_count(), backup.page_count());
  Result<Database> read = copy();
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(read->check_integrity());
  EXPECT_EQ(ask(*read, kContent), ask(database_, kContent));
  struct stat status{};
  ASSERT_EQ(::stat(copy_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(std::filesystem::exists(copy_path() + "-journal"));
  EXPECT_FALSE(std::filesystem::exists(copy_path() + "-wal"));
}

// What the owner commits meanwhile, before and behind the place where the copy is, is in it.
TEST_F(BackupTest, TheOwnerGoesOnAndTheCopyIsOfTheEnd) {
  Backup backup = *Backup::begin(database_, copy_path());
  for (int i = 1; !backup.step(16).value(); ++i) {
    if (i <= 10) {
      put(5);
      Transaction transaction = *Transaction::begin(database_);
      ASSERT_TRUE(database_.execute("UPDATE t SET body = randomblob(4096) WHERE id IN (1, 200)"));
      ASSERT_TRUE(transaction.commit());
    }
  }
  Result<Database> read = copy();
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(read->check_integrity());
  EXPECT_EQ(ask(*read, "SELECT count(*) AS x FROM t"), "450");
  EXPECT_EQ(ask(*read, kContent), ask(database_, kContent));
}

TEST_F(BackupTest, WhatIsThereIsNotOverwritten) {
  for (const std::string& path : {store_.path(), store_.wal()}) {
    const auto before = store_.files();
    EXPECT_EQ(code_of(Backup::begin(database_, path)), ErrorCode::kExists);
    EXPECT_EQ(store_.files(), before);
  }
  EXPECT_EQ(code_of(Backup::begin(database_, store_.path() + "/no/folder")), ErrorCode::kIo);
}

// The owner may drop a copy halfway, and is none the worse for it.
TEST_F(BackupTest, AnAbandonedCopyLeavesTheStoreAsItWas) {
  {
    Backup backup = *Backup::begin(database_, copy_path());
    EXPECT_FALSE(backup.step(16).value());
  }
  put(1);
  EXPECT_TRUE(database_.check_integrity());
  EXPECT_EQ(ask(database_, "SELECT count(*) AS x FROM t"), "401");
}

}  // namespace
}  // namespace chancery::sqlite
