#include "node/engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/exchange/compose.h"
#include "tests/sim/disk.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::must;
using Words = std::vector<std::string>;

constexpr std::uint64_t kPlenty = 1ULL << 40U;

// BY's node on a disk that can be full, and a hub of which only the words are there.
class EngineTest : public testing::Test {
 protected:
  explicit EngineTest(const LocalLimits& limits = {}) {
    log_.found();
    start(limits);
  }

  void start(const LocalLimits& limits = {}) {
    std::vector<crypto::PrivateKey> sealing_keys;
    sealing_keys.push_back(test::agreement_private(test::node_key_name("BY", 1, "sealing")));
    EngineConfig config{.member = "BY", .program = "node", .applications = {}, .local = limits};
    config.applications.push_back({.name = "desk", .key = {}, .publish = {"*"}, .read = {"*"}});
    engine_ = must(Engine::start(std::move(config),
                                 must(NodeStore::open(disk_.path("node.db"), exchange_.genesis(),
                                                      "BY", StoreUse::kOwn, sim::Disk::medium())),
                                 test::key_signer(test::node_key_name("BY", 1, "signing")),
                                 exchange::Opener(std::move(sealing_keys)),
                                 [](std::size_t count) { return std::string(count, 'r'); }));
    measure(kPlenty);
    greet();
    show_log();
    must(turn());
  }

  [[nodiscard]] Now now() const {
    return {.steady = SteadyTime() + seconds(1) + passed_,
            .unix_us = (kNow + static_cast<std::uint64_t>(passed_.count())) * 1000};
  }
  void measure(std::uint64_t free_bytes) { engine_->disk_has(free_bytes, now().steady); }
  void pass(milliseconds time) { passed_ += time; }
  Result<void> turn() { return engine_->finish_turn(now()); }

  Result<void> hear(const v1::DownMessage& message, const std::string& topic = "control") {
    return engine_->receive_from_hub(topic, message.SerializeAsString(), now());
  }
  void greet() {
    engine_->connected();
    v1::DownMessage message;
    message.mutable_welcome()->set_protocol(1);
    message.mutable_welcome()->set_genesis(to_string(exchange_.genesis()));
    *message.mutable_welcome()->mutable_head() =
        exchange::tree_head(log_.size(), log_.tree().root());
    must(hear(message));
  }
  Result<void> hear_log() {
    v1::DownMessage message;
    for (const v1::LogBatch& batch : log_.batches()) {
      *message.mutable_batches()->add_batches() = batch;
    }
    message.mutable_batches()->set_log_size(log_.size());
    return hear(message, "log");
  }
  void show_log() { must(hear_log()); }
  Result<void> hear_delivery(std::uint64_t index, bool urgent = false) {
    return hear_delivery_of(index, log_.envelopes()[index], urgent);
  }
  Result<void> hear_delivery_of(std::uint64_t index, const std::string& envelope,
                                bool urgent = false) {
    v1::DownMessage message;
    message.mutable_deliver()->set_urgent(urgent);
    v1::Delivery& delivery = *message.mutable_deliver()->add_deliveries();
    delivery.set_index(index);
    delivery.set_envelope(envelope);
    return hear(message, "to/BY");
  }
  Result<void> hear_refused(const std::string& notice_id, ErrorCode code, std::uint64_t after_ms) {
    v1::DownMessage message;
    v1::RefusedItem& item = *message.mutable_refused()->add_items();
    item.set_notice_id(notice_id);
    item.set_code(static_cast<std::uint32_t>(code));
    item.set_text("not now");
    item.set_retry_after_ms(after_ms);
    return hear(message);
  }

