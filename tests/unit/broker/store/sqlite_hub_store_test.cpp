#include "broker/store/sqlite_hub_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "broker/store/sqlite_hub_impl.h"
#include "core/base/encoding.h"
#include "core/exchange/feed_positions.h"
#include "io/sqlite/database.h"
#include "io/sqlite/statement.h"
#include "tests/support/source_folder.h"
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

  // A column of the entry; or "entry_hash", which its batch has.
  [[nodiscard]] std::string stored(std::string_view column, std::uint64_t index) const {
    sqlite::Database database = raw();
    const std::string from = column == kEntryHash
                                 ? "substr(entries, 32 * (?1 - first_index) + 1, 32) FROM batch "
                                   "WHERE first_index <= ?1 AND size_after > ?1"
                                 : std::string(column) + " FROM entry WHERE idx = ?1";
    sqlite::Statement select = test::must(database.prepare("SELECT " + from));
    EXPECT_TRUE(test::must(select.bind(1, index).step()));
    return test::must(select.column_blob(0));
  }
  void alter(std::string_view column, std::uint64_t index) const {
    const std::string name(column);
    std::string bytes = stored(column, index);
    sqlite::Database database = raw();
    bytes[bytes.size() / 2] ^= 4;
    sqlite::Statement update = test::must(database.prepare(
        name == kEntryHash
            ? "UPDATE batch SET entries = CAST(substr(entries, 1, 32 * (?1 - first_index)) || ?2 "
              "|| "
              "substr(entries, 32 * (?1 - first_index) + 33) AS BLOB) WHERE first_index <= ?1 AND "
              "size_after > ?1"
            : "UPDATE entry SET " + name + " = ?2 WHERE idx = ?1"));
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
  static constexpr std::string_view kEntryHash = "entry_hash";

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
    const FeedRead first{.member = "AM", .from = 7, .count_max = 1};
    const FeedRead last{.member = "AM", .from = 9, .count_max = 1};
    envelopes[9] = *test::must(store->read_feed(last, exchange::kFrameBytesTarget)).at(0).envelope;
    envelopes[7] = *test::must(store->read_feed(first, exchange::kFrameBytesTarget)).at(0).envelope;
    envelopes[8] = *test::must(store->read_feed(read, exchange::kFrameBytesTarget)).at(0).envelope;
    envelopes[6] = test::must(store->read_batches(6, 1, 1)).at(0).directory_entry();
  }
  // All feeds, where they can be read; whoever follows them has them in memory then.
  const auto feeds = [](HubStore& store) {
    std::string all;
    for (const std::string member : {"AM", "BY", "KZ"}) {
      for (const exchange::Lane lane : {exchange::Lane::kPatient, exchange::Lane::kUrgent}) {
        const Result<std::vector<FeedEntry>> page = store.read_feed(
            {.member = member, .lane = lane, .count_max = 100}, exchange::kFrameBytesTarget);
        all += member + ":";
        for (const FeedEntry& entry : page.value_or(std::vector<FeedEntry>())) {
          all += " " + std::to_string(entry.index) + "<-" + std::to_string(entry.previous);
        }
      }
    }
    return all;
  };
  std::string whole;
  const std::string without_8 = "UPDATE feed SET positions = x'00000002' WHERE first_index = 7";
  const std::string add = "INSERT INTO feed(member, urgent, first_index, positions) VALUES";
  const std::string at_8 = " WHERE idx = 8";
  const auto in_turn = [](std::string first, std::string_view then) {
    return first.append("; ").append(then);
  };
  for (const std::string& sql :
       {without_8 + " AND member = 'BY'",
        in_turn(without_8, add + "('AM', 1, 7, x'0001'), ('BY', 1, 7, x'0001')"),
        in_turn(without_8 + " AND member = 'BY'", add + "('KZ', 0, 7, x'0001')"),
        add + "('KZ', 0, 7, x'0001')", add + "('KZ', 0, 8, x'0000')", add + "('BY', 0, 8, x'0000')",
        add + "('BY', 1, 7, x'0001')", add + "('BY', 0, 6, x'0000')", without_8,
        std::string("UPDATE feed SET positions = x'0000000100010002' WHERE member = 'BY'"),
        std::string("UPDATE feed SET positions = x'000100000002' WHERE member = 'BY'"),
        in_turn(without_8 + " AND member = 'BY'", add + "('BY', 0, 8, x'0000')"),
        "UPDATE entry SET origin = 'KZ'" + at_8, "UPDATE entry SET notice_id = zeroblob(16)" + at_8,
        "UPDATE entry SET notice = zeroblob(32)" + at_8,
        std::string("UPDATE entry SET notice_id = zeroblob(16) WHERE idx = 9")}) {
    SCOPED_TRACE(sql);
    const std::uint64_t harmed = sql.find("0, 6,") != std::string::npos          ? 6
                                 : sql.find("idx = 9") != std::string::npos      ? 9
                                 : sql.find("000100000002") != std::string::npos ? 7
                                                                                 : 8;
    {
      const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
      EXPECT_TRUE(test::must(store->scrub(100, kMuch)).whole);
      EXPECT_TRUE(store->take_damages().empty());
      whole = feeds(*store);
    }
    engine_.change(sql);
    const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
    (void)feeds(*store);
    (void)store->take_damages();
    const exchange::Envelope intact =
        test::must(exchange::parse_envelope(envelopes.at(harmed), exchange_.genesis()));
    const Questions asked{.ids = {{intact.draft.origin(), intact.draft.notice_id()}},
                          .head_sizes = {}};
    (void)test::must(store->answer(asked));
    EXPECT_FALSE(test::must(store->scrub(3, kMuch)).whole);  // However the look is cut.
    EXPECT_TRUE(test::must(store->scrub(100, kMuch)).whole);
    const std::vector<exchange::Damage> met = store->take_damages();
    ASSERT_EQ(met.size(), 1U);
    EXPECT_EQ(met[0].part, "entry");
    EXPECT_EQ(met[0].index, harmed);
    EXPECT_TRUE(test::must(store->quarantine(met[0], kNow)));
    test::must(store->restore_entry(harmed, envelopes.at(harmed), kNow));
    EXPECT_TRUE(test::must(store->quarantined()).empty());
    EXPECT_EQ(feeds(*store), whole);
    EXPECT_TRUE(test::must(store->answer(asked)).known.at(0).has_value());
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

TEST_F(SqliteHubStoreTest, AnAuditComparesTheTimeOfTheHead) {
  EXPECT_EQ(test::outcome(test::must(engine_.open(exchange_.genesis()))->check()), "good");
  engine_.change("UPDATE head SET accepted_at_ms = accepted_at_ms + 1");
  EXPECT_EQ(test::outcome(test::must(engine_.open(exchange_.genesis()))->check()), "store-damaged");
}

// As where a store of an older version had none, and where some of them are wrong.
TEST_F(SqliteHubStoreTest, HashesAboveTheLeavesAreMadeFromThem) {
  {
    const std::unique_ptr<HubStore> store = test::must(engine_.open(exchange_.genesis()));
    Sequencer sequencer(test::must(store->load()), AdmissionLimits{}, log_keys());
    StoreLog log{*store};
    while (sequencer.tree().size() < 600) {
      for (int i = 0; i < 200; ++i) {
        test::must(sequencer.offer(0, std::nullopt,
                                   notice(exchange_, exchange_.draft("AM", {"BY"}, "contact"),
                                          {.seen = head_of(sequencer.tree())})));
      }
      static_cast<void>(turn(sequencer, log));
    }
    EXPECT_EQ(test::outcome(store->check()), "good");
  }
  for (const std::string sql : {"DELETE FROM tile", "UPDATE tile SET hash = zeroblob(32)"}) {
    engine_.change(sql);
    EXPECT_EQ(test::outcome(test::must(engine_.open(exchange_.genesis()))->check()),
              "store-damaged");
    {
      sqlite::Database database = engine_.raw();
      test::must(fill_tiles(database));
    }
    EXPECT_EQ(test::outcome(test::must(engine_.open(exchange_.genesis()))->check()), "good") << sql;
  }
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
        "DELETE FROM batch WHERE size_after = 5",
        "UPDATE batch SET entries = zeroblob(96) WHERE first_index = 7",
        "UPDATE batch SET entries = substr(entries, 1, 64) WHERE first_index = 7",
        "UPDATE batch SET entries = substr(entries, 1, 95) WHERE first_index = 7",
        "UPDATE batch SET entries = CAST(entries || zeroblob(32) AS BLOB) WHERE first_index = 7",
        "UPDATE batch SET entries = CAST(entries || x'00' AS BLOB) WHERE first_index = 7",
        "UPDATE batch SET entries = x'' WHERE first_index = 7"}) {
    const SqliteEngine copy;
    std::filesystem::copy_file(engine_.path(), copy.path());
    copy.change(sql);
    const std::unique_ptr<HubStore> store = test::must(copy.open(exchange_.genesis()));
    EXPECT_EQ(test::outcome(store->check_tail()), "store-damaged") << sql;
  }
  EXPECT_EQ(test::outcome(test::must(engine_.open(exchange_.genesis()))->check_tail()), "good");
  for (const char* const sql :
       {"DELETE FROM entry WHERE idx = 9", "UPDATE entry SET idx = 99 WHERE idx = 9"}) {
    const SqliteEngine copy;
    std::filesystem::copy_file(engine_.path(), copy.path());
    copy.change(sql);
    const std::unique_ptr<HubStore> store = test::must(copy.open(exchange_.genesis()));
    const std::vector<exchange::Damage> named = test::must(store->check_tail());
    ASSERT_EQ(named.size(), 1U) << sql;
    EXPECT_EQ(named[0].index, 9U);
  }
}

