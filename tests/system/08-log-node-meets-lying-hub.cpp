// A real node and a hub that lies: the node takes nothing past the lie, says what it found, and
// what was delivered wrongly is kept out of the inbox, as evidence with its code. Protocol chapters
// 5, 7 and 8.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/exchange/compose.h"
#include "io/sqlite/database.h"
#include "node/store/node_store.h"
#include "tests/system/support/lying_hub.h"
#include "tests/system/support/peer.h"
#include "tests/system/support/trial.h"

namespace chancery::test {
namespace {

class LogNodeMeetsLyingHubTest : public ::testing::Test {
 protected:
  LogNodeMeetsLyingHubTest() {
    log_.found();
    founded_.found();
    exchange_.see(founded_.tree());
  }

  void start_in_step() {
    hub_.show(log_);
    node_.start();
    ASSERT_TRUE(hub_.serve_until([&] { return size() == log_.size(); })) << node_.daemon().log();
  }

  std::uint64_t size() { return node_.count("log", "size"); }

  // The node stops at the lie with this alarm, shows it, and `status` says 1.
  void expect_alarm(std::string_view code, std::uint64_t size_kept) {
    Ran status;
    EXPECT_TRUE(hub_.serve_until([&] {
      status = node_.status();
      return status.code == 1;
    })) << node_.daemon().log();
    ASSERT_TRUE(status.json().is_object());
    EXPECT_EQ(status.json().at("alarm").at("error"), std::string(code)) << status.output;
    EXPECT_EQ(status.json().at("log").at("size"), size_kept);
    EXPECT_TRUE(node_.daemon().runs());
    EXPECT_EQ(chancery({"inbox", "--client", node_.client()}).code, 0);  // Still there to be asked.
    EXPECT_EQ(node_.daemon().stop(), 0);
    const Ran audit = chancery({"audit", "verify", "--node", node_.config(), "--json"});
    EXPECT_EQ(audit.code, 0) << audit.output;  // What it kept is good.
  }

  std::string notice(std::string_view subject) {
    return exchange_.publish(exchange_.draft("AM", {"BY"}), text_with(subject),
                             exchange_.directory());
  }

  [[nodiscard]] v1::LogBatch signed_again(v1::LogBatch batch) const {
    const std::vector<std::string> keys = {"hub log 1"};
    resign(batch, founded_.tree(), exchange_.roster().hub().origin_line(), keys);
    return batch;
  }

  // The next batch, whose checkpoint is the hub's own over a root that its leaves do not make.
  v1::LogBatch signed_over_another_root() {
    append(notice("Never shown"));
    v1::LogBatch batch = log_.batches().back();
    const std::vector<std::string> keys = {"hub log 1"};
    batch.set_checkpoint(signed_checkpoint(exchange_.roster().hub().origin_line(), log_.size(),
                                           founded_.tree().root(), keys));
    return batch;
  }

  const std::string& append(const std::string& envelope) {
    log_.append(std::span(&envelope, 1));
    return log_.envelopes().back();
  }

  TestExchange exchange_;
  Folder folder_;
  TestLog log_{exchange_};
  TestLog founded_{exchange_};  // Stays at the founding entries.
  LyingHub hub_{exchange_, "BY"};
  TrialNode node_{exchange_, folder_, "BY", hub_.endpoint()};
};

// C-106.
TEST_F(LogNodeMeetsLyingHubTest, ARootThatTheLeavesDoNotMakeIsAnAlarm) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  hub_.push_batch(signed_over_another_root());
  expect_alarm("root-mismatch", founded_.size());
}

// C-106.
TEST_F(LogNodeMeetsLyingHubTest, ACheckpointUnderAnotherKeyIsAnAlarm) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  append(notice("Never shown"));
  v1::LogBatch batch = log_.batches().back();
  const std::vector<std::string> keys = {"hub log 2"};
  batch.set_checkpoint(signed_checkpoint(exchange_.roster().hub().origin_line(), log_.size(),
                                         log_.tree().root(), keys));
  hub_.push_batch(batch);
  expect_alarm("bad-checkpoint", founded_.size());
}

// C-105.
TEST_F(LogNodeMeetsLyingHubTest, ADirectoryThatTheEntriesDoNotMakeIsAnAlarm) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  append(notice("Never shown"));
  v1::LogBatch batch = log_.batches().back();
  batch.mutable_directory()->front() = static_cast<char>(batch.directory().front() ^ 1);
  hub_.push_batch(signed_again(batch));
  expect_alarm("directory-mismatch", founded_.size());
}

