#include "io/sqlite/wal_mark.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

// A store that is open, and what a kill of its program would leave of it.
class WalMarkTest : public testing::Test {
 protected:
  WalMarkTest() : database_(store_.create()) {
    EXPECT_TRUE(database_.make_durable());
    EXPECT_FALSE(std::filesystem::exists(mark_of(store_)));
    insert(0);
    insert(1);
    earlier_ = content(store_.wal());
    insert(2);
  }

  static std::string mark_of(const TemporaryStore& store) { return store.path() + "-mark"; }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void put(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    std::filesystem::permissions(path, std::filesystem::perms(0600));
  }
  void insert(int id) {
    EXPECT_TRUE(
        database_.execute("BEGIN; INSERT INTO t VALUES(" + std::to_string(id) + ", 'x'); COMMIT"));
  }
  // The store as it is, with this in the place of its WAL, opened anew: how many rows it has.
  std::string reopened(const std::string& wal, OpenMode mode = OpenMode::kExisting) {
    put(copy_.path(), content(store_.path()));
    put(mark_of(copy_), content(mark_of(store_)));
    put(copy_.wal(), wal);
    if (wal.empty()) {
      std::filesystem::remove(copy_.wal());
    }
    return counted(mode);
  }
  std::string counted(OpenMode mode = OpenMode::kExisting) {
    Result<Database> opened = copy_.open(mode);
    return opened.has_value() ? ask(*opened, "SELECT count(*) AS x FROM t")
                              : opened.error().to_string();
  }
  static bool is_damage(const std::string& said) {
    return said.starts_with("store-damaged: ") &&
           said.find("-wal is missing, cut off") != std::string::npos;
  }

  TemporaryStore store_;
  TemporaryStore copy_;
  Database database_;
  std::string earlier_;
};

TEST_F(WalMarkTest, AWalThatIsWholeIsGood) {
  EXPECT_EQ(reopened(content(store_.wal())), "3");
}

TEST_F(WalMarkTest, AWalThatIsMissingCutOffOrAnEarlierOneIsDamage) {
  const std::string wal = content(store_.wal());
  for (const OpenMode mode : {OpenMode::kExisting, OpenMode::kReadOnly}) {
    EXPECT_PRED1(is_damage, reopened("", mode));
    EXPECT_PRED1(is_damage, reopened(wal.substr(0, wal.size() / 2), mode));
    EXPECT_PRED1(is_damage, reopened(wal.substr(0, wal.size() - 1), mode));
    EXPECT_PRED1(is_damage, reopened(earlier_, mode));
  }
  put(copy_.wal(), "");
  EXPECT_PRED1(is_damage, counted());
}

TEST_F(WalMarkTest, WithoutAWholeMarkItIsTakenForACrash) {
  EXPECT_PRED1(is_damage, reopened(earlier_));
  put(mark_of(copy_), content(mark_of(store_)).replace(7, 1, "?"));
  EXPECT_EQ(counted(), "2");
  EXPECT_PRED1(is_damage, reopened(earlier_));
  std::filesystem::remove(mark_of(copy_));
  EXPECT_EQ(counted(), "2");
}

TEST_F(WalMarkTest, AWalThatBeganAnewIsLaterAndNotEarlier) {
  const std::string before = content(store_.wal());
  const std::string mark_before = content(mark_of(store_));
  EXPECT_TRUE(database_.execute("PRAGMA wal_checkpoint(PASSIVE)"));
  insert(3);
  const std::string after = content(store_.wal());
  EXPECT_EQ(reopened(after), "4");
  EXPECT_PRED1(is_damage, reopened(before));
  put(mark_of(copy_), mark_before);  // Killed between the commit and its mark.
  put(copy_.wal(), after);
  EXPECT_EQ(counted(), "4");
}

// Killed when the WAL had begun anew, and nothing was committed in it yet: all that the mark speaks
// of is in the main file by then.
TEST_F(WalMarkTest, AWalThatOnlyBeganAnewIsACrash) {
  const std::string before = content(store_.wal());
  const std::string mark_before = content(mark_of(store_));
  EXPECT_TRUE(database_.execute("PRAGMA wal_checkpoint(PASSIVE)"));
  const std::string checkpointed = content(store_.path());
  insert(3);
  const std::string header = content(store_.wal()).substr(0, 32);
  for (const std::size_t written : {0U, 24U, 500U}) {  // Of its first frame.
    put(copy_.path(), checkpointed);
    put(mark_of(copy_), mark_before);
    put(copy_.wal(),
        header + content(store_.wal()).substr(32, written) + before.substr(32 + written));
    EXPECT_EQ(counted(), "3") << written;
    std::filesystem::remove(mark_of(copy_));
    std::filesystem::remove(copy_.wal());
  }
}

TEST_F(WalMarkTest, ItGoesBeforeTheOwnerEmptiesTheWal) {
  EXPECT_TRUE(std::filesystem::exists(mark_of(store_)));
  EXPECT_TRUE(database_.make_durable());
  EXPECT_FALSE(std::filesystem::exists(mark_of(store_)));
  insert(4);
  EXPECT_TRUE(std::filesystem::exists(mark_of(store_)));
  {
    const Database closed = std::move(database_);
  }
  EXPECT_FALSE(std::filesystem::exists(mark_of(store_)));
  EXPECT_FALSE(std::filesystem::exists(store_.wal()));
}

// A mark of another store beside a new one would speak of a WAL that it never had.
// SQLite looks for the WAL where the store itself is.
TEST_F(WalMarkTest, WhatLiesBesideALinkIsNamedAndNotPassedOver) {
  const std::string wal = content(store_.wal());
  const std::string real = copy_.path() + ".real";
  EXPECT_EQ(reopened(wal), "3");
  put(real, content(store_.path()));
  std::filesystem::remove(copy_.path());
  std::filesystem::create_symlink(real, copy_.path());
  for (const std::string suffix : {"-wal", "-mark"}) {
    put(copy_.wal(), wal);
    put(mark_of(copy_), content(mark_of(store_)));
    std::filesystem::remove(copy_.path() + (suffix == "-wal" ? "-mark" : "-wal"));
    for (const OpenMode mode : {OpenMode::kExisting, OpenMode::kReadOnly}) {
      const std::string said = counted(mode);
      EXPECT_TRUE(said.starts_with("store-damaged: ")) << said;
      EXPECT_NE(said.find(suffix + " lies beside a link"), std::string::npos) << said;
    }
    std::filesystem::remove(copy_.path() + suffix);
  }
  put(real + "-mark", content(mark_of(store_)));
  EXPECT_TRUE(is_damage(counted())) << "its own WAL is looked for beside the store";
  put(real + "-wal", wal);
  EXPECT_EQ(counted(), "3");
  EXPECT_FALSE(std::filesystem::exists(mark_of(copy_)));
}

TEST_F(WalMarkTest, NothingIsMadeBesideAMarkThatWasLeft) {
  put(mark_of(copy_), content(mark_of(store_)));
  EXPECT_EQ(code_of(copy_.open(OpenMode::kCreate)), ErrorCode::kExists);
}

}  // namespace
}  // namespace chancery::sqlite