  // A publication of the desk, under an id made of the number.
  Result<void> publish(int number, v1::Precedence precedence = v1::PRECEDENCE_ROUTINE,
                       std::size_t text_bytes = 0) {
    v1::LocalRequest request;
    request.set_request_id(static_cast<std::uint64_t>(number));
    v1::PublishRequest& publish = *request.mutable_publish();
    publish.set_notice_id(id(number));
    publish.set_kind("contact");
    publish.set_status(v1::STATUS_TEST);
    publish.set_precedence(precedence);
    publish.set_text(test::TestExchange::text_of(
        "number " + std::to_string(number) + std::string(text_bytes, 't'), publish.kind()));
    publish.add_recipients()->set_member("AM");
    publish.mutable_recipients(0)->set_role(v1::RECIPIENT_ROLE_ACTION);
    return engine_->receive_local("peer", "desk", request.SerializeAsString(), now());
  }
  Result<void> ask_inbox(std::uint64_t number, milliseconds wait,
                         v1::Precedence precedence_min = v1::PRECEDENCE_UNSPECIFIED) {
    v1::LocalRequest request;
    request.set_request_id(number);
    request.mutable_inbox()->mutable_filter()->set_precedence_min(precedence_min);
    request.mutable_inbox()->set_wait_ms(static_cast<std::uint64_t>(wait.count()));
    return engine_->receive_local("peer", "desk", request.SerializeAsString(), now());
  }
  Result<void> ask_along(const std::string& cursor, std::uint64_t number, milliseconds wait = {}) {
    v1::LocalRequest request;
    request.set_request_id(number);
    request.mutable_inbox()->set_cursor(cursor);
    request.mutable_inbox()->set_wait_ms(static_cast<std::uint64_t>(wait.count()));
    return engine_->receive_local("peer", "desk", request.SerializeAsString(), now());
  }
  static std::string id(int number) {
    return test::seeded_uuid("published", static_cast<std::uint64_t>(number));
  }
  // The turn of the engine found no room, and its owner goes on as the daemon does.
  void start_over(const Error& why) {
    engine_->abandon(why);
    given_ = engine_->take_replies();
    engine_ = must(Engine::start_over(std::move(engine_)));
  }
  // The one that there is.
  v1::LocalReply reply() {
    v1::LocalReply reply;
    const std::vector<LocalReply> all = engine_->take_replies();
    EXPECT_EQ(all.size(), 1U);
    EXPECT_TRUE(all.empty() || reply.ParseFromString(all.back().message));
    return reply;
  }
  // Each reply as "number word".
  Words replies() {
    Words words;
    std::vector<LocalReply> all = std::exchange(given_, {});
    std::ranges::move(engine_->take_replies(), std::back_inserter(all));
    for (const LocalReply& each : all) {
      v1::LocalReply reply;
      EXPECT_TRUE(reply.ParseFromString(each.message));
      const std::optional<ErrorCode> code =
          reply.has_error() ? error_code_from_wire(reply.error().code()) : std::nullopt;
      words.push_back(std::to_string(reply.request_id()) + " " +
                      (code.has_value() ? std::string(error_info(*code).name) : "good"));
    }
    return words;
  }
  std::vector<v1::UpMessage> sent() {
    std::vector<v1::UpMessage> messages;
    for (const std::string& bytes : engine_->take_to_hub()) {
      EXPECT_TRUE(messages.emplace_back().ParseFromString(bytes));
    }
    return messages;
  }
  // How many envelopes the node hands in.
  int submitted() {
    int count = 0;
    for (const v1::UpMessage& message : sent()) {
      count += message.submit().envelopes_size();
    }
    return count;
  }
  // Of the patient lane and of the urgent one.
  Words credits_stated() {
    Words items;
    for (const v1::UpMessage& message : sent()) {
      if (message.has_credit()) {
        items = {std::to_string(message.credit().credits().items()),
                 std::to_string(message.credit().credits_urgent().items())};
      }
    }
    return items;
  }
  std::uint64_t logged_for_us(v1::Precedence precedence = v1::PRECEDENCE_ROUTINE) {
    v1::Draft draft = exchange_.draft("AM", {"BY"});
    draft.set_precedence(precedence);
    const std::string envelope = exchange_.publish(draft, text_of("for BY"), exchange_.directory());
    log_.append(std::vector{envelope});
    return log_.size() - 1;
  }
  // Past a look for what is overdue.
  Words overdue() {
    pass(seconds(5));
    must(turn());
    Words words;
    for (const Overdue& each : engine_->overdue()) {
      words.push_back(each.what);
    }
    return words;
  }
  std::uint64_t shown() { return must(engine_->store().intake_counts()).shown; }

  test::TestExchange exchange_;
  test::TestLog log_{exchange_};
  sim::Disk disk_{"BY", sim::Random(1)};
  milliseconds passed_{0};
  std::unique_ptr<Engine> engine_;
  std::vector<LocalReply> given_;  // By the engine of before.
};

// What the way up has not drained yet cannot be overtaken: it begins with little.
TEST_F(EngineTest, ABacklogGoesUpAsItIsAnsweredAndTheUrgentAtOnce) {
  for (int number = 1; number <= 250; ++number) {
    must(publish(number, v1::PRECEDENCE_ROUTINE, 450));
  }
  static_cast<void>(sent());
  must(turn());
  std::uint64_t bytes = 0;
  for (const v1::UpMessage& message : sent()) {
    bytes += message.ByteSizeLong();
  }
  EXPECT_GT(bytes, 32U << 10U);
  EXPECT_LT(bytes, 160U << 10U) << "64 KiB of drafts and texts, signed";
  EXPECT_GT(must(engine_->store().outbox_counts()).queued, 50U);
  must(publish(251, v1::PRECEDENCE_FLASH));
  must(turn());
  EXPECT_EQ(submitted(), 1);
}

