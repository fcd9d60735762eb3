#include "io/sqlite/wal.h"

#include <gtest/gtest.h>

#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameSize = 24 + 8192;

// The WAL of a store that is open, as a crash would leave it: ten transactions of two frames.
class WalTest : public testing::Test {
 protected:
  WalTest() : database_(store_.create()) {
    EXPECT_TRUE(database_.execute("CREATE TABLE u(id INTEGER PRIMARY KEY) STRICT"));
    EXPECT_TRUE(database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    for (int i = 0; i < 10; ++i) {
      transact(i);
    }
    good_ = content();
    EXPECT_EQ(good_.size(), kHeaderSize + 20 * kFrameSize);
  }

  void transact(int id) {
    const std::string values = "VALUES(" + std::to_string(id);
    EXPECT_TRUE(database_.execute("BEGIN; INSERT INTO t " + values + ", 'x'); INSERT INTO u " +
                                  values + "); COMMIT"));
  }
  [[nodiscard]] std::string content() const {
    std::ifstream file(store_.wal(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // What is said of a WAL with this content, beside no database.
  [[nodiscard]] Result<WalExtent> check(const std::string& content) const {
    std::ofstream(copy_.wal(), std::ios::binary) << content;
    return check_wal(copy_.wal());
  }
  [[nodiscard]] Result<WalExtent> check_flipped(std::size_t at) const {
    std::string flipped = good_;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    return check(flipped);
  }

  TemporaryStore store_;
  TemporaryStore copy_;
  Database database_;
  std::string good_;
};

TEST_F(WalTest, AWholeOneAndNoneAreGood) {
  EXPECT_TRUE(check(good_));
  EXPECT_TRUE(check(""));
  EXPECT_TRUE(check_wal(copy_.path()));
}

TEST_F(WalTest, ABitOfWhatWasSyncedIsDamage) {
  for (std::size_t frame = 0; frame < 16; ++frame) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{9}, std::size_t{17},
                                 std::size_t{24}, std::size_t{4000}, kFrameSize - 1}) {
      const Result<WalExtent> checked = check_flipped(kHeaderSize + frame * kFrameSize + at);
      ASSERT_EQ(code_of(checked), ErrorCode::kStoreDamaged) << frame << " " << at;
      EXPECT_NE(checked.error().detail.find(copy_.wal()), std::string::npos);
    }
  }
}

TEST_F(WalTest, ABitOfItsHeaderIsDamage) {
  for (std::size_t at = 0; at < kHeaderSize; ++at) {
    EXPECT_EQ(code_of(check_flipped(at)), ErrorCode::kStoreDamaged) << at;
  }
}

TEST_F(WalTest, WhatACrashCutShortIsNoDamage) {
  for (std::size_t size = 0; size < good_.size(); size += 511) {
    EXPECT_TRUE(check(good_.substr(0, size))) << size;
  }
  for (std::size_t frame = 18; frame < 20; ++frame) {  // Of the last transaction any part may lack.
    for (std::size_t at = 0; at < kFrameSize; at += 512) {
      std::string torn = good_;
      torn.replace(kHeaderSize + frame * kFrameSize + at, 512, 512, '\0');
      torn.resize(good_.size());
      EXPECT_TRUE(check(torn)) << frame << " " << at;
    }
  }
}

TEST_F(WalTest, WhatWasCheckpointedBeforeIsNotItsOwn) {
  ASSERT_TRUE(database_.execute("PRAGMA wal_checkpoint(RESTART)"));
  transact(11);  // Over the first frames, under new salts; the others stay as they were.
  good_ = content();
  ASSERT_EQ(good_.size(), kHeaderSize + 20 * kFrameSize);
  EXPECT_TRUE(check(good_));
  for (std::size_t frame = 0; frame < 20; ++frame) {
    EXPECT_TRUE(check_flipped(kHeaderSize + frame * kFrameSize + 100)) << frame;
  }
}

TEST_F(WalTest, NeitherAnOwnerNorAnAuditPassesDamageBy) {
  std::string flipped = good_;
  flipped[kHeaderSize + kFrameSize + 100] = 'x';
  {
    const Database other = copy_.create();
  }
  std::ofstream(copy_.wal(), std::ios::binary) << flipped;
  std::filesystem::permissions(
      copy_.wal(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto files = copy_.files();
  for (const OpenMode mode : {OpenMode::kExisting, OpenMode::kReadOnly}) {
    EXPECT_EQ(code_of(copy_.open(mode)), ErrorCode::kStoreDamaged);
    EXPECT_TRUE(copy_.files() == files);  // Not shown: it is long.
  }
}

}  // namespace
}  // namespace chancery::sqlite
