#include "io/sqlite/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "io/sqlite/transaction.h"
#include "tests/sim/disk.h"
#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

// Runs in a process that then ends as in a crash: nothing is closed, the WAL stays.
template <class Body>
void crash_after(const Body& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
}

void insert(Database& database, int id) {
  auto statement = database.prepare("INSERT INTO t VALUES(?, 'x')");
  ASSERT_TRUE(statement);
  ASSERT_TRUE(statement->bind(1, id).run());
}

TEST(DatabaseTest, RunsWithTheDurabilityThatItPromises) {
  const TemporaryStore store;
  for (const OpenMode mode : {OpenMode::kCreate, OpenMode::kExisting}) {
    auto database = store.open(mode);
    ASSERT_TRUE(database) << database.error().detail;
    EXPECT_EQ(pragma(*database, "journal_mode"), "wal");
    EXPECT_EQ(pragma(*database, "synchronous"), "2");  // FULL
    EXPECT_EQ(pragma(*database, "locking_mode"), "exclusive");
    EXPECT_EQ(pragma(*database, "page_size"), "8192");
    EXPECT_EQ(pragma(*database, "foreign_keys"), "1");
    EXPECT_EQ(pragma(*database, "cell_size_check"), "1");
    EXPECT_EQ(pragma(*database, "trusted_schema"), "0");
    EXPECT_EQ(pragma(*database, "cache_size"), "-16384");
    EXPECT_EQ(pragma(*database, "application_id"), std::to_string(kTestId));
    EXPECT_EQ(database->user_version().value(), 0U);
    EXPECT_FALSE(std::filesystem::exists(store.path() + "-shm"));
  }
}

TEST(DatabaseTest, TakesCacheAndCheckpointSizesFromItsOptions) {
  const TemporaryStore store;
  OpenOptions options = test_options(OpenMode::kCreate);
  options.cache_kib = 100;
  options.medium.wal_checkpoint_pages = 7;
  auto database = Database::open(store.path(), options);
  ASSERT_TRUE(database);
  EXPECT_EQ(pragma(*database, "cache_size"), "-100");
  ASSERT_TRUE(database->execute("CREATE TABLE t(x)"));
  const auto insert = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(database->execute("INSERT INTO t VALUES(1)"));
    }
  };
  const auto wal_pages = [&] { return std::filesystem::file_size(store.wal()) / 8192; };
  for (int i = 0; i < 10; ++i) {
    insert(7);
    ASSERT_TRUE(database->write_back());
  }
  EXPECT_LT(wal_pages(), 12U) << "it begins anew each time";
  insert(3);
  const auto written = std::filesystem::last_write_time(store.path());
  ASSERT_TRUE(database->write_back());
  EXPECT_EQ(std::filesystem::last_write_time(store.path()), written) << "there is little to move";
  insert(100);
  EXPECT_GT(wal_pages(), 20U);
  EXPECT_LT(wal_pages(), 40U) << "a commit does not leave more";
}

// A sync that fails is never passed over: not that of a checkpoint after a commit either.
TEST(DatabaseTest, ACommitSaysThatASyncFailed) {
  for (std::uint64_t nth = 1; nth <= 30; ++nth) {
    sim::Disk disk("disk", sim::Random(nth));
    OpenOptions options = test_options(OpenMode::kCreate);
    options.medium = sim::Disk::medium();
    options.medium.wal_checkpoint_pages = 3;
    auto database = Database::open(disk.path("a.db"), options);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE t(x)"));
    disk.fail_sync(nth);
    bool failed = false;
    for (int i = 0; i < 120 && !failed; ++i) {
      failed = !database->execute("INSERT INTO t VALUES(1)").has_value() ||
               (nth % 2 == 0 && !database->write_back().has_value());
      ASSERT_TRUE(failed || disk.waits_to_fail_a_sync()) << "sync " << nth << ", commit " << i;
    }
    EXPECT_TRUE(failed) << nth;
  }
}

TEST(DatabaseTest, CreatesFilesThatOnlyItsUserCanRead) {
  const TemporaryStore store;
  const mode_t before = ::umask(0);
  const Database database = store.create();
  ::umask(before);
  for (const std::string& path : {store.path(), store.wal()}) {
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_mode & 07777U, 0600U) << path;
  }
}