// C-105: the revocation is in the hub's directory, and kept from this node.
TEST_F(LogNodeMeetsLyingHubTest, AWithheldRevocationIsAnAlarmAtTheNextLeaf) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  const std::vector<std::string> signers = {authority_name("KZ")};
  log_.append_entry(
      exchange_.entry(revocation_of(signing_public(node_key_name("KZ", 1, "signing")).id()),
                      signers, log_.directory(), "KZ"));
  append(notice("After the revocation"));
  v1::LogBatch batch = log_.batches().back();
  batch.set_first_index(founded_.size());
  hub_.push_batch(signed_again(batch));
  expect_alarm("directory-mismatch", founded_.size());
}

// C-134: a node that verified more than the hub has was shown another log.
TEST_F(LogNodeMeetsLyingHubTest, AHubWithASmallerLogIsAnAlarm) {
  append(notice("Lost at the hub"));
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  ASSERT_EQ(node_.daemon().stop(), 0);
  hub_.show(founded_);
  node_.start();
  expect_alarm("foreign-log", log_.size());
}

// C-134.
TEST_F(LogNodeMeetsLyingHubTest, AHubWithAnotherLogOfTheSameSizeIsAnAlarm) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  ASSERT_EQ(node_.daemon().stop(), 0);
  hub_.show(founded_.batches(), founded_.size(), Hash{1});
  node_.start();
  expect_alarm("foreign-log", founded_.size());
}

// Bytes that are no message of the link are dropped, and the link goes on (C-130, C-144).
TEST_F(LogNodeMeetsLyingHubTest, WhatIsNoMessageIsDroppedAndTheLinkGoesOn) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  hub_.send("log", "no protobuf");
  hub_.send("log", std::string("\x2a\x00\x2a\x00", 4));  // Twice the same field.
  hub_.send("nowhere", "");
  hub_.deliver(log_.size() + 100, log_.size() + 50, "beyond the log");
  const std::string good = append(notice("Good"));
  hub_.push_batch(log_.batches().back());
  hub_.deliver(log_.size() - 1, 0, good);
  EXPECT_TRUE(hub_.serve_until([&] {
    return node_.subjects() == std::vector<std::string>{"Good"};
  })) << node_.daemon().log();
  EXPECT_EQ(node_.status().code, 0);
}

