#include "node/store/notice_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "io/sqlite/database.h"
#include "io/sqlite/transaction.h"
#include "node/store/node_store.h"
#include "tests/unit/io/os/temporary_folder.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using test::must;
using Part = NoticeIndex::Part;

Hash notice_of(std::uint64_t number) {
  return crypto::sha256({as_bytes("notice " + std::to_string(number))});
}

// A store, into which rows are put as far as the index sees them.
class NoticeIndexTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kWaitingMax = 64;

  NoticeIndexTest() {
    must(NodeStore::open(path_, Hash{}, "AM", StoreUse::kOwn)).reset();
    database_ = std::make_unique<sqlite::Database>(
        must(sqlite::Database::open(path_, {.mode = sqlite::OpenMode::kExisting,
                                            .application_id = kNodeStoreApplicationId,
                                            .user_version = kNodeStoreVersion})));
    statements_ = std::make_unique<sqlite::StatementCache>(*database_);
    load();
  }

  void load() {
    index_ = std::make_unique<NoticeIndex>(must(NoticeIndex::load(*statements_, kWaitingMax)));
  }

  void put(Part part, std::uint64_t row) {
    sqlite::Statement* const insert =
        part == Part::kInbox
            ? must(statements_->get(
                  "INSERT INTO inbox(arrival, idx, notice, origin, notice_id, accepted_at_ms, "
                  "arrived_at_ms, created_at_us, sealed, key_id, draft, text, urgent) "
                  "VALUES(?1, ?1, ?2, '', x'', 0, 0, 0, 0, x'', x'', x'', 0)"))
            : must(statements_->get(
                  "INSERT INTO outbox(seq, notice_id, notice, request, application, queued_at_ms, "
                  "precedence, sealed, bytes, alarms, exempt, stage) "
                  "VALUES(?1, ?2, ?2, x'', '', 0, 0, 0, 0, 0, 0, 4)"));
    must(insert->bind(1, row).bind(2, Bytes(notice_of(row))).run());
    index_->add(part, notice_of(row), row);
  }
  std::uint64_t found(Part part, std::uint64_t row) {
    return must(index_->find(*statements_, part, notice_of(row))).value_or(0);
  }
  std::vector<std::string> written() {
    std::vector<std::string> notices;
    sqlite::Statement* const rows =
        must(statements_->get("SELECT notice FROM notice_index ORDER BY notice"));
    while (must(rows->step())) {
      notices.push_back(must(rows->column_blob(0)));
    }
    return notices;
  }
  std::uint64_t number(const std::string& sql) {
    sqlite::Statement* const select = must(statements_->get(sql));
    EXPECT_TRUE(must(select->step()));
    const std::uint64_t value = must(select->column_u64(0));
    select->reset();
    return value;
  }

  const os::TemporaryFolder folder_;
  const std::string path_ = folder_ / "node.db";
  std::unique_ptr<sqlite::Database> database_;
  std::unique_ptr<sqlite::StatementCache> statements_;
  std::unique_ptr<NoticeIndex> index_;
};

TEST_F(NoticeIndexTest, ANoticeIsFoundInThePartWhereItIs) {
  put(Part::kInbox, 1);
  put(Part::kOutbox, 2);
  put(Part::kInbox, 3);
  put(Part::kOutbox, 3);
  EXPECT_EQ(found(Part::kInbox, 1), 1U);
  EXPECT_EQ(found(Part::kOutbox, 1), 0U);
  EXPECT_EQ(found(Part::kInbox, 2), 0U);
  EXPECT_EQ(found(Part::kOutbox, 2), 2U);
  EXPECT_EQ(found(Part::kInbox, 3), 3U);
  EXPECT_EQ(found(Part::kOutbox, 3), 3U);
  EXPECT_EQ(found(Part::kInbox, 4), 0U);
  must(index_->write(*statements_));
  EXPECT_TRUE(written().empty());  // Few wait in memory, and are read again.
  load();
  EXPECT_EQ(found(Part::kOutbox, 2), 2U);
  EXPECT_EQ(found(Part::kInbox, 3), 3U);
}