TEST(DatabaseTest, CreatesOnlyWhereNothingIsAndOpensOnlyWhatIs) {
  const TemporaryStore store;
  EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kFileMissing);
  EXPECT_EQ(code_of(store.open(OpenMode::kReadOnly)), ErrorCode::kFileMissing);
  EXPECT_TRUE(store.files().empty());
  {
    const Database database = store.create();
  }
  const auto files = store.files();
  EXPECT_EQ(code_of(store.open(OpenMode::kCreate)), ErrorCode::kExists);
  EXPECT_EQ(store.files(), files);
  EXPECT_EQ(code_of(Database::open("", test_options(OpenMode::kCreate))), ErrorCode::kFileMissing);
}

TEST(DatabaseTest, DoesNotTakeTheWalOfAnotherStoreForItsOwn) {
  const TemporaryStore store;
  std::ofstream(store.wal()) << "left behind";
  EXPECT_EQ(code_of(store.open(OpenMode::kCreate)), ErrorCode::kExists);
  EXPECT_FALSE(std::filesystem::exists(store.path()));
}

TEST(DatabaseTest, RefusesASecondOpenerInThisProcess) {
  const TemporaryStore store;
  Database database = store.create();
  EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kStoreBusy);
  EXPECT_EQ(code_of(store.open(OpenMode::kReadOnly)), ErrorCode::kStoreBusy);
  // And the attempts have not broken the owner's lock, as closing the file would (fcntl(2)).
  crash_after([&] {
    EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kStoreBusy);
    EXPECT_EQ(code_of(store.open(OpenMode::kReadOnly)), ErrorCode::kStoreBusy);
  });
  insert(database, 1);
}

TEST(DatabaseTest, RefusesASecondOpenerInAnotherProcessAlsoBeforeTheFirstWrite) {
  const TemporaryStore store;
  {
    const Database database = store.create();
  }
  const auto database = store.open(OpenMode::kExisting);
  ASSERT_TRUE(database);
  crash_after([&] {
    EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kStoreBusy);
    EXPECT_EQ(code_of(store.open(OpenMode::kReadOnly)), ErrorCode::kStoreBusy);
    EXPECT_NE(store.open(OpenMode::kExisting).error().detail.find(store.path()), std::string::npos);
  });
}

TEST(DatabaseTest, KeepsWhatWasCommittedBeforeACrash) {
  const TemporaryStore store;
  crash_after([&] {
    auto* const database = new Database(store.create());
    insert(*database, 1);
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    insert(*database, 2);
    ::_exit(0);
  });
  auto database = store.open(OpenMode::kExisting);
  ASSERT_TRUE(database) << database.error().detail;
  EXPECT_EQ(ask(*database, "SELECT group_concat(id) AS x FROM t"), "1");
}

TEST(DatabaseTest, RefusesANewerVersionAndLeavesEveryByteAsItIs) {
  const TemporaryStore store;
  {
    Database database = store.create();
    ASSERT_TRUE(database.set_user_version(7));
  }
  const auto files = store.files();
  for (const OpenMode mode : {OpenMode::kExisting, OpenMode::kReadOnly}) {
    const auto refused = store.open(mode, 6);
    EXPECT_EQ(code_of(refused), ErrorCode::kStoreVersion);
    EXPECT_NE(refused.error().detail.find("version 7"), std::string::npos);
    EXPECT_NE(refused.error().detail.find("up to 6"), std::string::npos);
    EXPECT_EQ(store.files(), files);
  }
  EXPECT_TRUE(store.open(OpenMode::kExisting, 7));
}

// After a crash the version stands in the WAL only, and opening a WAL usually ends with emptying
// it.
TEST(DatabaseTest, RefusesANewerVersionInTheWalAndLeavesEveryByteAsItIs) {
  const TemporaryStore store;
  crash_after([&] {
    auto* const database = new Database(store.create());
    ASSERT_TRUE(database->set_user_version(7));
  });
  ASSERT_GT(std::filesystem::file_size(store.wal()), 0U);
  const auto files = store.files();
  EXPECT_EQ(code_of(store.open(OpenMode::kExisting, 6)), ErrorCode::kStoreVersion);
  EXPECT_EQ(store.files(), files);
  EXPECT_EQ(code_of(store.open(OpenMode::kReadOnly, 6)), ErrorCode::kStoreVersion);
  EXPECT_EQ(store.files(), files);
  auto database = store.open(OpenMode::kExisting, 7);
  ASSERT_TRUE(database);
  EXPECT_EQ(database->user_version().value(), 7U);
}

