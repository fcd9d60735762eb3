#include "io/sqlite/store.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/io/sqlite/temporary_store.h"

namespace chancery::sqlite {
namespace {

// What a step does that needs more than SQL.
Result<void> mark_urgent(Database& database) {
  return database.execute("UPDATE note SET urgent = 1 WHERE text LIKE 'flash%'");
}

constexpr std::array<StoreStep, 3> kSteps = {
    StoreStep{"CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"},
    StoreStep{"ALTER TABLE note ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0", mark_urgent},
    StoreStep{"CREATE INDEX note_urgent ON note(id) WHERE urgent"}};

StoreFormat format_of(std::size_t version) {
  return {.application_id = 77, .steps = std::span(kSteps).first(version)};
}

class StoreTest : public testing::Test {
 protected:
  Result<Database> open(std::size_t version, StoreUse use = StoreUse::kOwn) {
    return open_store({.path = store_.path(), .medium = {}}, format_of(version), use,
                      [](Database& made) {
                        return made.execute("INSERT INTO note(text) VALUES('flash: a'), ('b')");
                      });
  }

  TemporaryStore store_;
};

TEST_F(StoreTest, AnOlderStoreIsBroughtForwardStepByStep) {
  ASSERT_TRUE(open(1));
  auto database = open(3);
  ASSERT_TRUE(database) << database.error().to_string();
  EXPECT_EQ(database->user_version().value(), 3U);
  EXPECT_EQ(ask(*database, "SELECT group_concat(text || urgent) AS x FROM note"), "flash: a1,b0");
}

TEST_F(StoreTest, AStoreThatIsMadeHasGoneThroughTheSameSteps) {
  auto database = open(3);
  ASSERT_TRUE(database);
  EXPECT_EQ(ask(*database, "SELECT group_concat(text || urgent) AS x FROM note"), "flash: a1,b0");
}

TEST_F(StoreTest, ANewerStoreIsRefusedByOwnerAndAuditor) {
  ASSERT_TRUE(open(2));
  EXPECT_EQ(code_of(open(1)), ErrorCode::kStoreVersion);
  EXPECT_EQ(code_of(open(1, StoreUse::kAudit)), ErrorCode::kStoreVersion);
  auto database = open(2);
  ASSERT_TRUE(database);
  EXPECT_EQ(database->user_version().value(), 2U);
}

TEST_F(StoreTest, AnAuditorNeitherMakesNorChangesAStore) {
  EXPECT_EQ(code_of(open(1, StoreUse::kAudit)), ErrorCode::kFileMissing);
  ASSERT_TRUE(open(1));
  const auto before = store_.files();
  EXPECT_TRUE(open(1, StoreUse::kAudit));
  auto brought = open(2, StoreUse::kAudit);
  ASSERT_TRUE(brought) << brought.error().to_string();
  EXPECT_EQ(ask(*brought, "SELECT group_concat(text || urgent) AS x FROM note"), "flash: a1,b0");
  EXPECT_FALSE(brought->execute("DELETE FROM note"));
  EXPECT_EQ(store_.files(), before) << "an older one is brought forward in a copy";
}

TEST_F(StoreTest, AStoreGetsItsNameOnceItIsWhole) {
  std::ofstream(store_.path() + ".new", std::ios::binary) << "what a crash left";
  std::ofstream(store_.path() + ".new-wal", std::ios::binary) << "of it";
  const auto names = [&] {
    std::string all;
    for (const auto& [name, content] : store_.files()) {
      all += name + " ";
    }
    return all;
  };
  const auto failed = open_store({.path = store_.path(), .medium = {}}, format_of(1),
                                 StoreUse::kOwn, [&](Database&) -> Result<void> {
                                   EXPECT_EQ(names().find("s t#o?r%e.db "), std::string::npos);
                                   return fail(ErrorCode::kInternal, "no");
                                 });
  EXPECT_EQ(code_of(failed), ErrorCode::kInternal);
  EXPECT_EQ(names(), "");
  ASSERT_TRUE(open(1));
  EXPECT_EQ(names().find(".new"), std::string::npos) << names();
}

TEST_F(StoreTest, AStepThatFailsLeavesTheVersionBefore) {
  ASSERT_TRUE(open(1));
  constexpr std::array<StoreStep, 2> kBroken = {
      kSteps[0],
      StoreStep{"ALTER TABLE note ADD COLUMN extra TEXT; INSERT INTO nowhere VALUES(1)"}};
  const auto broken =
      open_store({.path = store_.path(), .medium = {}}, {.application_id = 77, .steps = kBroken},
                 StoreUse::kOwn, [](Database&) { return Result<void>(); });
  ASSERT_FALSE(broken);
  auto database = open(1);
  ASSERT_TRUE(database);
  EXPECT_EQ(ask(*database, "SELECT count(*) AS x FROM pragma_table_info('note')"), "2");
}

}  // namespace
}  // namespace chancery::sqlite
