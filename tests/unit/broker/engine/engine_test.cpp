#include "broker/engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/store/sqlite_hub_store.h"
#include "core/exchange/strict.h"
#include "core/ledger/witness.h"
#include "tests/sim/disk.h"
#include "tests/unit/broker/support.h"

namespace chancery::broker {
namespace {

using test::must;
using Words = std::vector<std::string>;
using std::chrono::seconds;

constexpr std::uint64_t kPlenty = 1ULL << 40U;
constexpr std::array kMeet = {"AM", "BY", "KG", "KZ"};

// Clocks that go on by one at each look; no stage is short by them.
std::chrono::nanoseconds tick() {
  static std::int64_t now = 0;
  return std::chrono::nanoseconds(++now);
}
std::chrono::steady_clock::time_point slow_tick() {
  static std::int64_t now = 0;
  return std::chrono::steady_clock::time_point(StageClock::kShort * ++now);
}

// Clocks that are set.
std::chrono::nanoseconds cpu_set{};
std::chrono::steady_clock::time_point steady_set;

// The hub's engine on a disk that can be full.
class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    start();
    must(engine_->found(exchange_.founding_file(), "founding.bin", kNow - 1000));
  }

  void start() {
    engine_.reset();
    LogSigners signers;
    signers.push_back(test::key_signer("hub log 1"));
    engine_ =
        must(Engine::start({.program = "hub",
                            .admission = {},
                            .window = {},
                            .clocks = {.cpu = tick, .steady = slow_tick}},
                           must(open_sqlite_hub_store(disk_.path("hub.db"), exchange_.genesis(),
                                                      StoreUse::kOwn, sim::Disk::medium())),
                           std::move(signers)));
  }
  void measure(std::uint64_t free_bytes) { engine_->disk_has(free_bytes, now_); }
  std::string urgent() {
    v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
    draft.set_precedence(v1::PRECEDENCE_FLASH);
    return made(draft);
  }
  std::string routine() { return made(exchange_.draft("AM", {"BY"}, "contact")); }
  std::string made(const v1::Draft& draft) {
    return notice(exchange_, draft, {.seen = head_of(engine_->hub().sequencer().tree())});
  }
  std::string offer(const std::string& envelope) {
    return test::outcome(engine_->hub().sequencer().offer(1, "AM", envelope));
  }
  Words sequence() {
    Words words;
    for (const Outcome& outcome : must(engine_->sequence(kNow)).outcomes) {
      words.push_back(said(outcome));
    }
    return words;
  }
  void greet(PeerHandle peer, std::string_view member, const v1::TreeHead& followed = {}) {
    must(say_hello(peer, member, followed));
  }
  Result<void> say_hello(PeerHandle peer, std::string_view member, const v1::TreeHead& followed) {
    v1::UpMessage message;
    v1::Hello& hello = *message.mutable_hello();
    if (followed.size() > 0) {
      *hello.mutable_followed() = followed;
    }
    hello.set_protocol(1);
    hello.set_genesis(to_string(exchange_.genesis()));
    for (v1::Credits* const credits : {hello.mutable_credits(), hello.mutable_credits_urgent()}) {
      credits->set_items(100);
      credits->set_bytes(16U << 20U);
    }
    hello.set_program("node of a test");
    hello.set_instance(std::string(exchange::kInstanceBytes, 'i'));
    return engine_->receive(peer, transport_id(member), message.SerializeAsString());
  }
  void meet_a_quorum() {
    PeerHandle peer = 0;
    for (const char* const member : kMeet) {
      greet(++peer, member);
    }
  }
  // Of those who met; how many were asked.
  std::size_t cosign_what_is_asked() {
    std::size_t count = 0;
    for (const Outgoing& outgoing : engine_->take_outgoing()) {
      const auto message = must(exchange::parse_wire<v1::DownMessage>(outgoing.message));
      if (!message.has_round()) {
        continue;
      }
      const std::string member = kMeet[outgoing.peer - 1];
      const auto asked = must(ledger::parse_add_checkpoint(message.round().request()));
      v1::UpMessage answer;
      answer.mutable_answer()->set_round(message.round().round());
      answer.mutable_answer()->set_status(std::to_underlying(ledger::WitnessStatus::kOk));
      answer.mutable_answer()->set_text(cosignature_of(
          member, exchange::witness_name(exchange_.roster().hub().origin_line(), member),
          asked.checkpoint, 1000));
      must(engine_->receive(outgoing.peer, transport_id(member), answer.SerializeAsString()));
      ++count;
    }
    return count;
  }
  std::size_t heads_told() {
    std::size_t count = 0;
    for (const Outgoing& outgoing : engine_->take_outgoing()) {
      const auto message = must(exchange::parse_wire<v1::DownMessage>(outgoing.message));
      count += message.has_round_result() ? 1U : 0U;
    }
    return count;
  }
  std::vector<FeedEntry> feed_of_by() {
    return must(engine_->store().read_feed({.member = "BY", .from = 0, .count_max = 200}, kPlenty));
  }
  std::uint64_t stored_size() { return must(engine_->store().load()).tree.size(); }