// Chapters 5 and 7 at a recipient: void or unopenable entries are kept with their code, shown to
// nobody, and hold nothing up.
TEST_F(LogNodeMeetsLyingHubTest, WhatIsVoidOrUnopenableIsKeptWithItsCodeAndNotShown) {
  Author author(exchange_, exchange::tree_head(founded_.size(), founded_.tree().root()));
  const auto sign = [&](const Unsigned& made) { return exchange_.sign(made, "AM node 1 signing"); };
  struct Entry {
    std::string logged;
    std::string delivered;
    node::Verdict verdict;
    ErrorCode code;
  };
  std::vector<Entry> entries;
  const auto same = [&](const std::string& envelope, node::Verdict verdict, ErrorCode code) {
    entries.push_back({envelope, envelope, verdict, code});
  };
  // Logged is one thing, delivered another, also when it is asked for again.
  entries.push_back({notice("Logged"), notice("Delivered instead"), node::Verdict::kVoid,
                     ErrorCode::kLeafMismatch});
  // What the hub should have refused.
  same(sign(author.clear(exchange_.draft("AM", {"BY"}), text_with("Unsealed"))),
       node::Verdict::kVoid, ErrorCode::kSealRequired);
  same(exchange_.sign(author.sealed(exchange_.draft("AM", {"BY"}), "Forged"), "KZ node 1 signing"),
       node::Verdict::kVoid, ErrorCode::kWrongOrigin);
  same(author.publish("AM", {"KZ"}, "For another member"), node::Verdict::kVoid,
       ErrorCode::kUnknownRecipient);
  // What only a recipient can see: an altered stanza, an altered ciphertext, another text.
  const auto resealed = [&](const std::function<void(v1::SealedBody&)>& change) {
    const Unsigned made = author.sealed(exchange_.draft("AM", {"BY"}), "Altered");
    v1::Body body;
    EXPECT_TRUE(body.ParseFromString(made.body));
    change(*body.mutable_sealed());
    return sign(author.with_header(made.header, body.SerializeAsString()));
  };
  same(resealed([](v1::SealedBody& sealed) {
         for (v1::Stanza& stanza : *sealed.mutable_stanzas()) {
           stanza.mutable_ct()->front() = static_cast<char>(stanza.ct().front() ^ 1);
         }
       }),
       node::Verdict::kUnopenable, ErrorCode::kSealBroken);
  same(resealed([](v1::SealedBody& sealed) {
         sealed.mutable_ciphertext()->front() = static_cast<char>(sealed.ciphertext().front() ^ 1);
       }),
       node::Verdict::kUnopenable, ErrorCode::kSealBroken);
  same(sign(author.sealed_bytes(exchange_.draft("AM", {"BY"}), "\x07 is no Text")),
       node::Verdict::kUnopenable, ErrorCode::kMalformed);
  entries.push_back(
      {notice("Cut"), notice("Cut").substr(0, 100), node::Verdict::kVoid, ErrorCode::kMalformed});
  same(notice("Good"), node::Verdict::kGood, ErrorCode{});

  ASSERT_NO_FATAL_FAILURE(start_in_step());
  std::uint64_t previous = 0;
  for (const Entry& entry : entries) {
    append(entry.logged);
    hub_.push_batch(log_.batches().back());
    hub_.hold(log_.size() - 1, previous, entry.delivered);
    hub_.deliver(log_.size() - 1, previous, entry.delivered);
    previous = log_.size();
  }
  EXPECT_TRUE(hub_.serve_until([&] { return hub_.cursor() == log_.size(); }))
      << node_.daemon().log();
  EXPECT_EQ(node_.subjects(), std::vector<std::string>{"Good"});
  const Ran status = node_.status();
  // Evidence is no alarm, where the log itself is good; what was not logged, twice, is one.
  EXPECT_EQ(status.code, 1) << status.output;
  EXPECT_EQ(status.json().at("alarm").at("error"), "leaf-mismatch") << status.output;
  EXPECT_EQ(status.json().at("hub").at("link"), "up");
  const auto count = [&](node::Verdict verdict) {
    return std::ranges::count(entries, verdict, &Entry::verdict);
  };
  EXPECT_EQ(status.json().at("inbox").at("void"), count(node::Verdict::kVoid));
  EXPECT_EQ(status.json().at("inbox").at("unopenable"), count(node::Verdict::kUnopenable));
  EXPECT_EQ(node_.daemon().stop(), 0);

  sqlite::Database store =
      must(sqlite::Database::open(node_.store(), {.mode = sqlite::OpenMode::kReadOnly,
                                                  .application_id = node::kNodeStoreApplicationId,
                                                  .user_version = node::kNodeStoreVersion}));
  sqlite::Statement select =
      must(store.prepare("SELECT idx, verdict, code, envelope FROM received_whole ORDER BY idx"));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ASSERT_TRUE(must(select.step()));
    EXPECT_EQ(must(select.column_u64(0)), founded_.size() + i);
    EXPECT_EQ(must(select.column_u64(1)), static_cast<std::uint64_t>(entries[i].verdict)) << i;
    EXPECT_EQ(must(select.column_u64(2)), static_cast<std::uint64_t>(entries[i].code)) << i;
    EXPECT_EQ(must(select.column_blob(3)), entries[i].delivered) << i;
  }
  EXPECT_FALSE(must(select.step()));
}

// C-111: bytes that are not what was logged are evidence, and what was logged still gets in.
TEST_F(LogNodeMeetsLyingHubTest, AGarbledDeliveryIsFetchedAgain) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  const std::string logged = append(notice("Logged"));
  hub_.push_batch(log_.batches().back());
  hub_.hold(founded_.size(), 0, logged);
  hub_.deliver(founded_.size(), 0, logged.substr(0, 100));
  const std::string next = append(notice("After it"));
  hub_.push_batch(log_.batches().back());
  hub_.hold(founded_.size() + 1, founded_.size() + 1, next);
  hub_.deliver(founded_.size() + 1, founded_.size() + 1, next);
  EXPECT_TRUE(hub_.serve_until([&] {
    return node_.subjects() == std::vector<std::string>{"Logged", "After it"};
  })) << node_.daemon().log();
  EXPECT_EQ(node_.count("inbox", "garbled"), 1U);
  EXPECT_EQ(node_.count("inbox", "void"), 0U);
  EXPECT_EQ(node_.status().code, 0);
  EXPECT_EQ(node_.daemon().stop(), 0);
  EXPECT_EQ(chancery({"audit", "verify", "--node", node_.config()}).code, 0);
}