// One signature for those that come while the one before is on its way, but not for too many.
TEST_F(EngineTest, WhatWaitsIsSignedOnceAllIsAnsweredOrThereAre256) {
  must(publish(0));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  for (int number = 1; number <= 255; ++number) {
    must(publish(number));
  }
  must(turn());
  EXPECT_EQ(submitted(), 0);
  must(publish(256));
  must(turn());
  EXPECT_EQ(submitted(), 256);
}

// Under the directory at hand, which most often is the one in force; where the hub has another,
// what is behind in the log says which, and the urgent wait for it as well, and no longer than it
// takes.
TEST_F(EngineTest, AnUrgentNoticeDoesNotWaitForTheLog) {
  static_cast<void>(logged_for_us());
  greet();
  must(publish(1));
  must(publish(2, v1::PRECEDENCE_FLASH));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  must(hear_refused(id(2), ErrorCode::kStaleDirectory, 0));
  pass(seconds(61));
  must(turn());
  EXPECT_EQ(submitted(), 0);
  show_log();
  must(turn());
  EXPECT_EQ(submitted(), 2);
}

// What was signed for a fast link goes up again over another one: each once, in order, as it is
// answered, and the urgent at once.
TEST_F(EngineTest, WhatIsUnansweredGoesUpAgainAsItIsAnswered) {
  constexpr int kCount = 250;
  for (int number = 1; number <= kCount; ++number) {
    must(publish(number, number == 200 ? v1::PRECEDENCE_FLASH : v1::PRECEDENCE_ROUTINE, 450));
  }
  must(turn());
  static_cast<void>(sent());
  must(engine_->store().begin());
  std::uint64_t stamp = now().unix_us + 1'000'000;
  for (const Waiting& waiting : must(engine_->store().waiting(kCount, 1U << 30U))) {
    ++stamp;
    must(engine_->store().put_signed({.notice_id = waiting.notice_id,
                                      .header = "",
                                      .body = "",
                                      .created_at_us = stamp,
                                      .precedence = waiting.precedence},
                                     std::to_string(stamp) + std::string(600, 'e')));
  }
  must(engine_->store().commit());
  engine_->disconnected();
  greet();
  std::vector<std::string> envelopes;
  std::uint64_t predecessor_count = 0;
  const auto take_sent = [&] {
    std::size_t bytes = 0;
    for (const v1::UpMessage& message : sent()) {
      predecessor_count += static_cast<std::uint64_t>(message.submit().predecessors_size());
      for (const std::string& envelope : message.submit().envelopes()) {
        bytes += envelope.size();
        envelopes.push_back(envelope);
      }
    }
    return bytes;
  };
  must(publish(kCount + 1));  // Not before those.
  must(turn());
  const std::size_t first = take_sent();
  EXPECT_GT(first, 32U << 10U);
  EXPECT_LT(first, 160U << 10U) << "64 KiB of drafts and texts, signed";
  must(turn());
  EXPECT_EQ(take_sent(), 0U) << "nothing was answered";
  const std::vector<Unacknowledged> all =
      must(engine_->store().unacknowledged({.bytes_max = 1U << 30U}));
  must(publish(kCount + 2, v1::PRECEDENCE_FLASH));
  must(turn());
  EXPECT_GT(take_sent(), 0U) << "the urgent ones do not wait";
  envelopes.pop_back();
  for (int number = 1; number <= kCount; ++number) {
    must(hear_refused(id(number), ErrorCode::kNoVoice, 0));
    must(turn());
    take_sent();
  }
  must(hear_refused(id(kCount + 2), ErrorCode::kNoVoice, 0));
  must(turn());
  take_sent();
  ASSERT_EQ(envelopes.size(), static_cast<std::size_t>(kCount + 1)) << "and the new one";
  std::vector<std::string> patient;
  patient.reserve(all.size());
  for (const Unacknowledged& each : all) {
    patient.push_back(each.envelope);
  }
  std::vector<std::string> expected = envelopes;
  std::erase_if(expected, [&](const std::string& envelope) {
    return std::ranges::find(patient, envelope) == patient.end();
  });
  EXPECT_EQ(expected, patient) << "each once, in the order of signing";
  EXPECT_GT(predecessor_count, 200U);
}