  test::TestExchange exchange_;
  sim::Disk disk_{"hub", sim::Random(1)};
  DiskGauge::Time now_{};
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, ACommitThatFindsNoRoomRefusesItsBatchAndTheHubGoesOn) {
  measure(kPlenty);
  const std::string first = urgent();
  ASSERT_EQ(offer(first), "good");
  disk_.set_full(true);
  EXPECT_EQ(sequence(), Words{"disk-full"});
  EXPECT_EQ(stored_size(), kFounded);
  EXPECT_EQ(offer(urgent()), "disk-full");
  must(engine_->flush());  // What can wait waits.

  disk_.set_full(false);
  now_ += seconds(5);
  measure(kPlenty);
  ASSERT_EQ(offer(first), "good");
  EXPECT_EQ(sequence(), Words{"at 7"});
  start();
  EXPECT_EQ(engine_->hub().sequencer().tree().size(), kFounded + 1);
}

// Decision 0014: one fsync for a batch, and a checkpoint that no commit takes along is not late.
TEST_F(EngineTest, ACheckpointIsWrittenWithTheNextCommitOrAfterAWhile) {
  const auto unwritten = [&] {
    std::vector<std::uint64_t> sizes;
    for (const HubStore::UnsignedHead& head : must(engine_->store().unsigned_heads())) {
      sizes.push_back(head.size);
    }
    return sizes;
  };
  using Sizes = std::vector<std::uint64_t>;
  const auto log_one = [&] {
    EXPECT_EQ(offer(urgent()), "good");
    EXPECT_EQ(sequence().size(), 1U);
    must(engine_->flush_when_due());
  };
  measure(kPlenty);
  log_one();
  EXPECT_EQ(unwritten(), Sizes{kFounded + 1});
  now_ += kKeptFor / 2;
  measure(kPlenty);
  log_one();
  EXPECT_EQ(unwritten(), Sizes{kFounded + 2}) << "the first went along, and the second waits";
  EXPECT_TRUE(engine_->keeps());
  now_ += kKeptFor - std::chrono::milliseconds(1);
  measure(kPlenty);
  must(engine_->flush_when_due());
  EXPECT_EQ(unwritten(), Sizes{kFounded + 2});

  disk_.set_full(true);
  now_ += std::chrono::milliseconds(1);
  measure(kPlenty);
  must(engine_->flush_when_due());
  EXPECT_EQ(unwritten(), Sizes{kFounded + 2});
  EXPECT_TRUE(engine_->keeps()) << "it is tried again";
  disk_.set_full(false);
  now_ += seconds(5);
  measure(kPlenty);
  must(engine_->flush_when_due());
  EXPECT_EQ(unwritten(), Sizes{});
  EXPECT_FALSE(engine_->keeps());
}

TEST_F(EngineTest, WhatIsMeasuredDecidesWhatIsTaken) {
  measure(DiskMarks{}.routine_free_bytes - 1);
  EXPECT_EQ(offer(routine()), "disk-low");
  EXPECT_EQ(offer(urgent()), "good");
  EXPECT_EQ(sequence(), Words{"at 7"});
  engine_->hub().holds_no_more();
  const std::string waiting = urgent();
  EXPECT_EQ(offer(waiting), "good");
  measure(0);
  EXPECT_EQ(sequence(), Words{"disk-full"});
  EXPECT_EQ(offer(urgent()), "disk-full");
  measure(kPlenty);
  EXPECT_EQ(offer(waiting), "good");
  EXPECT_EQ(offer(routine()), "good");
  EXPECT_EQ(sequence(), (Words{"at 8", "at 9"}));
}

