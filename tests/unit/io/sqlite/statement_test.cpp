#include "io/sqlite/statement.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

class StatementTest : public testing::Test {
 protected:
  Statement prepare(std::string_view sql) {
    auto statement = database_.prepare(sql);
    EXPECT_TRUE(statement) << statement.error().detail;
    return std::move(statement).value();
  }

  TemporaryStore store_;
  Database database_ = store_.create();
};

TEST_F(StatementTest, GivesBackWhatWasBound) {
  Statement statement = prepare("SELECT ?1, ?2, ?3, ?4, ?5, typeof(?3), typeof(?4)");
  const std::string blob("\x00\xff\x00", 3);
  const std::string text("a\0b", 3);
  statement.bind(1, std::numeric_limits<std::int64_t>::min())
      .bind(2, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      .bind(3, as_bytes(blob))
      .bind(4, text)
      .bind(5, nullptr);
  ASSERT_TRUE(statement.step().value());
  EXPECT_EQ(statement.column_i64(0).value(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(statement.column_u64(1).value(),
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(statement.column_blob(2).value(), blob);
  EXPECT_EQ(statement.column_text(3).value(), text);
  EXPECT_TRUE(statement.column_is_null(4));
  EXPECT_FALSE(statement.column_is_null(3));
  EXPECT_EQ(statement.column_text(5).value(), "blob");
  EXPECT_EQ(statement.column_text(6).value(), "text");
  EXPECT_FALSE(statement.step().value());
}

TEST_F(StatementTest, EmptyBlobsAndTextsAreNotNull) {
  Statement statement = prepare("SELECT ?1, ?2");
  statement.bind(1, Bytes{}).bind(2, std::string_view{});
  ASSERT_TRUE(statement.step().value());
  EXPECT_EQ(statement.column_blob(0).value(), "");
  EXPECT_EQ(statement.column_text(1).value(), "");
}

TEST_F(StatementTest, RefusesNumbersThatSqliteCannotHold) {
  Statement insert = prepare("INSERT INTO t VALUES(?, 'x')");
  insert.bind(1, std::uint64_t{1} << 63U);
  EXPECT_EQ(code_of(insert.run()), ErrorCode::kLimitExceeded);
  // Nothing was written, and the statement can be used again.
  EXPECT_EQ(ask(database_, "SELECT count(*) AS x FROM t"), "0");
  EXPECT_TRUE(insert.bind(1, 1U).run());
}

TEST_F(StatementTest, RefusesParametersThatAreNotThere) {
  Statement insert = prepare("INSERT INTO t VALUES(?, 'x')");
  EXPECT_EQ(code_of(insert.bind(1, 1).bind(2, 2).run()), ErrorCode::kInternal);
  EXPECT_EQ(code_of(insert.bind(0, 1).step()), ErrorCode::kInternal);
}

TEST_F(StatementTest, IsReadyAgainOnceItIsDone) {
  Statement insert = prepare("INSERT INTO t VALUES(?, ?)");
  for (int id = 0; id < 100; ++id) {
    ASSERT_TRUE(insert.bind(1, id).bind(2, std::to_string(id)).run());
  }
  Statement select = prepare("SELECT body FROM t WHERE id >= ? ORDER BY id");
  for (int round = 0; round < 2; ++round) {
    select.bind(1, 97);
    for (const char* const body : {"97", "98", "99"}) {
      ASSERT_TRUE(select.step().value());
      EXPECT_EQ(select.column_text(0).value(), body);
    }
    EXPECT_FALSE(select.step().value());
  }
  // Bindings do not survive: a forgotten one is NULL, not the value of the time before.
  Statement echo = prepare("SELECT ?");
  ASSERT_TRUE(echo.bind(1, 5).step().value());
  echo.reset();
  ASSERT_TRUE(echo.step().value());
  EXPECT_TRUE(echo.column_is_null(0));
}

TEST_F(StatementTest, IsReadyAgainAfterAnError) {
  Statement insert = prepare("INSERT INTO t VALUES(?, 'x')");
  ASSERT_TRUE(insert.bind(1, 1).run());
  EXPECT_EQ(code_of(insert.bind(1, 1).run()), ErrorCode::kExists);
  EXPECT_TRUE(insert.bind(1, 2).run());
}

// Who writes another type into a store of ours is not us: a peer's bytes never get that far.
TEST_F(StatementTest, AColumnOfAnotherTypeIsDamage) {
  Statement statement = prepare("SELECT 1, 'x', x'00', NULL, -1, 1.5");
  ASSERT_TRUE(statement.step().value());
  EXPECT_EQ(code_of(statement.column_text(0)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(statement.column_u64(1)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(statement.column_blob(1)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(statement.column_text(2)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(statement.column_u64(3)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(statement.column_u64(4)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(statement.column_i64(4).value(), -1);
  EXPECT_EQ(code_of(statement.column_i64(5)), ErrorCode::kStoreDamaged);
  EXPECT_EQ(code_of(statement.column_u64(6)), ErrorCode::kStoreDamaged);  // No such column.
}

}  // namespace
}  // namespace chancery::sqlite
