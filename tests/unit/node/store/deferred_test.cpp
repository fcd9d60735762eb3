#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "io/sqlite/store.h"
#include "node/store/schema.h"
#include "tests/support/source_folder.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using test::must;
using LaneArrivals = exchange::PerLane<std::uint64_t>;
using Arrived = std::vector<std::uint64_t>;

const NodeStore::CursorKey along_main{"desk", "main"};
const NodeStore::CursorKey along_other{"desk", "other"};

// What became of five notices along a cursor; the third is urgent.
class DeferredStoreTest : public StoreTest {
 protected:
  DeferredStoreTest() {
    found();
    for (int i = 1; i <= 5; ++i) {
      v1::Draft draft = exchange_.draft("AM", {"BY"}, "threat.alert");
      if (i == 3) {
        draft.set_precedence(v1::PRECEDENCE_FLASH);
      }
      receive(exchange_.publish(draft, text_of(std::to_string(i)), exchange_.directory()));
    }
    commit();
  }

  void defer(std::uint64_t arrival, std::uint64_t due_at_ms,
             const NodeStore::CursorKey& cursor = along_main) {
    begin();
    must(store_->put_deferral(
        cursor, {.arrival = arrival,
                 .lane = arrival == 3 ? exchange::Lane::kUrgent : exchange::Lane::kPatient,
                 .attempts = 1,
                 .due_at_ms = due_at_ms}));
    commit();
  }
  Arrived due(std::uint64_t from_ms, std::uint64_t until_ms,
              exchange::Lane lane = exchange::Lane::kPatient) {
    Arrived arrivals;
    for (const NodeStore::DueHead& each : must(store_->scan_due(
             along_main,
             {.lane = lane, .from_ms = from_ms, .until_ms = until_ms, .count_max = 9}))) {
      arrivals.push_back(each.head.arrival);
    }
    return arrivals;
  }
  Arrived ordinary(const NodeStore::CursorKey& cursor) {
    Arrived arrivals;
    for (const NodeStore::InboxHead& each : must(store_->scan_inbox(
             {.after = 0, .count_max = 9, .lane = exchange::Lane::kPatient, .along = &cursor}))) {
      arrivals.push_back(each.arrival);
    }
    return arrivals;
  }
};

TEST_F(DeferredStoreTest, WhatWasHandedOutIsKnownAfterARestart) {
  EXPECT_EQ(must(store_->handed(along_main)).arrivals, (LaneArrivals{}));
  EXPECT_FALSE(must(store_->handed(along_main)).has_row);
  begin();
  must(store_->put_handed(along_main, {.patient = 4, .urgent = 3}));
  must(store_->put_handed(along_main, {.patient = 2, .urgent = 3}));
  commit();
  open();
  const NodeStore::Handed handed = must(store_->handed(along_main));
  EXPECT_EQ(handed.arrivals, (LaneArrivals{.patient = 4, .urgent = 3})) << "it never goes back";
  EXPECT_TRUE(handed.has_row && handed.stored);
  EXPECT_EQ(must(store_->handed(along_other)).arrivals, (LaneArrivals{}));
  EXPECT_EQ(must(store_->handed_count("desk")), 1U);
  EXPECT_EQ(must(store_->handed_count("alerts")), 0U);
}

TEST_F(DeferredStoreTest, WhatTheDiskTookNoNoteOfIsRemembered) {
  store_->remember_handed(along_main, {.patient = 2, .urgent = 0});
  store_->roll_back();
  const NodeStore::Handed handed = must(store_->handed(along_main));
  EXPECT_EQ(handed.arrivals, (LaneArrivals{.patient = 2, .urgent = 0}));
  EXPECT_FALSE(handed.stored);
  begin();
  must(store_->put_handed(along_main, handed.arrivals));
  commit();
  EXPECT_TRUE(must(store_->handed(along_main)).stored);
}

TEST_F(DeferredStoreTest, WhatIsRememberedIsForgottenOnceItIsStored) {
  store_->remember_handed(along_main, {.patient = 2, .urgent = 3});
  begin();
  must(store_->put_remembered(1));
  store_->roll_back();
  EXPECT_FALSE(must(store_->handed(along_main)).stored);
  begin();
  commit();
  EXPECT_FALSE(must(store_->handed(along_main)).stored);
  begin();
  must(store_->put_remembered(1));
  commit();
  begin();
  store_->remember_handed(along_other, {.patient = 5, .urgent = 0});
  must(store_->put_remembered(1));
  commit();
  const NodeStore::Handed handed = must(store_->handed(along_main));
  EXPECT_EQ(handed.arrivals, (LaneArrivals{.patient = 2, .urgent = 3}));
  EXPECT_TRUE(handed.stored && handed.has_row);
  EXPECT_EQ(must(store_->handed_count("desk")), 1U) << "no more rows than an application may have";
  EXPECT_EQ(must(store_->handed(along_other)).arrivals, (LaneArrivals{}));
}

TEST_F(DeferredStoreTest, OfMoreCursorsThanAreRememberedAllMayHaveBeenHandedOut) {
  const auto handed = [&](const std::string& name) {
    return must(store_->handed({"desk", name})).arrivals.patient;
  };
  for (int i = 0; i < 1024; ++i) {
    store_->remember_handed({"desk", std::to_string(i)}, {.patient = 1, .urgent = 0});
  }
  EXPECT_EQ(handed("1023"), 1U);
  EXPECT_EQ(handed("1024"), 0U);
  store_->remember_handed({"desk", "1024"}, {.patient = 3, .urgent = 0});
  store_->remember_handed({"desk", "1025"}, {.patient = 2, .urgent = 0});
  EXPECT_EQ(handed("1024"), 3U);
  EXPECT_EQ(handed("another"), 3U);
  EXPECT_EQ(must(store_->handed({"desk", "another"})).arrivals.urgent, 0U);
  begin();
  must(store_->put_remembered(1024));
  commit();
  open();
  EXPECT_EQ(handed("another"), 3U);
  EXPECT_FALSE(must(store_->handed({"desk", "another"})).has_row);
  EXPECT_TRUE(must(store_->handed({"desk", "1023"})).has_row);
  EXPECT_EQ(must(store_->handed_count("desk")), 1024U);
}