// C-135: what the hub says is logged is so where the leaf is of what was signed; by the process
// that signed it, and by the one after it.
TEST_F(EngineTest, WhatIsAcceptedIsLoggedWhereTheLeafSaysSo) {
  greet();
  for (int number = 1; number <= 3; ++number) {
    must(publish(number, v1::PRECEDENCE_FLASH));
  }
  must(turn());
  std::vector<std::string> envelopes;
  for (const v1::UpMessage& message : sent()) {
    for (const std::string& envelope : message.submit().envelopes()) {
      envelopes.push_back(envelope);
    }
  }
  ASSERT_EQ(envelopes.size(), 3U);
  const std::uint64_t first = log_.size();
  log_.append(envelopes);
  show_log();
  const auto hear_accepted = [&](int number, std::uint64_t index) {
    v1::DownMessage message;
    v1::AcceptedItem& item = *message.mutable_accepted()->add_items();
    item.set_notice_id(id(number));
    item.set_index(index);
    must(hear(message));
    must(turn());
  };
  const auto stage = [&](int number) {
    return must(engine_->store().find_outbox(id(number))).value_or(OutboxRow()).stage;
  };
  hear_accepted(1, first + 1);
  EXPECT_EQ(stage(1), OutboxStage::kSigned) << "that leaf is another notice's";
  hear_accepted(2, first + 1);
  EXPECT_EQ(stage(2), OutboxStage::kLogged);
  EXPECT_EQ(stage(3), OutboxStage::kSigned);
  engine_.reset();
  start();
  greet();
  show_log();
  hear_accepted(3, first);
  EXPECT_EQ(stage(3), OutboxStage::kSigned);
  hear_accepted(3, first + 2);
  EXPECT_EQ(stage(3), OutboxStage::kLogged);
  hear_accepted(1, first);
  EXPECT_EQ(stage(1), OutboxStage::kLogged);
}

// The hub is silent about one, and answers all that follow: others do not put off when it goes
// again.
TEST_F(EngineTest, WhatIsUnansweredGoesAgainHoweverMuchIsAnsweredAfterIt) {
  greet();
  must(publish(1, v1::PRECEDENCE_FLASH));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  for (int number = 2; number <= 4; ++number) {
    pass(seconds(9));
    must(publish(number, v1::PRECEDENCE_IMMEDIATE));
    must(turn());
    EXPECT_EQ(submitted(), 1) << number;
    must(hear_refused(id(number), ErrorCode::kNoVoice, 0));
  }
  pass(seconds(4));
  must(publish(5, v1::PRECEDENCE_IMMEDIATE));
  must(turn());
  EXPECT_EQ(submitted(), 2) << "that one again, and the new one";
  must(hear_refused(id(1), ErrorCode::kNoVoice, 0));
  pass(seconds(29));
  must(publish(6, v1::PRECEDENCE_FLASH));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  must(hear_refused(id(5), ErrorCode::kNoVoice, 0));
  pass(seconds(2));
  must(turn());
  EXPECT_EQ(submitted(), 0) << "what was waited for has been answered";
  pass(seconds(30));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  pass(seconds(20));
  must(publish(7, v1::PRECEDENCE_FLASH));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  must(hear_refused(id(6), ErrorCode::kNoVoice, 0));
  pass(seconds(11));
  must(turn());
  EXPECT_EQ(submitted(), 0);
  pass(seconds(20));
  must(turn());
  EXPECT_EQ(submitted(), 1) << "each has its own 30 s";
}

// What is urgent and more than the way drains leaves the patient no room until it is answered.
TEST_F(EngineTest, WhatIsUnansweredGoesAgainAndAgain) {
  greet();
  must(publish(1));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  for (int number = 2; number <= 201; ++number) {
    must(publish(number, v1::PRECEDENCE_FLASH, 450));
  }
  must(turn());
  EXPECT_EQ(submitted(), 200);
  for (int again = 0; again < 3; ++again) {
    pass(seconds(31));
    must(turn());
    EXPECT_GE(submitted(), 200) << again;
  }
}

