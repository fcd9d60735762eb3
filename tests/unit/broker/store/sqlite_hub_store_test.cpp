#include "broker/store/sqlite_hub_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "core/base/encoding.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "tests/unit/broker/store/conformance.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::broker {
namespace {

class SqliteEngine {
 public:
  [[nodiscard]] std::string path() const { return *folder_ / "hub.db"; }
  [[nodiscard]] Result<std::unique_ptr<HubStore>> open(const Hash& genesis) const {
    return open_sqlite_hub_store(path(), genesis, StoreUse::kOwn);
  }
  [[nodiscard]] Result<std::unique_ptr<HubStore>> open_for_audit(const Hash& genesis) const {
    return open_sqlite_hub_store(path(), genesis, StoreUse::kAudit);
  }

  [[nodiscard]] std::string stored(std::string_view column, std::uint64_t index) const {
    sqlite::Database database = raw();
    sqlite::Statement select = test::must(
        database.prepare("SELECT " + std::string(column) + " FROM entry WHERE idx = ?1"));
    EXPECT_TRUE(test::must(select.bind(1, index).step()));
    return test::must(select.column_blob(0));
  }
  void alter(std::string_view column, std::uint64_t index) const {
    const std::string name(column);
    std::string bytes = stored(column, index);
    sqlite::Database database = raw();
    bytes[bytes.size() / 2] ^= 4;
    sqlite::Statement update =
        test::must(database.prepare("UPDATE entry SET " + name + " = ?2 WHERE idx = ?1"));
    test::must(update.bind(1, index).bind(2, as_bytes(bytes)).run());
  }
  void forget(std::uint64_t index) const {
    change("DELETE FROM directory_entry WHERE idx = " + std::to_string(index));
  }
  void lose(std::uint64_t index) const {
    change("DELETE FROM entry WHERE idx = " + std::to_string(index));
  }
  void change(const std::string& sql) const {
    sqlite::Database database = raw();
    test::must(database.execute(sql));
  }
  [[nodiscard]] sqlite::Database raw() const {
    return test::must(sqlite::Database::open(path(), {.mode = sqlite::OpenMode::kExisting,
                                                      .application_id = kHubStoreApplicationId,
                                                      .user_version = kHubStoreVersion + 1}));
  }
  // Bytes of the file as it lies there.
  [[nodiscard]] std::string file() const {
    std::ifstream stream(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  std::unique_ptr<os::TemporaryFolder> folder_ = std::make_unique<os::TemporaryFolder>();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, HubStoreConformance, SqliteEngine);

class SqliteHubStoreTest : public testing::Test {
 protected:
  // A founded store with one batch of three notices, closed.
  SqliteHubStoreTest() {
    const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
    Sequencer sequencer(test::must(store->load()), AdmissionLimits{}, log_keys());
    StoreLog log{*store};
    found(sequencer, log, exchange_);
    for (int i = 0; i < 3; ++i) {
      test::must(sequencer.offer(0, std::nullopt,
                                 notice(exchange_, exchange_.draft("AM", {"BY"}, "contact"),
                                        {.seen = head_of(sequencer.tree())})));
    }
    EXPECT_EQ(said(turn(sequencer, log)).back(), "at 9");
  }
  std::string opened(StoreUse use = StoreUse::kOwn) {
    return test::outcome(open_sqlite_hub_store(engine_.path(), exchange_.genesis(), use));
  }
  std::string loaded() {
    return test::outcome(test::must(engine_.open(exchange_.genesis()))->load());
  }

  test::TestExchange exchange_;
  SqliteEngine engine_;
};

// No hash covers what is looked up and served by: it is compared with the header, named, and put
// right from the envelope that a node hands in.
TEST_F(SqliteHubStoreTest, WhatItServesByIsLookedAtAgainAndComesBack) {
  std::map<std::uint64_t, std::string> envelopes;
  {
    const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
    const FeedRead read{.member = "AM", .from = 8, .count_max = 1};
    envelopes[8] = test::must(store->read_feed(read, exchange::kFrameBytesTarget)).at(0).envelope;
    envelopes[6] = test::must(store->read_batches(6, 1, 1)).at(0).directory_entry();
  }
  const std::string at_8 = " WHERE idx = 8";
  for (const std::string& sql :
       {"DELETE FROM feed" + at_8 + " AND member = 'BY'", "UPDATE feed SET urgent = 1" + at_8,
        "UPDATE feed SET member = 'KZ'" + at_8 + " AND member = 'BY'",
        std::string("INSERT INTO feed(member, urgent, idx) VALUES('KZ', 0, 8)"),
        std::string("INSERT INTO feed(member, urgent, idx) VALUES('BY', 1, 8)"),
        std::string("INSERT INTO feed(member, urgent, idx) VALUES('BY', 0, 6)"),
        "DELETE FROM feed" + at_8, "UPDATE entry SET origin = 'KZ'" + at_8,
        "UPDATE entry SET notice_id = zeroblob(16)" + at_8,
        "UPDATE entry SET notice = zeroblob(32)" + at_8}) {
    SCOPED_TRACE(sql);
    const std::uint64_t harmed = sql.ends_with("6)") ? 6 : 8;
    {
      const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
      EXPECT_TRUE(test::must(store->scrub(100, kMuch)).whole);
      EXPECT_TRUE(store->take_damages().empty());
    }
    engine_.change(sql);
    const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
    EXPECT_FALSE(test::must(store->scrub(3, kMuch)).whole);  // However the look is cut.
    EXPECT_TRUE(test::must(store->scrub(100, kMuch)).whole);
    const std::vector<exchange::Damage> met = store->take_damages();
    ASSERT_EQ(met.size(), 1U);
    EXPECT_EQ(met[0].part, "entry");
    EXPECT_EQ(met[0].index, harmed);
    EXPECT_TRUE(test::must(store->quarantine(met[0], kNow)));
    test::must(store->restore_entry(harmed, envelopes.at(harmed), kNow));
    EXPECT_TRUE(test::must(store->quarantined()).empty());
  }
}

TEST_F(SqliteHubStoreTest, AStoreOfANewerVersionIsRefusedAndLeftAlone) {
  {
    sqlite::Database database = engine_.raw();
    test::must(database.set_user_version(kHubStoreVersion + 1));
  }
  const std::string before = engine_.file();
  EXPECT_EQ(opened(), "store-version");
  EXPECT_EQ(opened(StoreUse::kAudit), "store-version");
  EXPECT_EQ(engine_.file(), before);
  EXPECT_FALSE(std::filesystem::exists(engine_.path() + "-wal"));
}

TEST_F(SqliteHubStoreTest, AFileThatIsNoHubsStoreIsRefused) {
  std::filesystem::remove(engine_.path());
  {
    const sqlite::Database other = test::must(sqlite::Database::open(
        engine_.path(),
        {.mode = sqlite::OpenMode::kCreate, .application_id = 7, .user_version = 1}));
  }
  EXPECT_EQ(opened(), "store-damaged");
}

TEST_F(SqliteHubStoreTest, AStoreHasOneOwner) {
  const std::unique_ptr<HubStore> owner = test::must(engine_.open(exchange_.genesis()));
  EXPECT_EQ(opened(), "store-busy");
  EXPECT_EQ(opened(StoreUse::kAudit), "store-busy");
}

TEST_F(SqliteHubStoreTest, AnAuditMakesNoStore) {
  std::filesystem::remove(engine_.path());
  EXPECT_EQ(opened(StoreUse::kAudit), "file-missing");
  EXPECT_FALSE(std::filesystem::exists(engine_.path()));
}

TEST_F(SqliteHubStoreTest, AnAuditWritesNothing) {
  const std::string before = engine_.file();
  const auto store =
      test::must(open_sqlite_hub_store(engine_.path(), exchange_.genesis(), StoreUse::kAudit));
  EXPECT_EQ(test::must(store->audit_page(0, kMuch)).size(), kFounded + 3);
  store->keep_checkpoint(kFounded + 3, "note");
  EXPECT_FALSE(store->flush().has_value());
  EXPECT_EQ(engine_.file(), before);
}

// What a hub that stopped while it made its file leaves: it goes on, an audit cannot.
TEST_F(SqliteHubStoreTest, AStoreWithoutItsSchemaIsFinishedByItsOwnerOnly) {
  std::filesystem::remove(engine_.path());
  {
    const sqlite::Database empty =
        test::must(sqlite::Database::open(engine_.path(), {.mode = sqlite::OpenMode::kCreate,
                                                           .application_id = kHubStoreApplicationId,
                                                           .user_version = kHubStoreVersion}));
  }
  EXPECT_EQ(opened(StoreUse::kAudit), "store-damaged");
  EXPECT_EQ(opened(), "good");
  EXPECT_EQ(loaded(), "good");
}

TEST_F(SqliteHubStoreTest, AHeadThatDoesNotFitItsEdgeOrItsLastBatchStopsTheStart) {
  for (const char* const sql :
       {"UPDATE head SET root = zeroblob(32)", "UPDATE head SET edge = zeroblob(96)",
        "UPDATE head SET edge = zeroblob(5)", "UPDATE head SET size = 9", "DELETE FROM head",
        "UPDATE batch SET root = zeroblob(32) WHERE size_after = 10",
        "UPDATE batch SET directory = zeroblob(32) WHERE size_after = 10",
        "DELETE FROM batch WHERE size_after = 10", "DELETE FROM batch",
        "DELETE FROM entry WHERE idx = 2"}) {
    const SqliteEngine copy;
    std::filesystem::copy_file(engine_.path(), copy.path());
    copy.change(sql);
    const std::unique_ptr<HubStore> store = test::must(copy.open(exchange_.genesis()));
    EXPECT_EQ(test::outcome(store->load()), "store-damaged") << sql;
  }
  EXPECT_EQ(loaded(), "good");
}

TEST_F(SqliteHubStoreTest, ALogThatDoesNotMakeItsRootsStopsTheStart) {
  for (const char* const sql :
       {"UPDATE batch SET root = zeroblob(32) WHERE size_after = 5",
        "UPDATE batch SET accepted_at_ms = accepted_at_ms + 1 WHERE size_after = 5",
        "UPDATE batch SET type = 1 WHERE size_after = 5",
        "UPDATE batch SET size_after = 70 WHERE size_after = 7",
        "UPDATE batch SET directory = zeroblob(32) WHERE size_after = 5",
        "DELETE FROM batch WHERE size_after = 5", "DELETE FROM entry WHERE idx = 8",
        "DELETE FROM entry WHERE idx = 9", "UPDATE entry SET idx = 99 WHERE idx = 9"}) {
    const SqliteEngine copy;
    std::filesystem::copy_file(engine_.path(), copy.path());
    copy.change(sql);
    const std::unique_ptr<HubStore> store = test::must(copy.open(exchange_.genesis()));
    EXPECT_EQ(test::outcome(store->check_tail()), "store-damaged") << sql;
  }
  EXPECT_EQ(test::outcome(test::must(engine_.open(exchange_.genesis()))->check_tail()), "good");
}

TEST_F(SqliteHubStoreTest, AnEntryThatIsGoneIsNamed) {
  for (const std::string index : {"2", "7", "8", "9"}) {
    const SqliteEngine copy;
    std::filesystem::copy_file(engine_.path(), copy.path());
    copy.change("DELETE FROM entry WHERE idx = " + index);
    const auto store = test::must(copy.open_for_audit(exchange_.genesis()));
    const v1::AuditPageReply page = test::must(store->audit_page(0, kMuch));
    // Its leaf holds zeroes, and the auditor stops at it by its index.
    for (const v1::AuditBatch& batch : page.batches()) {
      const Bytes leaves = as_bytes(batch.leaves());
      for (std::size_t at = 0; at * ledger::kLeafBytes < leaves.size(); ++at) {
        const ledger::Leaf leaf = test::must(
            ledger::parse_leaf(leaves.subspan(at * ledger::kLeafBytes, ledger::kLeafBytes)));
        EXPECT_EQ(leaf.entry == Hash{}, std::to_string(batch.first_index() + at) == index);
      }
    }
  }
}

// C-124, C-125
TEST_F(SqliteHubStoreTest, AnAuditorIsShownTheFeedOfEachEntryAndTheClocksAtTheEnd) {
  const auto store = test::must(engine_.open_for_audit(exchange_.genesis()));
  std::uint64_t from = 0;
  std::size_t entries = 0;
  do {
    const v1::AuditPageReply page = test::must(store->audit_page(from, 0));
    from = page.next_index();
    EXPECT_EQ(page.has_clocks(), from == 0);
    EXPECT_EQ(page.rows_beyond(), 0U);
    for (const v1::AuditEntry& entry : page.batches(0).entries()) {
      ++entries;
      ASSERT_TRUE(entry.has_feed()) << entry.index();
      const auto& members = entry.feed().members();
      EXPECT_EQ(std::vector<std::string>(members.begin(), members.end()),
                entry.index() < kFounded ? std::vector<std::string>{}
                                         : std::vector<std::string>({"AM", "BY"}))
          << entry.index();
    }
  } while (from != 0);
  EXPECT_EQ(entries, kFounded + 3);
}

// tests/vectors/stores/README.md says what is in it.
TEST(SqliteHubStoreVersionTest, AStoreOfVersion1GetsItsLanes) {
  const os::TemporaryFolder folder;
  const std::string path = folder / "hub.db";
  std::filesystem::copy_file(CHANCERY_VECTORS "/stores/hub-v1.db", path);
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Hash genesis =
      test::must(hash_from_hex("c4b5e1d88e3a5ddc058c9de115f05f87f721a7acc33e717b4467f173dae1a112"));
  const auto content = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = content();
  {
    const std::unique_ptr<HubStore> audited =
        test::must(open_sqlite_hub_store(path, genesis, StoreUse::kAudit));
    EXPECT_EQ(test::outcome(audited->check()), "good");
    EXPECT_EQ(test::must(audited->audit_page(0, 1U << 20U)).size(), 13U);
  }
  EXPECT_EQ(content(), before) << "an audit writes a copy";
  const std::unique_ptr<HubStore> store =
      test::must(open_sqlite_hub_store(path, genesis, StoreUse::kOwn));
  EXPECT_EQ(test::must(store->load()).tree.size(), 13U);
  EXPECT_EQ(test::outcome(store->check()), "good");
  const auto lane = [&](std::string_view member, exchange::Lane which) {
    std::vector<std::uint64_t> indices;
    for (const FeedEntry& entry : test::must(store->read_feed({.node = {},
                                                               .member = std::string(member),
                                                               .lane = which,
                                                               .from = 0,
                                                               .count_max = 100},
                                                              1U << 20U))) {
      indices.push_back(entry.index);
    }
    return indices;
  };
  using Indices = std::vector<std::uint64_t>;
  EXPECT_EQ(lane("AM", exchange::Lane::kPatient), (Indices{7, 8, 9}));
  EXPECT_EQ(lane("AM", exchange::Lane::kUrgent), Indices{11});
  EXPECT_EQ(lane("RU", exchange::Lane::kPatient), (Indices{7, 8, 9}));
  EXPECT_EQ(lane("RU", exchange::Lane::kUrgent), (Indices{10, 11, 12}));
  exchange::Auditor auditor(genesis);
  const v1::AuditPageReply page = test::must(store->audit_page(0, 1U << 20U));
  for (const v1::AuditBatch& batch : page.batches()) {
    EXPECT_TRUE(auditor.batch(batch));
  }
  auditor.last_page(page);
  const exchange::AuditReport report = auditor.finish(page.size());
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.size, 13U);
}

}  // namespace
}  // namespace chancery::broker
