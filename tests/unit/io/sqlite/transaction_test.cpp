#include "io/sqlite/transaction.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

// For as long as it lives, no write of SQLite's finds room. Which of the calls it writes by is for
// its build to say.
class UsedUpQuota {
 public:
  UsedUpQuota() {
    for (auto& [name, call] : calls_) {
      call = vfs_->xGetSystemCall(vfs_, name);
      set(name, reinterpret_cast<sqlite3_syscall_ptr>(&UsedUpQuota::write));
    }
  }
  UsedUpQuota(const UsedUpQuota&) = delete;
  UsedUpQuota& operator=(const UsedUpQuota&) = delete;
  UsedUpQuota(UsedUpQuota&&) = delete;
  UsedUpQuota& operator=(UsedUpQuota&&) = delete;
  ~UsedUpQuota() {
    for (const auto& [name, call] : calls_) {
      set(name, call);
    }
  }

 private:
  static ssize_t write(int /*file*/, const void* /*bytes*/, std::size_t /*count*/, off_t /*at*/) {
    errno = EDQUOT;
    return -1;
  }
  void set(const char* name, sqlite3_syscall_ptr call) { vfs_->xSetSystemCall(vfs_, name, call); }

  sqlite3_vfs* vfs_ = sqlite3_vfs_find(nullptr);
  std::map<const char*, sqlite3_syscall_ptr> calls_ = {{"pwrite", nullptr}, {"pwrite64", nullptr}};
};

class TransactionTest : public testing::Test {
 protected:
  [[nodiscard]] std::string count() { return ask(database_, "SELECT count(*) AS x FROM t"); }

  TemporaryStore store_;
  Database database_ = store_.create();
};

TEST_F(TransactionTest, CommitsAllOfIt) {
  auto transaction = Transaction::begin(database_);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1, 'x'); INSERT INTO t VALUES(2, 'x')"));
  ASSERT_TRUE(transaction->commit());
  transaction->rollback();  // Too late to have an effect.
  EXPECT_EQ(count(), "2");
}

TEST_F(TransactionTest, RollsBackWhereCommitWasNotReached) {
  const auto write = [&]() -> Result<void> {
    CHANCERY_TRY(const Transaction transaction, Transaction::begin(database_));
    CHANCERY_TRY_VOID(database_.execute("INSERT INTO t VALUES(1, 'x')"));
    CHANCERY_TRY_VOID(database_.set_user_version(5));
    return fail(ErrorCode::kInternal, "something else went wrong");
  };
  EXPECT_FALSE(write());
  EXPECT_EQ(count(), "0");
  EXPECT_EQ(database_.user_version().value(), 1U);
  EXPECT_TRUE(Transaction::begin(database_));  // The first one is over.
}

// Under a program that has them open: no start would find what SQLite writes then.
TEST_F(TransactionTest, CommitsNothingIntoFilesThatAreGoneOrWereExchangedOrCut) {
  using std::filesystem::copy_file;
  using std::filesystem::rename;
  using std::filesystem::resize_file;
  const std::map<std::string, std::function<void(const std::string&)>> harms = {
      {"is gone", [](const std::string& path) { std::filesystem::remove(path); }},
      {"is another file",
       [](const std::string& path) {
         copy_file(path, path + ".copy");
         rename(path + ".copy", path);
       }},
      {"was cut short",
       [](const std::string& path) { resize_file(path, std::filesystem::file_size(path) - 1); }},
  };
  for (const bool is_wal : {false, true}) {
    for (const auto& [words, harm] : harms) {
      const TemporaryStore store;
      Database database = store.create();
      ASSERT_TRUE(database.make_durable());
      {
        auto before = Transaction::begin(database);
        ASSERT_TRUE(before);
        ASSERT_TRUE(database.execute("INSERT INTO t VALUES(1, 'x')"));
        ASSERT_TRUE(before->commit());
      }
      harm(is_wal ? store.wal() : store.path());
      const auto left = store.files();
      auto transaction = Transaction::begin(database);
      ASSERT_TRUE(transaction);
      ASSERT_TRUE(database.execute("INSERT INTO t VALUES(2, 'x')"));
      const Result<void> committed = transaction->commit();
      ASSERT_EQ(code_of(committed), ErrorCode::kStoreDamaged) << is_wal << words;
      EXPECT_NE(committed.error().detail.find(words), std::string::npos)
          << committed.error().detail;
      EXPECT_EQ(code_of(database.check_files()), ErrorCode::kStoreDamaged) << "and so it stays";
      {
        const Database closed = std::move(database);
      }
      EXPECT_EQ(store.files(), left) << is_wal << words;
    }
  }
}