TEST_F(SqliteHubStoreTest, AnAuditorIsShownWhatIsBeyondTheLogAndWhatIsNoLeaf) {
  engine_.change("UPDATE entry SET idx = 10 WHERE idx = 9");
  engine_.change("UPDATE batch SET entries = CAST(entries || x'00' AS BLOB) WHERE first_index = 7");
  engine_.change("UPDATE batch SET type = 257 WHERE first_index = 6");
  const auto store = test::must(engine_.open_for_audit(exchange_.genesis()));
  const v1::AuditPageReply page = test::must(store->audit_page(6, kMuch));
  EXPECT_EQ(page.rows_beyond(), 1U);
  ASSERT_EQ(page.batches_size(), 2);
  EXPECT_EQ(page.batches(0).leaves()[0], '\0');
  EXPECT_EQ(page.batches(1).leaves().size(), 3 * ledger::kLeafBytes + 1);
}

TEST_F(SqliteHubStoreTest, WhatIsLongerThanABatchIsNotReadWhole) {
  engine_.change("UPDATE batch SET entries = zeroblob(20000000) WHERE first_index = 7");
  engine_.change("UPDATE feed SET positions = zeroblob(20000000) WHERE member = 'BY'");
  const auto store = test::must(engine_.open_for_audit(exchange_.genesis()));
  const v1::AuditPageReply page = test::must(store->audit_page(7, kMuch));
  ASSERT_EQ(page.batches_size(), 1);
  EXPECT_EQ(page.batches(0).leaves().size(), (exchange::kBatchSizeMax + 1) * ledger::kLeafBytes);
  EXPECT_EQ(page.batches(0).feeds().lanes(1).positions().size(), exchange::kPositionsBytesMax + 1);
}