TEST_F(EngineTest, WhatEachStageUsesIsCounted) {
  measure(kPlenty);
  const auto used = [&](Stage stage) { return engine_->stages().used(stage); };
  ASSERT_EQ(offer(urgent()), "good");
  const StageClock before = engine_->stages();
  EXPECT_EQ(sequence(), Words{"at 7"});
  for (const Stage stage : {Stage::kVerify, Stage::kTree, Stage::kStore, Stage::kSend}) {
    EXPECT_GT(used(stage), before.used(stage)) << static_cast<int>(stage);
  }
  EXPECT_EQ(used(Stage::kRead), before.used(Stage::kRead));
  engine_->serve_reads();
  EXPECT_GT(used(Stage::kRead), before.used(Stage::kRead));
  EXPECT_EQ(engine_->stages().enter(Stage::kOther), Stage::kOther) << "each stage has ended";
}

TEST(StageClockTest, WhatIsShortIsMadeUpForByWhatIsNot) {
  using std::chrono::microseconds;
  cpu_set = {};
  steady_set = {};
  StageClock clock({.cpu = [] { return cpu_set; }, .steady = [] { return steady_set; }});
  const auto spend = [&](Stage stage, microseconds time, microseconds cpu) {
    clock.enter(stage);
    steady_set += time;
    cpu_set += cpu;
    clock.enter(Stage::kOther);
  };
  spend(Stage::kParse, microseconds(10),
        microseconds(4));  // For 6 of them others had the processor.
  EXPECT_EQ(clock.used(Stage::kParse), microseconds(10));
  spend(Stage::kStore, microseconds(500), microseconds(5));
  EXPECT_EQ(clock.used(Stage::kStore), microseconds(0)) << "9 were used, and 10 are counted";
  spend(Stage::kStore, microseconds(500), microseconds(40));
  EXPECT_EQ(clock.used(Stage::kStore), microseconds(39));
  EXPECT_EQ(clock.used(Stage::kParse) + clock.used(Stage::kStore), cpu_set);
  EXPECT_EQ(clock.used(Stage::kOther), microseconds(0));
}

// C-150
TEST_F(EngineTest, AfterAStartNothingIsAdmittedBeforeAQuorumHasMetTheHub) {
  measure(kPlenty);
  EXPECT_EQ(engine_->quorum_after(), std::chrono::milliseconds(0)) << "of an empty log";
  const v1::TreeHead before = head_of(engine_->hub().sequencer().tree());
  ASSERT_EQ(offer(urgent()), "good");
  ASSERT_EQ(sequence(), Words{"at 7"});

  start();
  measure(kPlenty);
  const v1::TreeHead now = head_of(engine_->hub().sequencer().tree());
  const std::string waits = urgent();
  greet(1, "AM", now);
  greet(2, "BY", before);
  greet(3, "KG", before);
  v1::TreeHead foreign = before;
  foreign.set_root(std::string(32, 'x'));
  EXPECT_EQ(test::outcome(say_hello(4, "KZ", foreign)), "foreign-log");
  EXPECT_EQ(engine_->quorum_after(), std::nullopt);
  ASSERT_EQ(offer(waits), "good");
  EXPECT_EQ(sequence(), Words{"awaiting-quorum"});
  EXPECT_EQ(stored_size(), kFounded + 1);

  now_ += seconds(7);
  measure(kPlenty);
  engine_->hub().disconnected(2);  // It has said what it knows.
  greet(5, "RU");                  // It has followed nothing.
  EXPECT_EQ(engine_->quorum_after(), seconds(7));
  ASSERT_EQ(offer(waits), "good");
  EXPECT_EQ(sequence(), Words{"at 8"});
}

TEST_F(EngineTest, AProofThatFindsNoRoomIsAskedForAgain) {
  measure(kPlenty);
  const v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
  ASSERT_EQ(offer(made(draft)), "good");
  EXPECT_EQ(sequence(), Words{"at 7"});
  const std::string second = notice(
      exchange_, draft, {.seen = head_of(engine_->hub().sequencer().tree()), .text = "another"});
  ASSERT_EQ(offer(second), "good");
  disk_.set_full(true);
  EXPECT_EQ(sequence(), Words{"disk-full"});
  EXPECT_EQ(must(engine_->store().conflict_count()), 0U);
  disk_.set_full(false);
  now_ += seconds(5);
  measure(kPlenty);
  ASSERT_EQ(offer(second), "good");
  EXPECT_EQ(sequence(), Words{"notice-id-reused"});
  EXPECT_EQ(must(engine_->store().conflict_count()), 1U);
}