TEST_F(TransactionTest, DoesNotNest) {
  const auto outer = Transaction::begin(database_);
  ASSERT_TRUE(outer);
  EXPECT_EQ(code_of(Transaction::begin(database_)), ErrorCode::kInternal);
}

TEST_F(TransactionTest, AFailedStatementDoesNotCommitTheOthersByItself) {
  {
    const auto transaction = Transaction::begin(database_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1, 'x')"));
    EXPECT_EQ(code_of(database_.execute("INSERT INTO t VALUES(1, 'x')")), ErrorCode::kExists);
  }
  EXPECT_EQ(count(), "0");
}

TEST_F(TransactionTest, ADeferredViolationIsNoUnknownOutcome) {
  ASSERT_TRUE(database_.execute(
      "CREATE TABLE u(c INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)"));
  auto transaction = Transaction::begin(database_);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database_.execute("INSERT INTO u VALUES(99)"));
  EXPECT_EQ(code_of(transaction->commit()), ErrorCode::kInternal);
  EXPECT_EQ(ask(database_, "SELECT count(*) AS x FROM u"), "0");
  EXPECT_TRUE(Transaction::begin(database_));
}

TEST_F(TransactionTest, AFullDiskWritesNothing) {
  {
    auto transaction = Transaction::begin(database_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1, 'x')"));
    EXPECT_EQ(pragma(database_, "max_page_count=4"), "4");
    EXPECT_EQ(code_of(database_.execute("INSERT INTO t VALUES(2, zeroblob(100000))")),
              ErrorCode::kDiskFull);
  }
  EXPECT_EQ(count(), "0");
}

// A quota: the system says EDQUOT, which SQLite passes on as an error of the disk.
TEST_F(TransactionTest, AQuotaThatIsUsedUpIsAFullDisk) {
  {
    auto transaction = Transaction::begin(database_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1, 'x')"));
    const UsedUpQuota quota;
    EXPECT_EQ(code_of(transaction->commit()), ErrorCode::kDiskFull);
  }
  EXPECT_EQ(count(), "0");
  auto transaction = Transaction::begin(database_);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1, 'x')"));
  EXPECT_TRUE(transaction->commit()) << "and it goes on once there is room";
}

// A file size limit makes the write of the commit fail with EFBIG, which to SQLite is a disk error.
TEST_F(TransactionTest, ADiskErrorInTheCommitIsAnUnknownOutcome) {
  const TemporaryStore store;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Database database = store.create();
    auto transaction = Transaction::begin(database);
    const bool written =
        transaction && database.execute("INSERT INTO t VALUES(1, zeroblob(100000))");
    const rlimit limit = {.rlim_cur = std::filesystem::file_size(store.wal()) + 20'000,
                          .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto committed = transaction->commit();
    const bool unknown = written && !committed && committed.error().code == ErrorCode::kIo &&
                         committed.error().detail.starts_with("OUTCOME UNKNOWN");
    ::_exit(unknown ? 0 : 1);  // As the owner has to: stop.
  }
  int status = 1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  // And reload: the store is whole, with all of the transaction or, as here, nothing.
  auto database = store.open(OpenMode::kExisting);
  ASSERT_TRUE(database) << database.error().detail;
  EXPECT_EQ(pragma(*database, "integrity_check"), "ok");
  EXPECT_EQ(ask(*database, "SELECT count(*) AS x FROM t"), "0");
}

}  // namespace
}  // namespace chancery::sqlite