// Whoever opens a store may refuse it for what it holds.
TEST(DatabaseTest, ClosingLeavesEveryByteAsItIsUntilSomethingWasCommitted) {
  const TemporaryStore store;
  crash_after([&] {
    auto* const database = new Database(store.create());
    insert(*database, 1);
  });
  const auto files = store.files();
  for (const char* const end : {"ROLLBACK", "COMMIT"}) {
    auto database = store.open(OpenMode::kExisting);
    ASSERT_TRUE(database) << database.error().detail;
    EXPECT_EQ(ask(*database, "SELECT count(*) AS x FROM t"), "1");
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    EXPECT_TRUE(store.files() == files) << end;  // Not shown: it is long.
    if (std::string_view(end) == "COMMIT") {
      insert(*database, 2);
      ASSERT_TRUE(transaction->commit());
    }
  }
  EXPECT_FALSE(std::filesystem::exists(store.wal()));
  auto database = store.open(OpenMode::kExisting);
  ASSERT_TRUE(database) << database.error().detail;
  EXPECT_EQ(ask(*database, "SELECT count(*) AS x FROM t"), "2");
}

TEST(DatabaseTest, RefusesAStoreOfAnotherKindAndLeavesItAsItIs) {
  const TemporaryStore store;
  {
    const Database database = store.create();
  }
  const auto files = store.files();
  OpenOptions options = test_options(OpenMode::kExisting);
  options.application_id = kTestId + 1;
  EXPECT_EQ(code_of(Database::open(store.path(), options)), ErrorCode::kStoreDamaged);
  options.mode = OpenMode::kReadOnly;
  EXPECT_EQ(code_of(Database::open(store.path(), options)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(store.files(), files);
}

TEST(DatabaseTest, RefusesWhatIsNoDatabase) {
  const TemporaryStore store;
  for (const std::string& content : {std::string(), std::string("SQLite format 3"),
                                     std::string(20'000, 'x'), std::string(20'000, '\0')}) {
    std::ofstream(store.path(), std::ios::binary) << content;
    ASSERT_EQ(::chmod(store.path().c_str(), 0600), 0);
    EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kStoreDamaged);
    EXPECT_EQ(code_of(store.open(OpenMode::kReadOnly)), ErrorCode::kStoreDamaged);
    EXPECT_EQ(store.files().size(), 1U);
    EXPECT_EQ(store.files().begin()->second, content);
  }
}

TEST(DatabaseTest, RefusesAStoreThatOthersCanRead) {
  const TemporaryStore store;
  {
    const Database database = store.create();
  }
  ASSERT_EQ(::chmod(store.path().c_str(), 0640), 0);
  EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kFilePermissions);
  EXPECT_TRUE(store.open(OpenMode::kReadOnly));  // A copy may lie anywhere.
}