TEST_F(NoticeIndexTest, WhatDoesNotWaitIsInTheTableThroughRoundsAndStarts) {
  constexpr std::uint64_t kRows = 1500;
  for (std::uint64_t row = 1; row <= kRows; ++row) {
    put(row % 3 == 0 ? Part::kOutbox : Part::kInbox, row);
    if (row % 10 == 0) {
      must(index_->write(*statements_));
    }
    if (row % 250 == 0 && row != 1250) {
      load();  // As after a start, or a transaction that did not come to its end.
      for (std::uint64_t each = 1; each <= row; ++each) {
        ASSERT_EQ(found(each % 3 == 0 ? Part::kOutbox : Part::kInbox, each), each) << row;
        ASSERT_EQ(found(each % 3 == 0 ? Part::kInbox : Part::kOutbox, each), 0U) << row;
      }
    }
  }
  // A start reads two rounds at most, of twice what waits each.
  EXPECT_GT(number("SELECT arrival FROM notice_indexed"), kRows - 5 * kWaitingMax);
  EXPECT_GT(number("SELECT seq FROM notice_indexed"), kRows - 5 * kWaitingMax);
  EXPECT_EQ(number("SELECT count(*) FROM inbox WHERE arrival <= (SELECT arrival FROM "
                   "notice_indexed) AND notice NOT IN (SELECT notice FROM notice_index)"),
            0U);
  EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE seq <= (SELECT seq FROM notice_indexed) "
                   "AND notice NOT IN (SELECT notice FROM notice_index)"),
            0U);
}

TEST_F(NoticeIndexTest, TheMarkOfAPartStaysWhereNothingNewComesInIt) {
  for (std::uint64_t row = 1; row <= 10; ++row) {
    put(Part::kOutbox, row);
  }
  for (std::uint64_t row = 11; row <= 1000; ++row) {
    put(Part::kInbox, row);
    must(index_->write(*statements_));
  }
  EXPECT_EQ(number("SELECT seq FROM notice_indexed"), 10U);
  const std::uint64_t mark = number("SELECT arrival FROM notice_indexed");
  load();
  for (std::uint64_t row = 1001; row <= 2000; ++row) {
    put(Part::kInbox, row);
    must(index_->write(*statements_));
    ASSERT_EQ(number("SELECT seq FROM notice_indexed"), 10U) << row;
    ASSERT_GE(number("SELECT arrival FROM notice_indexed"), mark) << row;
  }
}

TEST_F(NoticeIndexTest, EachCommitWritesAStretchFromWhereTheLastOneEnded) {
  for (std::uint64_t row = 1; row <= kWaitingMax; ++row) {
    put(Part::kInbox, row);
  }
  std::string last;
  for (std::uint64_t row = kWaitingMax + 1; row <= kWaitingMax + 32; row += 4) {
    for (std::uint64_t each = row; each < row + 4; ++each) {
      put(Part::kInbox, each);
    }
    const std::vector<std::string> before = written();
    must(index_->write(*statements_));
    std::vector<std::string> stretch = written();
    std::erase_if(stretch, [&](const std::string& each) {
      return std::ranges::find(before, each) != before.end();
    });
    ASSERT_FALSE(stretch.empty());
    EXPECT_GT(stretch.front(), last);
    // Nothing that is there and lies between was left out.
    EXPECT_EQ(
        number("SELECT count(*) FROM inbox WHERE notice > x'" + hex(as_bytes(stretch.front())) +
               "' AND notice < x'" + hex(as_bytes(stretch.back())) +
               "' AND notice NOT IN (SELECT notice FROM notice_index)"),
        0U);
    last = stretch.back();
  }
}

}  // namespace
}  // namespace chancery::node