// C-189: a head that nodes go on from, and the hub forgets, is one that it contradicts later.
TEST_F(EngineTest, TheFirstHeadAtQuorumIsToldOnceItIsDurable) {
  must(engine_->sign_missing_checkpoints());
  measure(kPlenty);
  meet_a_quorum();
  must(engine_->run_rounds(now_));
  now_ += RoundLimits{}.settle;
  must(engine_->run_rounds(now_));
  EXPECT_EQ(cosign_what_is_asked(), 4U);
  disk_.set_full(true);
  now_ += RoundLimits{}.round_max;
  must(engine_->run_rounds(now_));
  must(engine_->run_rounds(now_));
  EXPECT_EQ(heads_told(), 0U);
  disk_.set_full(false);
  now_ += seconds(5);
  measure(kPlenty);
  must(engine_->run_rounds(now_));
  EXPECT_EQ(heads_told(), 4U);
  start();
  EXPECT_EQ(must(engine_->store().load()).witness_changes.size(), 1U);
  greet(1, "AM");
  EXPECT_EQ(heads_told(), 2U) << "as the first, and as the newest";
}

TEST_F(EngineTest, StartsOnAFullDiskAndShowsWhatItHas) {
  // Again and again, so that the WAL once has pages for which the main file would have to grow.
  for (std::size_t round = 1; round <= 10; ++round) {
    disk_.set_full(false);
    measure(kPlenty);
    meet_a_quorum();
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(offer(routine()), "good");
    }
    ASSERT_EQ(sequence().size(), 10U);
    disk_.set_full(true);
    start();
    measure(0);
    EXPECT_EQ(feed_of_by().size(), 10 * round);
    EXPECT_EQ(offer(urgent()), "disk-full");
  }
}

// However many nodes come at once: what was read is sent before more is, and whoever has no room by
// then is read for later.
TEST_F(EngineTest, PagesAreSentAsTheyAreRead) {
  constexpr std::size_t kBytes = 900'000;
  constexpr int kNodes = 6;
  const std::vector<std::string> members = {"AM", "BY", "KG", "KZ", "RU", "TJ"};
  for (const v1::Precedence precedence : {v1::PRECEDENCE_ROUTINE, v1::PRECEDENCE_FLASH}) {
    v1::Draft draft = exchange_.draft("AM", {"BY", "KG", "KZ", "RU", "TJ"}, "contact");
    draft.set_precedence(precedence);
    EXPECT_EQ(offer(notice(exchange_, draft,
                           {.seen = head_of(engine_->hub().sequencer().tree()),
                            .text = std::string(kBytes, 's')})),
              "good");
  }
  EXPECT_EQ(sequence().size(), 2U);
  engine_->hub().holds_no_more();
  for (std::size_t i = 0; i < members.size(); ++i) {
    greet(i + 1, members[i]);
  }
  static_cast<void>(engine_->take_outgoing());
  std::size_t most = 0;
  std::map<PeerHandle, int> urgent;
  std::map<PeerHandle, int> patient;
  const auto send = [&] {
    most = std::max(most, engine_->hub().outgoing_bytes());
    for (const Outgoing& outgoing : engine_->take_outgoing()) {
      v1::DownMessage message;
      ASSERT_TRUE(message.ParseFromString(outgoing.message));
      if (message.has_deliver()) {
        ++(message.deliver().urgent() ? urgent : patient)[outgoing.peer];
      }
    }
  };
  // Of one for whom a page is on its way, the other lane waits.
  const auto has_room = [&](PeerHandle peer) { return !urgent.contains(peer) || peer > 1; };
  engine_->serve_reads(has_room, send);
  send();
  EXPECT_LE(most, (4U << 20U) + 2 * kBytes);
  EXPECT_GT(most, 4U << 20U);
  EXPECT_EQ(urgent.size(), kNodes);
  EXPECT_EQ(patient.size(), kNodes - 1);
  engine_->serve_reads({}, send);
  send();
  EXPECT_EQ(patient.size(), kNodes) << "read for later";
}

TEST_F(EngineTest, AFailedSyncIsNoFullDisk) {
  measure(kPlenty);
  ASSERT_EQ(offer(routine()), "good");
  disk_.fail_next_sync();
  EXPECT_EQ(engine_->sequence(kNow).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace chancery::broker