TEST(DatabaseTest, TellsADamagedPageFromADiskError) {
  const TemporaryStore store;
  {
    Database database = store.create();
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    for (int id = 0; id < 3000; ++id) {
      insert(database, id);
    }
    ASSERT_TRUE(transaction->commit());
  }
  {
    std::fstream file(store.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(8192);
    file << std::string(8192, '\x5a');
  }
  auto database = store.open(OpenMode::kExisting);
  ASSERT_TRUE(database);
  EXPECT_EQ(code_of(database->execute("DELETE FROM t WHERE id > 1")), ErrorCode::kStoreDamaged);
}

TEST(DatabaseTest, ReadsAStoppedStoreWithoutWritingAnything) {
  const TemporaryStore store;
  {
    Database database = store.create();
    insert(database, 1);
  }
  const auto files = store.files();
  ASSERT_EQ(files.size(), 1U);  // An orderly end leaves no WAL.
  {
    auto copy = store.open(OpenMode::kReadOnly);
    ASSERT_TRUE(copy) << copy.error().detail;
    EXPECT_EQ(ask(*copy, "SELECT count(*) AS x FROM t"), "1");
    EXPECT_FALSE(copy->execute("INSERT INTO t VALUES(2, 'x')"));
    EXPECT_EQ(store.files(), files);
    // Read meanwhile, so no owner may start; other readers may.
    EXPECT_EQ(code_of(store.open(OpenMode::kExisting)), ErrorCode::kStoreBusy);
    EXPECT_TRUE(store.open(OpenMode::kReadOnly));
  }
  EXPECT_EQ(store.files(), files);
  EXPECT_TRUE(store.open(OpenMode::kExisting));
}

TEST(DatabaseTest, ReadsTheWalOfACrashedStoreWithoutWritingAnything) {
  const TemporaryStore store;
  const TemporaryStore temporary;  // Only for its folder, to see that nothing stays in it.
  crash_after([&] {
    auto* const database = new Database(store.create());
    insert(*database, 1);
    insert(*database, 2);
  });
  const auto files = store.files();
  ASSERT_EQ(files.size(), 3U) << "with the mark of its WAL";
  const std::string folder = std::filesystem::path(temporary.path()).parent_path().string();
  ASSERT_EQ(::setenv("TMPDIR", folder.c_str(), 1), 0);
  {
    auto copy = store.open(OpenMode::kReadOnly);
    ::unsetenv("TMPDIR");
    ASSERT_TRUE(copy) << copy.error().detail;
    EXPECT_TRUE(temporary.files().empty());
    EXPECT_EQ(ask(*copy, "SELECT count(*) AS x FROM t"), "2");
    EXPECT_EQ(pragma(*copy, "integrity_check"), "ok");
    EXPECT_FALSE(copy->execute("INSERT INTO t VALUES(3, 'x')"));
    EXPECT_EQ(store.files(), files);
  }
  EXPECT_EQ(store.files(), files);
}

TEST(DatabaseTest, SaysThatTheDiskIsFullAndGoesOnOnceThereIsRoom) {
  const TemporaryStore store;
  Database database = store.create();
  EXPECT_EQ(pragma(database, "max_page_count=4"), "4");
  const auto full = database.execute("INSERT INTO t VALUES(1, zeroblob(100000))");
  EXPECT_EQ(code_of(full), ErrorCode::kDiskFull);
  EXPECT_NE(full.error().detail.find("disk full"), std::string::npos);
  EXPECT_EQ(pragma(database, "max_page_count=1000"), "1000");
  EXPECT_TRUE(database.execute("INSERT INTO t VALUES(1, zeroblob(100000))"));
}

TEST(DatabaseTest, TellsAValueThatIsThereAlreadyFromOtherViolations) {
  const TemporaryStore store;
  Database database = store.create();
  ASSERT_TRUE(
      database.execute("CREATE TABLE u(a UNIQUE, b NOT NULL CHECK(b > 0), "
                       "c REFERENCES t(id)); INSERT INTO u VALUES('x', 1, NULL)"));
  EXPECT_EQ(code_of(database.execute("INSERT INTO u VALUES('x', 1, NULL)")), ErrorCode::kExists);
  insert(database, 1);
  EXPECT_EQ(code_of(database.execute("INSERT INTO t VALUES(1, 'y')")), ErrorCode::kExists);
  for (const char* const values : {"'y', NULL, NULL", "'y', 0, NULL", "'y', 1, 99"}) {
    EXPECT_EQ(code_of(database.execute(std::string("INSERT INTO u VALUES(") + values + ")")),
              ErrorCode::kInternal);
  }
}

TEST(DatabaseTest, RefusesWrongSqlWithoutStopping) {
  const TemporaryStore store;
  Database database = store.create();
  EXPECT_EQ(code_of(database.execute("INSERT INTO nowhere VALUES(1)")), ErrorCode::kInternal);
  EXPECT_EQ(code_of(database.prepare("SELEKT 1")), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(database.prepare("")), ErrorCode::kInternal);
  EXPECT_EQ(code_of(database.prepare("SELECT 1; SELECT 2")), ErrorCode::kInternal);
  EXPECT_EQ(code_of(database.prepare("SELECT \"no_such_column\"")), ErrorCode::kStoreDamaged);
}

TEST(DatabaseTest, CountsChangesAndRowids) {
  const TemporaryStore store;
  Database database = store.create();
  insert(database, 5);
  insert(database, 9);
  EXPECT_EQ(database.last_insert_rowid(), 9);
  ASSERT_TRUE(database.execute("UPDATE t SET body = 'y'"));
  EXPECT_EQ(database.changes(), 2U);
}

}  // namespace
}  // namespace chancery::sqlite