TEST_F(DeferredStoreTest, WhatWasGivenBackIsPassedOverAndComesByItsTime) {
  defer(4, 100);
  defer(2, 200);
  defer(5, 200);
  defer(3, 50);
  defer(1, 10, along_other);
  open();
  EXPECT_EQ(ordinary(along_main), Arrived{1});
  EXPECT_EQ(ordinary(along_other), (Arrived{2, 4, 5}));
  EXPECT_EQ(due(0, 99), Arrived{});
  EXPECT_EQ(due(0, 100), Arrived{4});
  EXPECT_EQ(due(0, 200), (Arrived{4, 2, 5}));
  EXPECT_EQ(due(200, 200), (Arrived{2, 5}));
  EXPECT_EQ(due(0, 200, exchange::Lane::kUrgent), Arrived{3});
  EXPECT_EQ(must(store_->next_due_ms(along_main, 0)), 50U);
  EXPECT_EQ(must(store_->next_due_ms(along_main, 50)), 100U);
  EXPECT_EQ(must(store_->next_due_ms(along_main, 200)), std::nullopt);
  EXPECT_EQ(must(store_->deferred_count("desk")), 5U);
}

TEST_F(DeferredStoreTest, ItIsDoneWithUnlessItWasGivenBackMeanwhile) {
  defer(4, 100);
  begin();
  must(store_->end_deferral(along_main, 4, 0));
  must(store_->end_deferral(along_other, 4, 1));
  EXPECT_TRUE(must(store_->deferral(along_main, 4)).has_value());
  must(store_->end_deferral(along_main, 4, 1));
  EXPECT_FALSE(must(store_->deferral(along_main, 4)).has_value());
  commit();
}

TEST_F(DeferredStoreTest, WhatIsQuarantinedIsKeptAndDueAgainOnceItIsRedriven) {
  defer(1, 10);
  begin();
  must(store_->put_deferral(along_main, {.arrival = 2,
                                         .attempts = 3,
                                         .attempts_before = 1,
                                         .due_at_ms = 20,
                                         .quarantined_at_ms = 30,
                                         .reason = "why"}));
  commit();
  EXPECT_EQ(due(0, 1000), Arrived{1});
  EXPECT_EQ(must(store_->scan_deferred(along_main, 0, 9)).size(), 2U);
  EXPECT_EQ(must(store_->scan_deferred(along_main, 1, 9)).front().reason, "why");
  const NodeStore::DeferredCounts counts = must(store_->deferred_counts());
  EXPECT_EQ(counts.waiting, 1U);
  EXPECT_EQ(counts.quarantined, 1U);
  EXPECT_EQ(counts.most_of_one, 2U);
  begin();
  EXPECT_EQ(must(store_->redrive_all(along_other, 500)), 0U);
  EXPECT_EQ(must(store_->redrive_all(along_main, 500)), 1U);
  commit();
  EXPECT_EQ(due(0, 1000), (Arrived{1, 2}));
  EXPECT_EQ(must(store_->deferral(along_main, 2)).value_or(NodeStore::Deferral()).attempts_before,
            3U);
}

TEST_F(DeferredStoreTest, ADamagedRecordIsInNobodysWay) {
  defer(1, 10);
  defer(2, 10);
  EXPECT_TRUE(must(store_->quarantine(
      {.part = "inbox", .index = 1, .error = {ErrorCode::kStoreDamaged, ""}}, kNow)));
  EXPECT_EQ(due(0, 10), Arrived{2});
  EXPECT_EQ(must(store_->scan_deferred(along_main, 0, 9)).size(), 1U);
}

// What was read before there was a note of it may have been handed out.
TEST(DeferredMigrationTest, AStoreOfVersion2SaysThatAllMayHaveBeenHandedOut) {
  const os::TemporaryFolder folder;
  const std::string path = folder / "node.db";
  std::filesystem::copy_file(std::string(test::source_folder) + "/tests/vectors/stores/node-v1.db",
                             path);
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const sqlite::StoreFormat version2{.application_id = kNodeStoreApplicationId,
                                     .steps = std::span(kSteps).first(2)};
  EXPECT_EQ(outcome(sqlite::open_store({path, {}}, version2, StoreUse::kOwn, {})), "good");
  const Hash genesis =
      must(hash_from_hex("c4b5e1d88e3a5ddc058c9de115f05f87f721a7acc33e717b4467f173dae1a112"));
  const auto store = must(NodeStore::open(path, genesis, "AM", StoreUse::kOwn));
  const NodeStore::Handed handed = must(store->handed({"desk", "desk"}));
  EXPECT_EQ(handed.arrivals, (LaneArrivals{.patient = 1, .urgent = 1}));
  EXPECT_TRUE(handed.stored);
  EXPECT_FALSE(handed.has_row);
  EXPECT_EQ(must(store->cursor("desk", "desk")), (LaneArrivals{.patient = 1, .urgent = 1}));
  EXPECT_EQ(must(store->deferred_counts()).most_of_one, 0U);
  EXPECT_EQ(outcome(store->check()), "good");
}

}  // namespace
}  // namespace chancery::node
