// What the node's tests share: a store in a folder of its own, and the log that it follows.
//
// Batches are taken by a real LogFollower and deliveries judged as the node judges them, so that a
// test can only store what a node would. tamper() changes the file while nobody has it open.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chancery/v1/text.pb.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/strict.h"
#include "io/sqlite/database.h"
#include "node/core/intake.h"
#include "node/store/node_store.h"
#include "tests/support/exchange.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::node {

inline constexpr std::uint64_t kNow = 1'700'000'300'000;

inline std::string text_of(std::string_view subject, std::string_view kind = {}) {
  return test::TestExchange::text_of(subject, kind);
}

// SQL that sets the last byte of a column to zero.
inline std::string last_byte_of(const std::string& table, const std::string& column) {
  return "UPDATE " + table + " SET " + column + " = CAST(substr(" + column + ", 1, length(" +
         column + ") - 1) || x'00' AS BLOB)";
}

// The store of BY's node 1.
class StoreTest : public testing::Test {
 protected:
  explicit StoreTest(const test::ExchangeOptions& options = {}) : exchange_(options) { open(); }

  void open() {
    store_.reset();
    store_ = test::must(NodeStore::open(path_, exchange_.genesis(), "BY", StoreUse::kOwn));
  }
  void begin() {
    if (!store_->in_transaction()) {
      test::must(store_->begin());
    }
  }
  void commit() { test::must(store_->commit()); }
  void mark_logged(const OutboxDraft& draft, std::uint64_t index, std::uint64_t accepted_at_ms) {
    const OutboxStanding row =
        test::must(store_->outbox_standing(draft.waiting.notice_id)).value_or(OutboxStanding());
    test::must(store_->mark_logged(row,
                                   test::must(exchange::parse_wire<v1::Draft>(draft.waiting.draft)),
                                   index, accepted_at_ms));
  }

  // Stores the batches that the log has and the store has not; leaves the transaction open.
  void follow() {
    begin();
    for (const v1::LogBatch& batch : log_.batches()) {
      if (batch.first_index() >= follower_.size()) {
        const exchange::FollowedBatch followed =
            test::must(follower_.follow(batch, exchange_.cache()));
        test::must(store_->put_batch(followed, follower_));
      }
    }
  }
  void found() {
    log_.found();
    exchange_.see(log_.tree());
    follow();
    commit();
  }
  // Logs it and gives its index.
  std::uint64_t log(const std::string& envelope) {
    log_.append(std::vector{envelope});
    follow();
    return log_.size() - 1;
  }
  // What BY's node makes of these bytes, delivered at that index.
  Arrival judge(std::uint64_t index, const std::string& envelope) {
    return judge_delivery(index, envelope, test::must(store_->leaf(index)), "BY",
                          test::must(store_->directory_at(index)), opener_, exchange_.cache());
  }
  std::optional<std::uint64_t> deliver(std::uint64_t index, const std::string& envelope) {
    begin();
    return test::must(
        store_->put_arrival(judge(index, envelope), test::must(store_->leaf(index)), kNow));
  }
  std::optional<std::uint64_t> receive(const std::string& envelope) {
    return deliver(log(envelope), envelope);
  }
  std::string notice(std::string_view subject, std::string_view origin = "AM",
                     std::string_view kind = "threat.alert") {
    return exchange_.publish(exchange_.draft(origin, {origin == "BY" ? "AM" : "BY"}, kind),
                             text_of(subject), exchange_.directory());
  }

  void tamper(const std::string& sql) {
    store_.reset();
    {
      sqlite::Database database =
          test::must(sqlite::Database::open(path_, {.mode = sqlite::OpenMode::kExisting,
                                                    .application_id = kNodeStoreApplicationId,
                                                    .user_version = kNodeStoreVersion}));
      test::must(database.execute(sql));
      EXPECT_GT(database.changes(), 0U) << sql;
    }
    open();
  }

  os::TemporaryFolder folder_;
  std::string path_ = folder_ / "node.db";
  test::TestExchange exchange_;
  test::TestLog log_{exchange_};
  exchange::LogFollower follower_{exchange_.genesis()};
  exchange::Opener opener_ = [] {
    std::vector<crypto::PrivateKey> keys;
    keys.push_back(test::agreement_private(test::node_key_name("BY", 1, "sealing")));
    return exchange::Opener(std::move(keys));
  }();
  std::unique_ptr<NodeStore> store_;
};

// What a Result is, as a word.
using test::outcome;

}  // namespace chancery::node