// A record that rots while somebody waits for it is named, and the daemon goes on.
TEST_F(EngineTest, WhoWaitsForADamagedRecordGetsWhatElseThereIs) {
  must(ask_inbox(1, milliseconds(1'000)));
  must(turn());
  EXPECT_EQ(replies(), Words{});
  const std::uint64_t index = logged_for_us();
  show_log();
  Arrival arrival;
  arrival.index = index;
  arrival.envelope_bytes = log_.envelopes()[index];
  arrival.envelope = exchange_.parse(arrival.envelope_bytes);
  arrival.envelope->notice[0] ^= 1;  // Not the hash of the draft beside it.
  must(turn());
  must(engine_->store().begin());
  const ledger::Leaf leaf = must(engine_->store().leaf(index));
  ASSERT_TRUE(must(engine_->store().put_arrival(arrival, leaf, 1)).has_value());
  must(engine_->store().commit());
  pass(seconds(2));
  must(turn());
  EXPECT_EQ(replies(), Words{"1 good"});
  EXPECT_EQ(must(engine_->store().quarantined()).size(), 1U);
}

TEST_F(EngineTest, ATurnThatFindsNoRoomPromisesNothingAndStartsOver) {
  disk_.set_full(true);
  // Until a write has to make the file longer.
  Result<void> done;
  int count = 0;
  while (done.has_value() && count < 500) {
    ++count;
    done = publish(count);
    done = done.has_value() ? turn() : done;
    if (done.has_value()) {
      EXPECT_EQ(replies(), Words{std::to_string(count) + " good"});
    }
  }
  ASSERT_EQ(done.error().code, ErrorCode::kDiskFull);
  start_over(done.error());
  EXPECT_EQ(replies(), Words{std::to_string(count) + " disk-full"});
  const auto queued = [&] { return must(engine_->store().outbox_counts()).queued; };
  const std::uint64_t kept = queued() + must(engine_->store().outbox_counts()).signed_count;
  EXPECT_EQ(kept, static_cast<std::uint64_t>(count - 1));

  // Full for now, whatever is measured; then as if nothing had been.
  measure(kPlenty);
  must(publish(count));
  must(turn());
  EXPECT_EQ(replies(), Words{std::to_string(count) + " disk-full"});
  disk_.set_full(false);
  pass(seconds(5));
  measure(kPlenty);
  greet();
  must(publish(count));
  must(turn());
  EXPECT_EQ(replies(), Words{std::to_string(count) + " good"});
  EXPECT_EQ(queued() + must(engine_->store().outbox_counts()).signed_count,
            static_cast<std::uint64_t>(count));
}

// It arrives again under another number, and would be read twice along a cursor.
TEST_F(EngineTest, WhatAFailedTurnHasYetToStoreIsShownToNobody) {
  const std::uint64_t index = logged_for_us();
  show_log();
  must(turn());
  must(hear_delivery(index));
  must(ask_inbox(700, milliseconds(0)));
  start_over({ErrorCode::kDiskFull, "commit"});
  EXPECT_EQ(replies(), Words{});
  must(turn());
  const v1::LocalReply answer = reply();
  EXPECT_EQ(answer.request_id(), 700U);
  ASSERT_TRUE(answer.has_inbox()) << answer.DebugString();
  EXPECT_TRUE(answer.inbox().items().empty());
}

// What it passed by was not stored, and another has its arrival number now.
TEST_F(EngineTest, WhoeverWaitsInATurnThatFailsWaitsOn) {
  const std::uint64_t patient = logged_for_us();
  const std::uint64_t urgent = logged_for_us(v1::PRECEDENCE_FLASH);
  show_log();
  must(turn());
  must(hear_delivery(patient));
  must(ask_inbox(900, seconds(60), v1::PRECEDENCE_FLASH));
  must(ask_inbox(901, seconds(3), v1::PRECEDENCE_FLASH));
  EXPECT_EQ(engine_->local_api().waiter_count(), 2U);
  start_over({ErrorCode::kDiskFull, "commit"});
  must(turn());
  EXPECT_EQ(replies(), Words{});
  EXPECT_EQ(engine_->local_api().waiter_count(), 2U);
  pass(seconds(5));
  measure(kPlenty);
  must(turn());
  EXPECT_EQ(replies(), Words{"901 good"}) << "its time is up";
  greet();
  must(hear_delivery(urgent));
  must(turn());
  const v1::LocalReply answer = reply();
  EXPECT_EQ(answer.request_id(), 900U);
  ASSERT_EQ(answer.inbox().items_size(), 1) << answer.DebugString();
  EXPECT_EQ(answer.inbox().items(0).arrival(), 1U);
}

// C-170
TEST_F(EngineTest, AReaderAlongACursorGoesOnWhereItsNoteFindsNoRoom) {
  const std::uint64_t index = logged_for_us();
  show_log();
  must(hear_delivery(index));
  must(turn());
  disk_.set_full(true);
  // Each along a cursor of its own, until a note has to make the file longer.
  Result<void> done;
  std::uint64_t count = 0;
  while (done.has_value() && count < 5000) {
    ++count;
    must(ask_along(std::to_string(count), count));
    done = turn();
    if (done.has_value()) {
      EXPECT_EQ(replies(), Words{std::to_string(count) + " good"});
    }
  }
  ASSERT_FALSE(done.has_value());
  ASSERT_EQ(done.error().code, ErrorCode::kDiskFull);
  const std::string cursor = std::to_string(count);
  start_over(done.error());
  EXPECT_EQ(replies(), Words{});
  EXPECT_TRUE(engine_->local_api().is_behind()) << "the next turn follows at once";
  must(turn());
  v1::LocalReply answer = reply();
  EXPECT_EQ(answer.request_id(), count);
  ASSERT_EQ(answer.inbox().items_size(), 1) << answer.DebugString();
  EXPECT_FALSE(answer.inbox().items(0).redelivered());
  EXPECT_TRUE(answer.inbox().unmarked());
  must(ask_along(cursor, 1));
  must(turn());
  answer = reply();
  ASSERT_EQ(answer.inbox().items_size(), 1) << answer.DebugString();
  EXPECT_TRUE(answer.inbox().items(0).redelivered()) << "it is remembered";
  EXPECT_TRUE(answer.inbox().unmarked());

  disk_.set_full(false);
  pass(seconds(5));
  measure(kPlenty);
  EXPECT_FALSE(must(engine_->store().handed({"desk", cursor})).stored);
  must(publish(1));
  must(turn());
  EXPECT_EQ(replies(), Words{"1 good"});
  const NodeStore::Handed handed = must(engine_->store().handed({"desk", cursor}));
  EXPECT_TRUE(handed.stored) << "with what the node writes next";
  EXPECT_TRUE(handed.has_row);
  must(ask_along(cursor, 2));
  must(turn());
  answer = reply();
  ASSERT_EQ(answer.inbox().items_size(), 1) << answer.DebugString();
  EXPECT_TRUE(answer.inbox().items(0).redelivered());
  EXPECT_FALSE(answer.inbox().unmarked());
}

class OneReaderATurnTest : public EngineTest {
 protected:
  OneReaderATurnTest()
      : EngineTest([] {
          LocalLimits limits;
          limits.turn_row_count_max = 1;
          return limits;
        }()) {}
};

// Waiting readers are handed what a turn has committed. Where the note of that finds no room, what
// was answered before it stays.
TEST_F(OneReaderATurnTest, WhatATurnCommittedStaysPromised) {
  constexpr std::uint64_t kReaders = 256;
  for (std::uint64_t number = 1; number <= kReaders; ++number) {
    must(ask_along(std::to_string(number) + std::string(60, 'c'), number, seconds(60)));
  }
  const std::uint64_t index = logged_for_us();
  show_log();
  must(hear_delivery(index));
  must(publish(900));
  must(turn());
  EXPECT_EQ(replies(), (Words{"900 good", "1 good"}));
  disk_.set_full(true);
  Result<void> done;
  std::uint64_t number = 1;
  while (done.has_value() && number < kReaders) {
    ++number;
    must(publish(900));  // As before, and nothing is written.
    done = turn();
    if (done.has_value()) {
      EXPECT_EQ(replies(), (Words{"900 good", std::to_string(number) + " good"}));
    }
  }
  ASSERT_FALSE(done.has_value());
  ASSERT_EQ(done.error().code, ErrorCode::kDiskFull);
  start_over(done.error());
  EXPECT_EQ(replies(), Words{"900 good"});
  must(turn());
  EXPECT_EQ(replies().size(), 1U);
}

// Or it would come again after a crash as if it never had.
TEST_F(EngineTest, WhatAReaderThatWaitsIsHandedIsStoredBeforeTheReplyLeaves) {
  v1::LocalRequest waits;
  waits.set_request_id(900);
  waits.mutable_inbox()->set_cursor("main");
  waits.mutable_inbox()->set_wait_ms(60'000);
  must(engine_->receive_local("peer", "desk", waits.SerializeAsString(), now()));
  must(turn());
  EXPECT_EQ(replies(), Words{});
  const std::uint64_t index = logged_for_us();
  show_log();
  must(turn());
  must(hear_delivery(index));
  must(turn());
  EXPECT_EQ(replies(), Words{"900 good"});
  engine_->store().roll_back();
  EXPECT_EQ(must(engine_->store().handed({"desk", "main"})).arrivals.patient, 1U);
}

TEST_F(EngineTest, ALowDiskTakesUrgentNoticesOnlyAndAFullOneNone) {
  measure(DiskMarks{}.routine_free_bytes - 1);
  must(publish(1));
  must(publish(2, v1::PRECEDENCE_IMMEDIATE));
  must(turn());
  EXPECT_EQ(replies(), (Words{"1 disk-low", "2 good"}));
  measure(0);
  must(publish(3, v1::PRECEDENCE_OVERRIDE));
  must(publish(2, v1::PRECEDENCE_IMMEDIATE));  // Stored before: the same answer.
  must(turn());
  EXPECT_EQ(replies(), (Words{"3 disk-full", "2 good"}));
  measure(kPlenty);
  must(publish(1));
  must(turn());
  EXPECT_EQ(replies(), Words{"1 good"});
}

// C-139: it is shown, since it is what was logged; and that it came out of its turn is told.
TEST_F(EngineTest, WhatComesInTheOtherLaneIsShownAndToldOfTheHub) {
  exchange_.see(log_.tree());
  const std::uint64_t routine = logged_for_us();
  const std::uint64_t flash = logged_for_us(v1::PRECEDENCE_FLASH);
  show_log();
  must(hear_delivery(flash, true));
  EXPECT_FALSE(engine_->alarm().has_value());
  must(hear_delivery(routine, true));
  EXPECT_FALSE(engine_->alarm().has_value()) << "below what that lane has: known, it was said";
  const std::uint64_t another = logged_for_us();
  show_log();
  must(hear_delivery(another, true));
  must(turn());
  EXPECT_EQ(shown(), 2U);
  EXPECT_EQ(engine_->alarm().value_or(Error{}).code, ErrorCode::kMalformed);
  must(hear_delivery(routine));
  must(turn());
  EXPECT_EQ(shown(), 3U);
  engine_.reset();
  start();
  EXPECT_TRUE(engine_->alarm().has_value()) << "also after the next start";
}

// A leaf that no longer parses, older than those that a start looks at: what it is needed for
// waits, named, and the daemon goes on.
TEST_F(EngineTest, ALeafThatRotsIsInTheWayOfItsNoticeAlone) {
  const std::uint64_t first = logged_for_us();
  const std::string for_another =
      exchange_.publish(exchange_.draft("AM", {"KZ"}), text_of("for KZ"), exchange_.directory());
  for (int batch = 0; batch < 2; ++batch) {
    log_.append(std::vector(exchange::kTailCount, for_another));
  }
  const std::uint64_t last = logged_for_us(v1::PRECEDENCE_FLASH);
  show_log();
  must(turn());
  engine_.reset();
  {
    sqlite::Database raw = must(
        sqlite::Database::open(disk_.path("node.db"), {.mode = sqlite::OpenMode::kExisting,
                                                       .application_id = kNodeStoreApplicationId,
                                                       .user_version = kNodeStoreVersion,
                                                       .medium = sim::Disk::medium()}));
    must(
        raw.execute("UPDATE batch SET leaves = CAST(x'ff' || substr(leaves, 2) AS BLOB) WHERE "
                    "first_index = " +
                    std::to_string(first)));
    ASSERT_EQ(raw.changes(), 1U);
  }
  start();
  must(hear_delivery(first));
  must(hear_delivery(last, true));
  must(turn());
  EXPECT_EQ(shown(), 1U);
  EXPECT_EQ(engine_->link().position().cursors.patient, 0U) << "and the hub keeps it";
  must(engine_->look_again(now()));
  const std::vector<exchange::Damage> named = must(engine_->store().quarantined());
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named.front().part, "batch");
  EXPECT_EQ(named.front().index, first);
  sent();
  v1::DownMessage pong;
  pong.mutable_pong()->set_delivered(first + 1);
  must(hear(pong));
  EXPECT_EQ(sent().size(), 1U) << "asked for again, and no sooner";
}

// A turn takes no more of what is patient than a portion, behind all that is urgent.
TEST_F(EngineTest, WhatIsUrgentOvertakesThePatientThatCameBeforeIt) {
  std::vector<std::uint64_t> patient(170);
  std::ranges::generate(patient, [&] { return logged_for_us(); });
  const std::uint64_t urgent = logged_for_us(v1::PRECEDENCE_FLASH);
  show_log();
  const auto hear_patient = [&](std::size_t from, std::size_t to) {
    for (const std::uint64_t index : std::span(patient).subspan(from, to - from)) {
      must(hear_delivery(index));
    }
  };
  const auto stored_after_turn = [&] {
    must(turn());
    return must(engine_->store().newest_arrival());
  };
  hear_patient(0, 130);
  EXPECT_TRUE(engine_->is_behind());
  EXPECT_EQ(stored_after_turn(), 128U);
  EXPECT_TRUE(engine_->is_behind());
  EXPECT_EQ(stored_after_turn(), 130U);
  EXPECT_FALSE(engine_->is_behind());
  hear_patient(130, 170);
  must(hear_delivery(urgent, /*urgent=*/true));
  EXPECT_EQ(stored_after_turn(), 130U + 1 + 16) << "small portions while something urgent passes";
  EXPECT_EQ(must(engine_->store().inbox_item(131)).index(), urgent);
  EXPECT_EQ(stored_after_turn(), 163U);
  EXPECT_EQ(stored_after_turn(), 171U);
  EXPECT_FALSE(engine_->is_behind());
}

// Notices are looked through when nothing else goes on, a few each second where something does.
TEST_F(EngineTest, RecordsAreMadeOnceItIsQuiet) {
  const auto unread = [&] { return must(engine_->store().find({})).unread(); };
  const auto deliver = [&] {
    const std::uint64_t index = logged_for_us();
    show_log();
    must(hear_delivery(index));
    must(turn());
    must(engine_->look_again(now()));
  };
  deliver();
  EXPECT_EQ(unread(), 0U) << "the first portion after a start";
  deliver();
  EXPECT_EQ(unread(), 1U);
  pass(milliseconds(199));
  must(engine_->look_again(now()));
  EXPECT_EQ(unread(), 1U);
  pass(milliseconds(1));
  must(engine_->look_again(now()));
  EXPECT_EQ(unread(), 0U);
  EXPECT_EQ(must(engine_->store().find({})).found_size(), 2);
  int turns = 0;
  for (; turns < 40 && (turns == 0 || unread() > 0); ++turns) {
    pass(milliseconds(100));
    deliver();
  }
  EXPECT_EQ(turns, 10) << "a second after the last, though it is never quiet";
}

TEST_F(EngineTest, RecordsWaitWhereTheDiskIsForTheUrgent) {
  const std::uint64_t index = logged_for_us();
  show_log();
  must(hear_delivery(index));
  must(turn());
  measure(DiskMarks{}.routine_free_bytes - 1);
  must(engine_->look_again(now()));
  EXPECT_TRUE(must(engine_->store().has_unrecorded()));
}

TEST_F(EngineTest, AFullDiskTakesNothingOfTheHubAndLosesNothing) {
  const std::uint64_t index = logged_for_us();
  sent();
  measure(0);
  must(hear_log());
  must(hear_delivery(index));
  EXPECT_FALSE(engine_->store().in_transaction());  // Nothing of what it said was written.
  must(turn());
  EXPECT_EQ(credits_stated(), (Words{"0", "0"}));
  EXPECT_EQ(engine_->follower().size(), index);
  EXPECT_EQ(shown(), 0U);

  measure(kPlenty);
  must(hear_log());
  must(hear_delivery(index));
  must(turn());
  EXPECT_EQ(credits_stated(), (Words{"1024", "256"}));
  EXPECT_EQ(shown(), 1U);
  measure(DiskMarks{}.urgent_free_bytes);
  must(turn());
  EXPECT_EQ(credits_stated(), (Words{"0", "256"}));  // What room there is, is for the urgent.
}

TEST_F(EngineTest, WhatTheHubHasNoRoomForGoesAgainWhenItSaidAndAheadOfNothing) {
  must(publish(1));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  must(hear_refused(id(1), ErrorCode::kDiskLow, 5'000));
  pass(milliseconds(4'000));
  must(publish(2, v1::PRECEDENCE_FLASH));  // Signed meanwhile: no reason to wait longer.
  must(turn());
  EXPECT_EQ(submitted(), 1);
  pass(milliseconds(999));
  must(turn());
  EXPECT_EQ(submitted(), 0);
  pass(milliseconds(1));
  must(turn());
  EXPECT_EQ(submitted(), 2);
  pass(milliseconds(5'000));
  must(turn());
  EXPECT_EQ(submitted(), 0);
}

// C-138: that concerns the hub, or who was shown what, and the notice waits until people know.
TEST_F(EngineTest, WhatTheHubRefusesForAnotherLogStaysAndIsAnAlarm) {
  must(publish(1));
  must(turn());
  EXPECT_EQ(submitted(), 1);
  must(hear_refused(id(1), ErrorCode::kForeignLog, 0));
  must(turn());
  EXPECT_EQ(engine_->alarm().value_or(Error{}).code, ErrorCode::kForeignLog);
  const OutboxCounts outbox = must(engine_->store().outbox_counts());
  EXPECT_EQ(outbox.refused, 0U);
  EXPECT_EQ(outbox.signed_count, 1U);
  pass(seconds(60));
  must(turn());
  EXPECT_EQ(submitted(), 1) << "and goes again";
  engine_.reset();
  start();
  EXPECT_TRUE(engine_->alarm().has_value()) << "also after the next start";
}

// C-111.
TEST_F(EngineTest, WhatIsDeliveredTwiceThoughItWasNotLoggedIsAnAlarm) {
  exchange_.see(log_.tree());
  const std::uint64_t index = logged_for_us();
  const std::string another = exchange_.publish(exchange_.draft("AM", {"BY"}),
                                                text_of("never logged"), exchange_.directory());
  show_log();
  must(hear_delivery_of(index, another));
  must(turn());
  EXPECT_FALSE(engine_->alarm().has_value()) << "it is asked for again";
  must(hear_delivery_of(index, another));
  must(turn());
  EXPECT_EQ(engine_->alarm().value_or(Error{}).code, ErrorCode::kLeafMismatch);
  EXPECT_EQ(shown(), 0U);
  engine_.reset();
  start();
  EXPECT_TRUE(engine_->alarm().has_value()) << "also after the next start";
}

TEST_F(EngineTest, AHeadThatNoQuorumEverCosignedIsOverdueAfterTenMinutesOfLinks) {
  pass(seconds(590));
  EXPECT_EQ(overdue(), Words{});
  engine_->disconnected();
  pass(seconds(20));
  EXPECT_EQ(overdue(), Words{}) << "without a hub the link is at fault";
  greet();
  EXPECT_EQ(overdue(), Words{"cosigned"}) << "a link that breaks gives no time";
}

TEST_F(EngineTest, WhereWitnessesAreTooFewForAQuorumNoneIsOverdue) {
  for (const std::string member : {"AM", "KG", "KZ", "RU", "TJ"}) {
    log_.append_entry(exchange_.entry(
        test::revocation_of(test::signing_public(test::node_key_name(member, 1, "signing")).id()),
        std::vector{test::authority_name(member)}, log_.directory(), member));
  }
  show_log();
  pass(seconds(3'000));
  EXPECT_EQ(overdue(), Words{});
}

}  // namespace
}  // namespace chancery::node