// C-124, C-125
TEST_F(SqliteHubStoreTest, AnAuditorIsShownTheFeedsOfEachBatchAndTheClocksAtTheEnd) {
  const auto store = test::must(engine_.open_for_audit(exchange_.genesis()));
  std::uint64_t from = 0;
  std::string lanes;
  do {
    const v1::AuditPageReply page = test::must(store->audit_page(from, 0));
    from = page.next_index();
    EXPECT_EQ(page.has_clocks(), from == 0);
    EXPECT_EQ(page.rows_beyond(), 0U);
    ASSERT_TRUE(page.batches(0).has_feeds()) << page.batches(0).first_index();
    for (const v1::AuditLane& lane : page.batches(0).feeds().lanes()) {
      lanes += lane.member() + (lane.urgent() ? " urgent:" : ":");
      for (const std::uint64_t index : exchange::indices_at(lane.positions(), lane.first_index())) {
        lanes += " " + std::to_string(index);
      }
      lanes += "\n";
    }
  } while (from != 0);
  EXPECT_EQ(lanes, "AM: 7 8 9\nBY: 7 8 9\n");
}

// tests/vectors/stores/README.md says what is in it.
class SqliteHubStoreVersionTest : public testing::Test {
 protected:
  SqliteHubStoreVersionTest() {
    std::filesystem::copy_file(std::string(test::source_folder) + "/tests/vectors/stores/hub-v1.db",
                               path_);
    std::filesystem::permissions(
        path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  os::TemporaryFolder folder_;
  std::string path_ = folder_ / "hub.db";
  Hash genesis_ =
      test::must(hash_from_hex("c4b5e1d88e3a5ddc058c9de115f05f87f721a7acc33e717b4467f173dae1a112"));
};

// What was lost before is named, and harms nothing else.
TEST_F(SqliteHubStoreVersionTest, AStoreOfVersion1ThatLacksAnEntryKeepsTheOthersInTheirPlaces) {
  {
    sqlite::Database database =
        test::must(sqlite::Database::open(path_, {.mode = sqlite::OpenMode::kExisting,
                                                  .application_id = kHubStoreApplicationId,
                                                  .user_version = kHubStoreVersion}));
    test::must(database.execute("DELETE FROM entry WHERE idx = 8"));
  }
  const std::unique_ptr<HubStore> store =
      test::must(open_sqlite_hub_store(path_, genesis_, StoreUse::kOwn));
  EXPECT_TRUE(test::must(store->scrub(100, kMuch)).whole);
  std::string named;
  for (const exchange::Damage& damage : store->take_damages()) {
    named += damage.part + " " + std::to_string(damage.index) + "; ";
  }
  EXPECT_EQ(named, "batch 8; entry 8; ");
}

TEST_F(SqliteHubStoreVersionTest, AStoreOfVersion1GetsItsLanes) {
  const auto content = [&] {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = content();
  {
    const std::unique_ptr<HubStore> audited =
        test::must(open_sqlite_hub_store(path_, genesis_, StoreUse::kAudit));
    EXPECT_EQ(test::outcome(audited->check()), "good");
    EXPECT_EQ(test::must(audited->audit_page(0, 1U << 20U)).size(), 13U);
  }
  EXPECT_EQ(content(), before) << "an audit writes a copy";
  const std::unique_ptr<HubStore> store =
      test::must(open_sqlite_hub_store(path_, genesis_, StoreUse::kOwn));
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
  exchange::Auditor auditor(genesis_);
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