// C-110: the hub logged what it has to refuse, or shows its members two logs. The notice is good,
// and shown; the alarm stands, also after a restart, and the auditor names the entry.
TEST_F(LogNodeMeetsLyingHubTest, ANoticeWhoseOriginSawAnotherLogIsAnAlarm) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  TestLog other(exchange_);
  other.found();
  const std::string only_there = notice("Only in the other log");
  other.append(std::span(&only_there, 1));
  append(notice("Here"));
  hub_.push_batch(log_.batches().back());
  exchange_.see(other.tree());
  const std::string seen = append(notice("Saw the other log"));
  hub_.push_batch(log_.batches().back());
  hub_.deliver(log_.size() - 1, 0, seen);
  Ran status;
  EXPECT_TRUE(hub_.serve_until([&] {
    status = node_.status();
    return status.code == 1;
  })) << node_.daemon().log();
  EXPECT_EQ(status.json().at("alarm").at("error"), "foreign-log") << status.output;
  EXPECT_EQ(status.json().at("hub").at("link"), "up") << "what the hub shows is still collected";
  EXPECT_EQ(node_.subjects(), std::vector<std::string>{"Saw the other log"});
  EXPECT_EQ(node_.daemon().stop(), 0);
  const Ran audit = chancery({"audit", "verify", "--node", node_.config(), "--json"});
  EXPECT_EQ(audit.code, 1);
  EXPECT_NE(audit.output.find("foreign-log"), std::string::npos) << audit.output;
  node_.start();
  EXPECT_TRUE(hub_.serve_until([&] { return node_.status().code == 1; })) << node_.daemon().log();
}

// C-138: a hub that asks for another stamping each time gets fewer and fewer of them.
TEST_F(LogNodeMeetsLyingHubTest, StampingAgainAtTheHubsWordTakesLongerEachTime) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  hub_.refuse(ErrorCode::kStaleDirectory);
  EXPECT_EQ(chancery({"publish", "--client", node_.client(), "--kind", "contact", "--to", "AM",
                      "--subject", "Never taken", "--content", R"({"counterpart": "x"})", "--wait",
                      "queued"})
                .code,
            0);
  static_cast<void>(hub_.serve_until([] { return false; }, std::chrono::milliseconds(2'500)));
  EXPECT_GE(hub_.submit_count(), 2U) << node_.daemon().log();
  EXPECT_LE(hub_.submit_count(), 5U) << "0.25, 0.5, 1 and 2 s apart";
}

// C-106: what contradicted the log is evidence against the hub, and no restart forgets it.
TEST_F(LogNodeMeetsLyingHubTest, AnAlarmAndItsEvidenceOutliveTheProcess) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  const v1::LogBatch batch = signed_over_another_root();
  hub_.push_batch(batch);
  ASSERT_TRUE(hub_.serve_until([&] { return node_.status().code == 1; }));
  EXPECT_EQ(node_.daemon().stop(), 0);
  {
    sqlite::Database store =
        must(sqlite::Database::open(node_.store(), {.mode = sqlite::OpenMode::kReadOnly,
                                                    .application_id = node::kNodeStoreApplicationId,
                                                    .user_version = node::kNodeStoreVersion}));
    sqlite::Statement select = must(store.prepare("SELECT evidence FROM alarm"));
    ASSERT_TRUE(must(select.step()));
    EXPECT_EQ(must(select.column_blob(0)), batch.SerializeAsString());
  }
  node_.start();
  EXPECT_TRUE(hub_.serve_until([&] { return node_.status().code == 1; })) << node_.daemon().log();
  EXPECT_EQ(node_.status().json().at("alarm").at("error"), "root-mismatch");
}

// C-104: a number that no store can hold is malformed, and never the end of the process.
TEST_F(LogNodeMeetsLyingHubTest, ABatchOutOfTimeIsAnAlarmAndNotTheEnd) {
  ASSERT_NO_FATAL_FAILURE(start_in_step());
  const std::string one = notice("Never shown");
  log_.append(std::span(&one, 1), std::uint64_t{1} << 63U);
  hub_.push_batch(log_.batches().back());
  static_cast<void>(
      hub_.serve_until([&] { return !node_.daemon().runs(); }, std::chrono::milliseconds(1500)));
  EXPECT_TRUE(node_.daemon().runs()) << node_.daemon().log();
}

}  // namespace
}  // namespace chancery::test
