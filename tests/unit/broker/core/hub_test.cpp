#include "broker/core/hub.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/strict.h"
#include "tests/support/log.h"
#include "tests/support/wire_bytes.h"
#include "tests/unit/broker/support.h"

namespace chancery::broker {
namespace {

using test::outcome;
using test::TestExchange;
using Names = std::vector<std::string>;
using Words = std::vector<std::string>;

constexpr PeerHandle kAm = 1;
constexpr PeerHandle kBy = 2;
constexpr PeerHandle kRu = 3;

struct Sent {
  PeerHandle peer = 0;
  std::string topic;
  v1::DownMessage message;
};

struct HelloOptions {
  std::uint64_t cursor = 0;
  std::uint64_t items = 100;
  std::uint64_t bytes = 1U << 20U;
  std::uint64_t cursor_urgent = 0;
  std::uint64_t items_urgent = 100;
  char instance = '1';
};

class HubTest : public testing::Test {
 protected:
  // Most of these are about what goes where: as much as the credits allow, at once.
  explicit HubTest(const exchange::PaceLimits& pace = {.bytes_min = 16U << 20U})
      : hub_({.program = "hub of a test",
              .admission = {},
              .window = {},
              .pace = pace,
              .log_keys = log_keys()},
             HubState(exchange_.genesis())) {
    found(hub_.sequencer(), log_, exchange_);
    EXPECT_TRUE(sent().empty());
  }

  [[nodiscard]] v1::UpMessage hello(const HelloOptions& options = {}) const {
    v1::UpMessage message;
    v1::Hello& made = *message.mutable_hello();
    made.set_protocol(1);
    made.set_genesis(to_string(exchange_.genesis()));
    made.set_cursor(options.cursor);
    made.mutable_credits()->set_items(options.items);
    made.mutable_credits()->set_bytes(options.bytes);
    made.set_cursor_urgent(options.cursor_urgent);
    made.mutable_credits_urgent()->set_items(options.items_urgent);
    made.mutable_credits_urgent()->set_bytes(1U << 20U);
    made.set_program("node of a test");
    made.set_instance(std::string(exchange::kInstanceBytes, options.instance));
    return message;
  }
  // The hub goes on without a pause.
  void turns(std::chrono::milliseconds time) {
    for (; time.count() > 0; time -= std::chrono::milliseconds(500)) {
      now_ += std::chrono::milliseconds(500);
      hub_.at(now_);
    }
  }
  std::string frame(PeerHandle peer, std::string_view member, std::string_view bytes) {
    hub_.at(now_);
    return outcome(hub_.receive(peer, transport_id(member), bytes));
  }
  std::string up(PeerHandle peer, std::string_view member, const v1::UpMessage& message) {
    return frame(peer, member, message.SerializeAsString());
  }
  // Connects without a word about the Welcome.
  void greet(PeerHandle peer, std::string_view member, const HelloOptions& options = {}) {
    ASSERT_EQ(up(peer, member, hello(options)), "good");
    ASSERT_EQ(sent().size(), 1U);
  }
  std::string credit(PeerHandle peer, std::string_view member, std::uint64_t cursor,
                     std::uint64_t items = 100, std::uint64_t bytes = 1U << 20U) {
    v1::UpMessage message;
    message.mutable_credit()->set_cursor(cursor);
    message.mutable_credit()->mutable_credits()->set_items(items);
    message.mutable_credit()->mutable_credits()->set_bytes(bytes);
    return up(peer, member, message);
  }
  std::string fetch(PeerHandle peer, std::string_view member, v1::FetchKind kind,
                    std::uint64_t from, v1::Precedence least = v1::PRECEDENCE_UNSPECIFIED) {
    v1::UpMessage message;
    message.mutable_fetch()->set_kind(kind);
    message.mutable_fetch()->set_from(from);
    message.mutable_fetch()->set_precedence_min(least);
    return up(peer, member, message);
  }
  std::string submit(PeerHandle peer, std::string_view member, const Names& envelopes) {
    v1::UpMessage message;
    for (const std::string& envelope : envelopes) {
      message.mutable_submit()->add_envelopes(envelope);
    }
    return up(peer, member, message);
  }
  std::string envelope(std::string_view origin = "AM", const Names& recipients = {"BY"},
                       const std::string& text = "text") {
    return notice(exchange_, exchange_.draft(origin, recipients, "contact"),
                  {.seen = head_of(hub_.sequencer().tree()), .text = text});
  }
  std::string flash(std::string_view origin = "AM", const Names& recipients = {"BY"}) {
    v1::Draft draft = exchange_.draft(origin, recipients, "contact");
    draft.set_precedence(v1::PRECEDENCE_FLASH);
    return notice(exchange_, draft, {.seen = head_of(hub_.sequencer().tree())});
  }
  FeedRead patient_read() {
    for (const FeedRead& read : hub_.take_feed_reads()) {
      if (read.lane == exchange::Lane::kPatient) {
        return read;
      }
    }
    ADD_FAILURE() << "no read of the patient lane";
    return {};
  }

  // Everything that leaves, in order; each is what a strict reader takes.
  std::vector<Sent> sent() {
    std::vector<Sent> all;
    for (const Outgoing& outgoing : hub_.take_outgoing()) {
      EXPECT_LE(outgoing.message.size(), exchange::kFrameBytesMax);
      all.push_back({outgoing.peer, outgoing.topic,
                     test::must(exchange::parse_wire<v1::DownMessage>(outgoing.message))});
    }
    return all;
  }
  // The answers on `control` as words, by peer.
  Words controls() {
    Words words;
    for (const Sent& one : sent()) {
      if (one.topic != "control") {
        continue;
      }
      const std::string to = std::to_string(one.peer) + ": ";
      for (const v1::AcceptedItem& item : one.message.accepted().items()) {
        words.push_back(to + "at " + std::to_string(item.index()));
      }
      for (const v1::RefusedItem& item : one.message.refused().items()) {
        EXPECT_EQ(item.notice_id().size(), 16U);
        words.push_back(to + name(item.code()));
      }
      if (one.message.has_fault()) {
        words.push_back(to + "fault " + name(one.message.fault().code()));
      }
    }
    return words;
  }
  static std::string name(std::uint32_t code) {
    const auto known = error_code_from_wire(code);
    return known.has_value() ? std::string(error_info(*known).name) : "no code";
  }
  std::string fault() {
    const Words words = controls();
    return words.size() == 1 ? words.front() : "not one answer";
  }

  // The daemon's turn up to the store, and from the store on.
  Decision decide() {
    const Questions questions = hub_.sequencer().begin(hub_.batch_count_max(), hub_.batch_takes());
    Decision decision = hub_.sequencer().decide(log_.answer(questions), kNow + ++turns_);
    hub_.refuse(decision.outcomes);
    return decision;
  }
  void commit(const Decision& decision) {
    const Commit made = commit_of(decision);
    log_.commit(made);
    hub_.sequencer().committed();
    const Names keys = {"hub log 1"};
    hub_.committed(
        made,
        test::signed_checkpoint("chancery.test/trial", made.size_after, made.root_after, keys),
        decision.outcomes);
  }
  // Logs these, of AM and to BY if not said otherwise; what is said about it is dropped.
  void log(const Names& envelopes, std::string_view origin = "AM") {
    for (const std::string& bytes : envelopes) {
      test::must(hub_.sequencer().offer(0, origin, bytes));
    }
    commit(decide());
    static_cast<void>(sent());
    hub_.holds_no_more();  // As long after it as need be.
  }
  // Of one round of reads: where the page to BY stands, which is not sent.
  std::optional<FeedPlace> page_to_by() {
    for (const FeedRead& read : hub_.take_feed_reads()) {
      hub_.feed(read, log_.read_feed(read, kDeliverBytesTarget));
    }
    const std::vector<Outgoing> outgoing = hub_.take_outgoing();
    const auto page = std::ranges::find(outgoing, "to/BY", &Outgoing::topic);
    return page == outgoing.end() ? std::nullopt : page->place;
  }
  // Serves reads until there are none; the deliveries, as "index<-previous", by topic.
  std::map<std::string, Words> deliveries() {
    std::map<std::string, Words> by_topic;
    for (int i = 0; i < 1000; ++i) {
      const std::vector<FeedRead> reads = hub_.take_feed_reads();
      if (reads.empty()) {
        return by_topic;
      }
      feed_reads_ += std::ranges::count(reads, exchange::Lane::kPatient, &FeedRead::lane);
      for (const FeedRead& read : reads) {
        hub_.feed(read, log_.read_feed(read, kDeliverBytesTarget));
      }
      for (const Sent& one : sent()) {
        EXPECT_TRUE(one.message.has_deliver());
        EXPECT_LE(one.message.deliver().deliveries_size(), 256);  // C-139
        frame_bytes_.push_back(one.message.ByteSizeLong());
        for (const v1::Delivery& delivery : one.message.deliver().deliveries()) {
          EXPECT_EQ(delivery.envelope(), log_.entries()[delivery.index()].envelope.bytes());
          by_topic[one.topic].push_back(std::to_string(delivery.index()) + "<-" +
                                        std::to_string(delivery.previous()));
        }
      }
    }
    ADD_FAILURE() << "reads without an end";
    return by_topic;
  }

  TestExchange exchange_;
  MemoryLog log_;
  Hub hub_;
  SteadyTime now_;
  std::uint64_t turns_ = 0;
  std::ptrdiff_t feed_reads_ = 0;  // Of patient lanes.
  std::vector<std::size_t> frame_bytes_;
};

// C-131: a User-Id is what our ZAP handler gave, or nobody authenticated the message.
TEST(TransportKeyTest, AMessageWithoutAnIdentityIsOfNobody) {
  EXPECT_EQ(outcome(transport_key_of(hex(transport_id("AM")))), "good");
  EXPECT_EQ(test::must(transport_key_of(hex(transport_id("AM")))), transport_id("AM"));
  EXPECT_EQ(outcome(transport_key_of("")), "no-identity");
  EXPECT_EQ(outcome(transport_key_of("AM")), "no-identity");
  EXPECT_EQ(outcome(transport_key_of(hex(transport_id("AM")).substr(2))), "no-identity");
}

// C-132
TEST_F(HubTest, HelloIsAnsweredByWelcomeWithTheHead) {
  EXPECT_EQ(up(kAm, "AM", hello()), "good");
  const std::vector<Sent> answers = sent();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].peer, kAm);
  EXPECT_EQ(answers[0].topic, "control");
  const v1::Welcome& welcome = answers[0].message.welcome();
  EXPECT_EQ(welcome.protocol(), 1U);
  EXPECT_EQ(welcome.genesis(), to_string(exchange_.genesis()));
  EXPECT_EQ(welcome.head().size(), kFounded);
  EXPECT_EQ(welcome.head().root(), to_string(hub_.sequencer().tree().root()));
  EXPECT_EQ(welcome.program(), "hub of a test");
  ASSERT_EQ(hub_.sessions().size(), 1U);
  EXPECT_EQ(hub_.sessions()[0].member, "AM");
  EXPECT_EQ(hub_.sessions()[0].program, "node of a test");
}

// C-132
TEST_F(HubTest, HelloComesFirst) {
  EXPECT_EQ(credit(kAm, "AM", 0), "gap");
  EXPECT_EQ(submit(kAm, "AM", {envelope()}), "gap");
  EXPECT_EQ(fetch(kAm, "AM", v1::FETCH_KIND_BATCHES, 0), "gap");
  EXPECT_EQ(controls(), (Words{"1: fault gap", "1: fault gap", "1: fault gap"}));
  v1::UpMessage ping;
  ping.mutable_ping()->set_nonce(5);
  EXPECT_EQ(up(kAm, "AM", ping), "gap");
  EXPECT_FALSE(hub_.sequencer().has_work());
}

// C-132
TEST_F(HubTest, AnotherProtocolOrExchangeIsNotServed) {
  v1::UpMessage message = hello();
  message.mutable_hello()->set_protocol(2);
  EXPECT_EQ(up(kAm, "AM", message), "unknown-version");
  EXPECT_EQ(fault(), "1: fault unknown-version");
  message.mutable_hello()->clear_protocol();
  EXPECT_EQ(up(kAm, "AM", message), "unknown-version");
  message = hello();
  message.mutable_hello()->mutable_genesis()->at(3) ^= 1;
  EXPECT_EQ(up(kAm, "AM", message), "wrong-genesis");
  EXPECT_EQ(controls().back(), "1: fault wrong-genesis");
  message.mutable_hello()->clear_genesis();
  EXPECT_EQ(up(kAm, "AM", message), "wrong-genesis");
  EXPECT_TRUE(hub_.sessions().empty());
}

// C-131
TEST_F(HubTest, ANodeThatTheDirectoryDoesNotHaveIsNotServed) {
  EXPECT_EQ(up(kAm, "XX", hello()), "unknown-member");
  EXPECT_EQ(fault(), "1: fault unknown-member");
  // The witness key of a node is no node.
  const Hash witness = test::signing_public(test::node_key_name("AM", 1, "witness")).id();
  EXPECT_EQ(outcome(hub_.receive(kAm, witness, hello().SerializeAsString())), "unknown-member");
  EXPECT_TRUE(hub_.sessions().empty());
}

// C-134: the head that a node followed is looked up where it is not the newest.
TEST_F(HubTest, ANodeThatFollowedThisLogIsWelcome) {
  const Hash root = hub_.sequencer().tree().root();
  log({envelope()});
  v1::UpMessage behind = hello();
  *behind.mutable_hello()->mutable_followed() = exchange::tree_head(kFounded, root);
  EXPECT_EQ(up(kAm, "AM", behind), "good");
  EXPECT_TRUE(sent().empty()) << "the store is asked first";
  const std::vector<HeadCheck> checks = hub_.take_head_checks();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].size, kFounded);
  EXPECT_EQ(outcome(hub_.checked(checks[0], root)), "good");
  EXPECT_TRUE(sent().at(0).message.has_welcome());
  EXPECT_TRUE(hub_.has_session(kAm));
  EXPECT_EQ(outcome(hub_.checked(checks[0], Hash{1})), "good") << "answered once";
  EXPECT_TRUE(sent().empty());
}

// C-189
TEST_F(HubTest, WhoMissedHeadsAtWhichTheWitnessesChangedIsToldThemFirst) {
  hub_.add_witness_change({.size = 3, .note = "first"});
  hub_.add_witness_change({.size = 5, .note = "second"});
  v1::RoundResult newest;
  newest.set_checkpoint("newest");
  hub_.set_cosigned(newest);
  v1::UpMessage greeting = hello();
  *greeting.mutable_hello()->mutable_cosigned() = exchange::tree_head(3, Hash{});
  ASSERT_EQ(up(kAm, "AM", greeting), "good");
  Words told;
  for (const Sent& each : sent()) {
    if (each.message.has_round_result()) {
      told.push_back(each.message.round_result().checkpoint());
    }
  }
  EXPECT_EQ(told, (Words{"second", "newest"}));
}

TEST_F(HubTest, OfSeveralGreetingsOfAConnectionTheLastIsLookedUp) {
  log({envelope()});
  v1::UpMessage behind = hello();
  for (const std::uint64_t size : {2U, 1U, 3U}) {
    *behind.mutable_hello()->mutable_followed() = exchange::tree_head(size, Hash{3});
    EXPECT_EQ(up(kAm, "AM", behind), "good");
    EXPECT_EQ(up(kBy, "BY", behind), "good");
  }
  const std::vector<HeadCheck> checks = hub_.take_head_checks();
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].size, 3U);
  EXPECT_EQ(outcome(hub_.checked(checks[0], Hash{3})), "good");
  EXPECT_TRUE(hub_.has_session(kAm));
}

// C-134: a head without a proof is the node's own affair; the hub's signature under it stops all.
TEST_F(HubTest, AHeadThatThisHubSignedAndDoesNotHaveStopsAdmission) {
  greet(kBy, "BY");
  const std::string origin_line = hub_.sequencer().directory().log_keys().back().name;
  const auto followed = [&](std::uint64_t size, const Hash& root, const std::string& checkpoint) {
    v1::UpMessage message = hello();
    *message.mutable_hello()->mutable_followed() = exchange::tree_head(size, root);
    message.mutable_hello()->set_checkpoint(checkpoint);
    std::string word = up(kAm, "AM", message);
    for (const HeadCheck& check : hub_.take_head_checks()) {
      word = outcome(hub_.checked(check, std::nullopt));
    }
    EXPECT_EQ(fault(), "1: fault foreign-log");
    EXPECT_FALSE(hub_.has_session(kAm));
    return word;
  };
  const std::vector<std::string> hub_key = {"hub log 1"};
  const std::vector<std::string> no_key = {"AM person 1"};
  const Hash root{7};
  EXPECT_EQ(followed(9, root, ""), "foreign-log");
  EXPECT_EQ(followed(9, root, test::signed_checkpoint(origin_line, 9, root, no_key)),
            "foreign-log");
  EXPECT_EQ(followed(9, root, test::signed_checkpoint(origin_line, 8, root, hub_key)),
            "foreign-log");
  EXPECT_EQ(followed(9, root, test::signed_checkpoint(origin_line, 9, Hash{8}, hub_key)),
            "foreign-log");
  EXPECT_FALSE(hub_.contradiction().has_value());
  EXPECT_EQ(followed(3, root, test::signed_checkpoint(origin_line, 3, root, hub_key)),
            "foreign-log");
  ASSERT_TRUE(hub_.contradiction().has_value());
  EXPECT_EQ(hub_.contradiction().value_or(Error{}).code, ErrorCode::kAdmissionStopped);
  EXPECT_TRUE(hub_.has_session(kBy)) << "links are served";
}

// C-130: the codes of strict reading, each as a Fault; the link stays (C-144).
TEST_F(HubTest, AFrameIsReadStrictly) {
  greet(kAm, "AM");
  const std::string good = hello().SerializeAsString();
  EXPECT_EQ(frame(kAm, "AM", good.substr(0, good.size() - 1)), "malformed");
  EXPECT_EQ(fault(), "1: fault malformed");
  EXPECT_EQ(frame(kAm, "AM", good + test::bytes_field(15, "")), "unknown-field");
  EXPECT_EQ(fault(), "1: fault unknown-field");
  EXPECT_EQ(frame(kAm, "AM", good + good), "not-canonical");
  EXPECT_EQ(frame(kAm, "AM", test::bytes_field(6, test::number_field(1, 0))), "not-canonical");
  EXPECT_EQ(frame(kAm, "AM", test::bytes_field(6, test::tag(1, 0) + test::long_varint(5, 2))),
            "not-canonical");
  EXPECT_EQ(frame(kAm, "AM", ""), "malformed");
  EXPECT_EQ(controls().size(), 4U);
  // C-16
  EXPECT_EQ(frame(kAm, "AM", test::bytes_field(2, "") + test::bytes_field(6, "")), "not-canonical");
  // C-19
  EXPECT_EQ(frame(kAm, "AM", std::string(exchange::kUpFrameBytesMax + 1, 'x')), "limit-exceeded");
  EXPECT_EQ(controls().size(), 2U);
  // C-185: an Answer is for the rounds, whatever they make of it.
  EXPECT_EQ(frame(kAm, "AM", test::bytes_field(5, test::number_field(1, 7))), "good");
  const std::vector<WitnessAnswer> answers = hub_.take_answers();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers.front().node, node_id("AM"));
  EXPECT_EQ(answers.front().answer.round(), 7U);
  EXPECT_TRUE(hub_.take_answers().empty());
  EXPECT_EQ(hub_.sessions().size(), 1U);
}

// C-144
TEST_F(HubTest, PingIsAnsweredWithItsNonceAndTheSizeOfTheLog) {
  greet(kAm, "AM");
  v1::UpMessage ping;
  ping.mutable_ping()->set_nonce(kHuge);
  EXPECT_EQ(up(kAm, "AM", ping), "good");
  const std::vector<Sent> answers = sent();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].topic, "control");
  EXPECT_EQ(answers[0].message.pong().nonce(), kHuge);
  EXPECT_EQ(answers[0].message.pong().log_size(), kFounded);
  EXPECT_EQ(answers[0].message.pong().delivered(), 0U);
}

// C-144: nothing below it is kept back, for want of credits or since the node asked again.
TEST_F(HubTest, APongSaysUpToWhereAllThatIsForTheNodeWasSent) {
  greet(kAm, "AM");
  greet(kBy, "BY", {.items = 2});
  const auto caught_up = [&](PeerHandle peer, const std::string& member) {
    v1::UpMessage ping;
    ping.mutable_ping()->set_nonce(1);
    EXPECT_EQ(up(peer, member, ping), "good");
    const std::vector<Sent> answers = sent();
    return answers.empty() ? 0 : answers.back().message.pong().caught_up();
  };
  for (int i = 0; i < 3; ++i) {
    log({envelope("AM", {"BY"}), envelope("AM", {"RU"})});
  }
  EXPECT_EQ(caught_up(kAm, "AM"), 0U) << "nothing was looked for yet";
  static_cast<void>(deliveries());
  EXPECT_EQ(caught_up(kAm, "AM"), 13U);
  EXPECT_EQ(caught_up(kBy, "BY"), 10U) << "7 and 9 were sent, and 11 was not";
  EXPECT_EQ(credit(kBy, "BY", 10, 2), "good");
  static_cast<void>(deliveries());
  EXPECT_EQ(caught_up(kBy, "BY"), 13U);
  v1::UpMessage again;
  again.mutable_fetch()->set_kind(v1::FETCH_KIND_DELIVERIES);
  again.mutable_fetch()->set_from(9);
  EXPECT_EQ(up(kBy, "BY", again), "good");
  EXPECT_EQ(caught_up(kBy, "BY"), 9U);
}

TEST_F(HubTest, ASecondConnectionOfANodeTakesOver) {
  greet(kAm, "AM");
  greet(9, "AM");
  EXPECT_EQ(credit(kAm, "AM", 0, 5, 5), "gap");
  EXPECT_EQ(submit(kAm, "AM", {envelope()}), "gap");
  EXPECT_EQ(controls(), (Words{"1: fault gap", "1: fault gap"}));
  hub_.disconnected(kAm);  // The old connection goes, the session stays.
  ASSERT_EQ(hub_.sessions().size(), 1U);
  EXPECT_EQ(submit(9, "AM", {envelope()}), "good");
  commit(decide());
  for (const Sent& one : sent()) {
    EXPECT_EQ(one.peer, 9U);
  }
  hub_.disconnected(9);
  EXPECT_TRUE(hub_.sessions().empty());
}

// C-148: the keys of a node, copied to another machine.
TEST_F(HubTest, ASecondDaemonWithTheSameKeysIsRefusedWhileTheFirstIsThere) {
  greet(kAm, "AM");
  EXPECT_EQ(up(9, "AM", hello({.instance = '2'})), "node-runs-elsewhere");
  const std::vector<Sent> answers = sent();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].peer, 9U);
  EXPECT_EQ(name(answers[0].message.fault().code()), "node-runs-elsewhere");
  EXPECT_GT(answers[0].message.fault().retry_after_ms(), 0U);
  EXPECT_TRUE(hub_.take_ended().empty());
  EXPECT_EQ(submit(9, "AM", {envelope()}), "gap") << "it has no session";
  EXPECT_EQ(fault(), "9: fault gap");
  EXPECT_EQ(submit(kAm, "AM", {envelope()}), "good") << "the first is served as before";
  hub_.disconnected(9);  // The refused one goes: that is nothing to the session.
  EXPECT_TRUE(hub_.has_session(kAm));
  hub_.disconnected(kAm);
  greet(10, "AM", {.instance = '2'});
  EXPECT_TRUE(hub_.has_session(10));
}

// C-148: a hub that missed the end of a connection does not keep a node out for ever.
TEST_F(HubTest, ASilentSessionMakesRoomAfterFifteenSeconds) {
  greet(kAm, "AM");
  turns(std::chrono::seconds(14));
  ASSERT_EQ(credit(kAm, "AM", 0), "good");  // Any word counts.
  turns(std::chrono::milliseconds(14'500));
  now_ += std::chrono::milliseconds(499);
  EXPECT_EQ(up(9, "AM", hello({.instance = '2'})), "node-runs-elsewhere");
  EXPECT_EQ(fault(), "9: fault node-runs-elsewhere");
  now_ += std::chrono::milliseconds(1);
  greet(9, "AM", {.instance = '2'});
  EXPECT_EQ(hub_.take_ended(), std::vector<PeerHandle>{kAm});
  EXPECT_EQ(submit(kAm, "AM", {envelope()}), "gap");
}

// C-148: nor does it keep what waits for such a one; a pause of its own is nobody's silence.
TEST_F(HubTest, ASilentSessionEndsUnlessItWasTheHubThatStoodStill) {
  hub_.at(now_);
  greet(kAm, "AM");
  turns(std::chrono::seconds(14));
  now_ += std::chrono::minutes(1);
  hub_.at(now_);
  EXPECT_TRUE(hub_.has_session(kAm)) << "its words of that minute are still to be read";
  turns(std::chrono::milliseconds(500));
  EXPECT_TRUE(hub_.has_session(kAm));
  turns(std::chrono::milliseconds(500));
  EXPECT_FALSE(hub_.has_session(kAm));
  EXPECT_EQ(hub_.take_ended(), std::vector<PeerHandle>{kAm});
}

// C-148
TEST_F(HubTest, AnInstanceHas16Bytes) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{15}, std::size_t{17}}) {
    v1::UpMessage message = hello();
    message.mutable_hello()->set_instance(std::string(size, 'i'));
    EXPECT_EQ(up(kAm, "AM", message), "malformed") << size;
    EXPECT_EQ(fault(), "1: fault malformed");
  }
  EXPECT_TRUE(hub_.sessions().empty());
}

TEST_F(HubTest, ANodeCannotSpeakOnAnothersConnection) {
  greet(kAm, "AM");
  EXPECT_EQ(credit(kAm, "BY", 0), "gap");
  EXPECT_EQ(fetch(kAm, "BY", v1::FETCH_KIND_DELIVERIES, 0), "gap");
}

// C-135
TEST_F(HubTest, ASubmitHasAtMost256Envelopes) {
  greet(kAm, "AM");
  const std::string one = envelope();
  EXPECT_EQ(submit(kAm, "AM", Names(257, one)), "limit-exceeded");
  EXPECT_EQ(fault(), "1: fault limit-exceeded");
  EXPECT_FALSE(hub_.sequencer().has_work());
  EXPECT_EQ(submit(kAm, "AM", Names(256, one)), "good");
  EXPECT_EQ(hub_.sequencer().queue().count(), 256U);
}

// C-135, C-138: each envelope its own answer, with the wire code and whether to try again.
TEST_F(HubTest, EachEnvelopeIsAnsweredByItself) {
  greet(kAm, "AM");
  const std::string foreign = envelope("BY", {"AM"});
  EXPECT_EQ(submit(kAm, "AM", {envelope(), foreign, "\n", envelope()}), "good");
  EXPECT_EQ(controls(), (Words{"1: fault malformed", "1: wrong-origin"}));
  commit(decide());
  EXPECT_EQ(controls(), (Words{"1: at 7", "1: at 8"}));
  // C-137
  EXPECT_EQ(submit(kAm, "AM", {log_.entries()[7].envelope.bytes()}), "good");
  EXPECT_FALSE(decide().commit.has_value());
  EXPECT_EQ(controls(), Words{"1: at 7"});
}

// C-138
TEST_F(HubTest, ARetryableRefusalSaysWhen) {
  greet(kAm, "AM");
  v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
  log({notice(exchange_, draft, {.seen = head_of(hub_.sequencer().tree())})});
  draft.set_notice_id(test::seeded_uuid("another", 1));
  const v1::Draft nobody = exchange_.draft("AM", {}, "contact");
  EXPECT_EQ(submit(kAm, "AM",
                   {notice(exchange_, draft,
                           {.seen = head_of(hub_.sequencer().tree()), .created_at_us = 5}),
                    notice(exchange_, nobody, {.seen = head_of(hub_.sequencer().tree())})}),
            "good");
  EXPECT_FALSE(decide().commit.has_value());
  const std::vector<Sent> answers = sent();
  ASSERT_EQ(answers.size(), 1U);
  ASSERT_EQ(answers[0].message.refused().items_size(), 2);
  const v1::RefusedItem& again = answers[0].message.refused().items(0);
  EXPECT_EQ(name(again.code()), "out-of-order");
  EXPECT_EQ(again.notice_id(), draft.notice_id());
  EXPECT_GT(again.retry_after_ms(), 0U);
  const v1::RefusedItem& never = answers[0].message.refused().items(1);
  EXPECT_EQ(name(never.code()), "no-recipients");
  EXPECT_EQ(never.retry_after_ms(), 0U);
}

TEST_F(HubTest, AFullQueueIsARetryableRefusal) {
  Hub small({.program = "",
             .admission = {.count_max = 1, .reserve_count = 0},
             .window = {},
             .log_keys = log_keys()},
            HubState(exchange_.genesis()));
  MemoryLog log;
  found(small.sequencer(), log, exchange_);
  const auto say = [&](const v1::UpMessage& message) {
    return outcome(small.receive(kAm, transport_id("AM"), message.SerializeAsString()));
  };
  ASSERT_EQ(say(hello()), "good");
  v1::UpMessage message;
  message.mutable_submit()->add_envelopes(envelope());
  message.mutable_submit()->add_envelopes(envelope());
  ASSERT_EQ(say(message), "good");
  const std::vector<Outgoing> answers = small.take_outgoing();
  ASSERT_EQ(answers.size(), 2U);
  const auto refused = test::must(exchange::parse_wire<v1::DownMessage>(answers[1].message));
  EXPECT_EQ(name(refused.refused().items(0).code()), "queue-full");
  EXPECT_GT(refused.refused().items(0).retry_after_ms(), 0U);
}

TEST_F(HubTest, AMemberOverItsQuotaIsToldWhenAndItsFlashIsTaken) {
  constexpr LaneQuota kOne{.notices = {.per_second = 4, .burst = 1},
                           .bytes = {.per_second = 1U << 20U, .burst = 1U << 20U}};
  Hub small({.program = "",
             .admission = {},
             .window = {},
             .quota = {.lanes = {.patient = kOne, .urgent = kOne}},
             .log_keys = log_keys()},
            HubState(exchange_.genesis()));
  MemoryLog log;
  found(small.sequencer(), log, exchange_);
  const auto answers = [&](const v1::UpMessage& message) {
    EXPECT_EQ(outcome(small.receive(kAm, transport_id("AM"), message.SerializeAsString())), "good");
    return small.take_outgoing();
  };
  answers(hello());
  v1::Draft flash = exchange_.draft("AM", {"BY"}, "contact");
  flash.set_precedence(v1::PRECEDENCE_FLASH);
  v1::UpMessage message;
  message.mutable_submit()->add_envelopes(envelope());
  message.mutable_submit()->add_envelopes(envelope());
  message.mutable_submit()->add_envelopes(
      notice(exchange_, flash, {.seen = head_of(small.sequencer().tree())}));
  const std::vector<Outgoing> sent = answers(message);
  ASSERT_EQ(sent.size(), 1U);
  const auto refused = test::must(exchange::parse_wire<v1::DownMessage>(sent[0].message)).refused();
  ASSERT_EQ(refused.items_size(), 1);
  EXPECT_EQ(name(refused.items(0).code()), "quota-exceeded");
  EXPECT_EQ(refused.items(0).retry_after_ms(), 250U);
  EXPECT_EQ(small.sequencer().queue().count(), 2U);
  small.quotas().at(TokenBucket::Time(std::chrono::milliseconds(250)));
  v1::UpMessage again;
  again.mutable_submit()->add_envelopes(message.submit().envelopes(1));
  EXPECT_TRUE(answers(again).empty());
}

// C-136
TEST_F(HubTest, NothingIsSaidAboutABatchBeforeItsCommit) {
  greet(kAm, "AM");
  greet(kBy, "BY");
  const v1::Draft one = exchange_.draft("AM", {"BY"}, "contact");
  v1::Draft other = one;
  other.set_status(v1::STATUS_EXERCISE);
  const NoticeOptions options{.seen = head_of(hub_.sequencer().tree())};
  ASSERT_EQ(submit(kAm, "AM",
                   {notice(exchange_, one, options), notice(exchange_, one, options),
                    notice(exchange_, other, options)}),
            "good");
  const Decision decision = decide();
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(deliveries().size(), 0U);
  commit(decision);
  EXPECT_EQ(controls(), (Words{"1: notice-id-reused", "1: at 7", "1: at 7"}));
  EXPECT_EQ(deliveries().at("to/BY"), Words{"7<-0"});
}

// C-141
TEST_F(HubTest, EveryNodeGetsEachBatchOnTheTopicOfItsType) {
  greet(kAm, "AM");
  greet(kBy, "BY");
  test::must(hub_.sequencer().offer(0, "RU", envelope("RU", {"KZ"})));
  test::must(hub_.sequencer().offer(0, "RU", envelope("RU", {"KZ"})));
  commit(decide());
  test::must(hub_.sequencer().offer(
      0, std::nullopt, exchange_.enrol(test::person_entry("AM"), hub_.sequencer().directory())));
  commit(decide());
  const std::vector<Sent> news = sent();
  ASSERT_EQ(news.size(), 4U);  // Nobody is owed an answer.
  EXPECT_EQ(news[0].topic, "log");
  EXPECT_EQ(news[2].topic, "directory");
  // What is said follows: it is the log that the hub committed.
  exchange::RootCache cache;
  const std::vector<Commit>& commits = log_.commits();
  for (const std::size_t i : {0U, 2U}) {
    const v1::Batches& batches = news[i].message.batches();
    const Commit& committed = commits[kFounded + i / 2];
    ASSERT_EQ(batches.batches_size(), 1);
    EXPECT_EQ(batches.log_size(), committed.size_after);
    EXPECT_EQ(batches.batches(0).first_index(), committed.size_before);
    EXPECT_EQ(batches.batches(0).entries().size(), 32 * committed.entries.size());
    EXPECT_EQ(batches.batches(0).directory_entry().empty(), i == 0);
    EXPECT_EQ(news[i + 1].message.SerializeAsString(), news[i].message.SerializeAsString());
  }
  ledger::CompactTree tree;
  for (std::size_t i = 0; i < kFounded; ++i) {
    tree.append(ledger::leaf_hash(log_.entries()[i].leaf));
  }
  exchange::LogFollower follower(tree, exchange_.directory(), kNow - 1000);
  EXPECT_EQ(outcome(follower.follow(news[0].message.batches().batches(0), cache)), "good");
  EXPECT_EQ(outcome(follower.follow(news[2].message.batches().batches(0), cache)), "good");
  EXPECT_EQ(follower.tree().root(), hub_.sequencer().tree().root());
}

// C-142
TEST_F(HubTest, BatchesAreFetchedFromAnIndexThatTheLogHas) {
  greet(kAm, "AM");
  EXPECT_EQ(fetch(kAm, "AM", v1::FETCH_KIND_BATCHES, kFounded + 1), "foreign-log");
  EXPECT_EQ(fault(), "1: fault foreign-log");
  EXPECT_EQ(fetch(kAm, "AM", v1::FETCH_KIND_BATCHES, kHuge), "foreign-log");
  EXPECT_TRUE(hub_.take_batch_reads().empty());
  EXPECT_EQ(fetch(kAm, "AM", v1::FETCH_KIND_UNSPECIFIED, 0), "malformed");
  static_cast<void>(sent());

  EXPECT_EQ(fetch(kAm, "AM", v1::FETCH_KIND_BATCHES, kFounded), "good");
  EXPECT_EQ(fetch(kAm, "AM", v1::FETCH_KIND_BATCHES, 2), "good");
  const std::vector<BatchRead> reads = hub_.take_batch_reads();
  ASSERT_EQ(reads.size(), 1U) << "a connection has one page to come";
  EXPECT_EQ(reads[0].peer, kAm);
  EXPECT_EQ(reads[0].from, 2U);
  EXPECT_TRUE(hub_.take_batch_reads().empty());
  hub_.batches(reads[0], {log_batch(log_.commits()[2], "note")});
  const std::vector<Sent> answers = sent();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].topic, "log");
  EXPECT_EQ(answers[0].message.batches().log_size(), kFounded);
  EXPECT_EQ(answers[0].message.batches().batches(0).first_index(), 2U);
}

// C-139
TEST_F(HubTest, AnEntryGoesToItsRecipientsAndItsOriginAndToNobodyElse) {
  greet(kAm, "AM");
  greet(kBy, "BY");
  greet(kRu, "RU");
  log({envelope("AM", {"BY"}), envelope("AM", {"BY", "RU"})});
  log({envelope("AM", {"BY"})});
  const auto delivered = deliveries();
  EXPECT_EQ(delivered.at("to/AM"), (Words{"7<-0", "8<-8", "9<-9"}));
  EXPECT_EQ(delivered.at("to/BY"), (Words{"7<-0", "8<-8", "9<-9"}));
  EXPECT_EQ(delivered.at("to/RU"), Words{"8<-0"});
  EXPECT_EQ(delivered.size(), 3U);
  EXPECT_TRUE(deliveries().empty());
}

// C-133
TEST_F(HubTest, DeliveriesBeginAtTheCursorOfTheHello) {
  log({envelope(), envelope(), envelope()});
  greet(kBy, "BY", {.cursor = 8});
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"8<-8", "9<-9"}));
  // A cursor from beyond the log is not believed: what comes is delivered.
  greet(kRu, "RU", {.cursor = kHuge});
  log({envelope("AM", {"RU"})});
  EXPECT_EQ(deliveries().at("to/RU"), Words{"10<-0"});
}

// C-140
TEST_F(HubTest, AStalledNodeStopsAtItsItemsAndTheOthersGoOn) {
  greet(kBy, "BY", {.items = 2});
  greet(kRu, "RU");
  for (int i = 0; i < 3; ++i) {
    log({envelope("AM", {"BY", "RU"})});
  }
  auto delivered = deliveries();
  EXPECT_EQ(delivered.at("to/BY"), (Words{"7<-0", "8<-8"}));
  EXPECT_EQ(delivered.at("to/RU"), (Words{"7<-0", "8<-8", "9<-9"}));
  log({envelope("AM", {"BY", "RU"})});
  delivered = deliveries();
  EXPECT_FALSE(delivered.contains("to/BY"));
  EXPECT_EQ(delivered.at("to/RU"), Words{"10<-10"});
  // One stored, one more.
  EXPECT_EQ(credit(kBy, "BY", 8, 2), "good");
  EXPECT_EQ(deliveries().at("to/BY"), Words{"9<-9"});
  EXPECT_EQ(credit(kBy, "BY", 10, 100), "good");
  EXPECT_EQ(deliveries().at("to/BY"), Words{"10<-10"});
}

TEST_F(HubTest, BatchesAreSmallWhileSomethingUrgentPasses) {
  greet(kAm, "AM");
  submit(kAm, "AM", {envelope()});
  EXPECT_EQ(hub_.batch_count_max(), kSequencedCountMax);
  submit(kAm, "AM", {flash()});
  EXPECT_EQ(hub_.batch_count_max(), kSequencedCountUrgent);
  turns(exchange::kUrgencyLasts - std::chrono::milliseconds(500));
  EXPECT_EQ(hub_.batch_count_max(), kSequencedCountUrgent);
  turns(std::chrono::milliseconds(500));
  EXPECT_EQ(hub_.batch_count_max(), kSequencedCountMax);
}

TEST_F(HubTest, HoldsBackWhatIsPatientWhileSomethingUrgentPasses) {
  using std::chrono::milliseconds;
  greet(kAm, "AM");
  greet(kBy, "BY");
  log({envelope()});
  submit(kAm, "AM", {flash()});
  EXPECT_FALSE(hub_.holds_patient()) << "it may be no good";
  commit(decide());
  EXPECT_TRUE(hub_.holds_patient());
  submit(kAm, "AM", {envelope()});
  EXPECT_EQ(hub_.batch_takes(), Takes::kUrgent);
  static_cast<void>(sent());
  EXPECT_FALSE(hub_.has_work()) << "what waits is patient";
  EXPECT_TRUE(hub_.sequencer().has_work());
  EXPECT_EQ(deliveries().at("to/BY"), Words{"8<-0"}) << "and what was logged before it waits too";
  now_ += exchange::kPatientHeld;
  hub_.at(now_);
  EXPECT_FALSE(hub_.holds_patient());
  EXPECT_TRUE(hub_.has_work());
  EXPECT_EQ(deliveries().at("to/BY"), Words{"7<-0"});
  commit(decide());
  static_cast<void>(sent());
  EXPECT_EQ(deliveries().at("to/BY"), Words{"9<-8"});
  constexpr milliseconds kStep{50};
  // Whoever goes on and on with it: after a while the half of the time is left to the others.
  milliseconds held{};
  milliseconds time{};
  for (; time < 3 * exchange::kHeldMax; time += kStep) {
    submit(kAm, "AM", {flash()});
    commit(decide());
    hub_.at(now_ += kStep);
    held += hub_.holds_patient() ? kStep : milliseconds(0);
  }
  EXPECT_LE(held, 2 * exchange::kHeldMax);
  EXPECT_GE(held, 2 * exchange::kHeldMax - milliseconds(100));
  // A hub that is to stop takes all.
  hub_.holds_no_more();
  EXPECT_EQ(hub_.batch_takes(), Takes::kAll);
}

// C-140: and costs no reads meanwhile.
TEST_F(HubTest, AStalledNodeStopsAtItsBytes) {
  const std::size_t size = envelope().size();
  greet(kBy, "BY", {.bytes = 2 * size + size / 2});
  log({envelope(), envelope(), envelope(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"7<-0", "8<-8"}));
  feed_reads_ = 0;
  log({envelope()});
  EXPECT_TRUE(deliveries().empty());
  EXPECT_EQ(feed_reads_, 0);
  EXPECT_EQ(credit(kBy, "BY", 8, 100, 2 * size + size / 2), "good");
  EXPECT_EQ(deliveries().at("to/BY"), Words{"9<-9"});
  EXPECT_EQ(credit(kBy, "BY", 0, kHuge, kHuge), "good");
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"10<-10", "11<-11"}));
}

TEST_F(HubTest, ANodeWithoutCreditsGetsNothing) {
  greet(kBy, "BY", {.items = 0});
  greet(kRu, "RU", {.bytes = 0});
  log({envelope("AM", {"BY", "RU"})});
  EXPECT_TRUE(deliveries().empty());
}

// C-139, C-140: a lane has its own order, window and cursor, and the urgent one is served first.
TEST_F(HubTest, AnUrgentNoticeOvertakesABacklogOfDeliveries) {
  greet(kBy, "BY", {.items = 2});
  log({envelope(), envelope(), envelope(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"7<-0", "8<-8"}));
  log({flash(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY"), Words{"11<-0"}) << "though its patient window is full";
  log({flash()});
  EXPECT_EQ(deliveries().at("to/BY"), Words{"13<-12"});
  EXPECT_EQ(credit(kBy, "BY", 9, 2), "good");
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"9<-9", "10<-10"}));
  hub_.disconnected(kBy);
  greet(kBy, "BY", {.cursor = 11, .cursor_urgent = 12});
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"13<-12", "12<-11"})) << "urgent first, also now";
}

TEST_F(HubTest, EachLaneStopsAtItsOwnCredits) {
  greet(kBy, "BY", {.items_urgent = 1});
  log({flash(), flash(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"7<-0", "9<-0"}));
  v1::UpMessage word;
  word.mutable_credit()->set_cursor_urgent(8);
  word.mutable_credit()->mutable_credits_urgent()->set_items(1);
  word.mutable_credit()->mutable_credits_urgent()->set_bytes(1U << 20U);
  ASSERT_EQ(up(kBy, "BY", word), "good");
  EXPECT_EQ(deliveries().at("to/BY"), Words{"8<-8"});
}

// C-142
// C-149
TEST_F(HubTest, WhoReadsADamagedEntryIsToldAndMayHandItIn) {
  const auto told = [&](PeerHandle peer) {
    std::vector<std::uint64_t> indices;
    for (const Sent& one : sent()) {
      for (const v1::DamagedEntry& entry : one.message.damaged().entries()) {
        EXPECT_EQ(one.topic, "control");
        if (one.peer == peer) {
          indices.push_back(entry.index());
        }
      }
    }
    return indices;
  };
  const auto hand_in = [&](PeerHandle peer, std::string_view member, std::uint64_t index) {
    v1::UpMessage message;
    message.mutable_restore()->set_index(index);
    message.mutable_restore()->set_envelope("what it holds");
    return up(peer, member, message);
  };
  using Indices = std::vector<std::uint64_t>;
  greet(kAm, "AM");
  greet(kRu, "RU");
  hub_.set_damaged({{.index = 5, .readers = {}}, {.index = 7, .readers = {"AM", "BY"}}});
  hub_.tell_damaged();
  EXPECT_EQ(told(kAm), (Indices{5, 7}));
  hub_.tell_damaged();
  EXPECT_EQ(told(kRu), Indices{5});
  ASSERT_EQ(up(kBy, "BY", hello()), "good");
  EXPECT_EQ(told(kBy), (Indices{5, 7})) << "with its Welcome";

  EXPECT_EQ(hand_in(kBy, "BY", 7), "good");
  EXPECT_EQ(hand_in(kRu, "RU", 7), "good") << "and passed over: it is none of theirs";
  EXPECT_EQ(hand_in(kBy, "BY", 8), "good") << "and passed over: it is whole";
  const std::vector<RestoreRequest> requests = hub_.take_restores();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].peer, kBy);
  EXPECT_EQ(requests[0].index, 7U);
  EXPECT_EQ(requests[0].envelope, "what it holds");
  EXPECT_TRUE(hub_.take_restores().empty());
  hub_.not_restored(requests[0], {ErrorCode::kLeafMismatch, "another one"});
  const std::vector<Sent> faults = sent();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].message.fault().code(), static_cast<std::uint32_t>(ErrorCode::kLeafMismatch));
  hub_.restored(7);
  hub_.tell_damaged();
  EXPECT_EQ(told(kBy), Indices{5});
  EXPECT_EQ(hand_in(kBy, "BY", 7), "good");
  EXPECT_TRUE(hub_.take_restores().empty());
}

TEST_F(HubTest, AFetchNamesTheLaneByItsPrecedence) {
  greet(kBy, "BY");
  log({flash(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"7<-0", "8<-0"}));
  EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_DELIVERIES, 7, v1::PRECEDENCE_IMMEDIATE), "good");
  EXPECT_EQ(deliveries().at("to/BY"), Words{"7<-0"});
  EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_DELIVERIES, 7), "good");
  EXPECT_EQ(deliveries().at("to/BY"), Words{"8<-0"});
}

// C-142
TEST_F(HubTest, AFetchOfDeliveriesGoesBack) {
  greet(kBy, "BY", {.items = 4});
  log({envelope(), envelope(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY").size(), 3U);
  EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_DELIVERIES, 8), "good");
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"8<-8", "9<-9"}));
  // From beyond the log: what comes is delivered.
  EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_DELIVERIES, kHuge), "good");
  EXPECT_TRUE(deliveries().empty());
  log({envelope()});
  EXPECT_EQ(deliveries().at("to/BY"), Words{"10<-10"});
  EXPECT_FALSE(hub_.has_stored("BY", exchange::Lane::kPatient, 7)) << "a fetch says nothing of it";
}

// C-142: a page that was read before the node went back is not for it any more.
TEST_F(HubTest, APageFromBeforeAFetchIsDropped) {
  greet(kBy, "BY");
  log({envelope(), envelope()});
  EXPECT_EQ(deliveries().at("to/BY").size(), 2U);
  log({envelope()});
  const FeedRead read = patient_read();
  EXPECT_TRUE(hub_.take_feed_reads().empty()) << "one read of a lane at a time";
  EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_DELIVERIES, 7), "good");
  hub_.feed(read, log_.read_feed(read, 1000));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"7<-0", "8<-8", "9<-9"}));
}

TEST_F(HubTest, APageForANodeThatLeftIsDropped) {
  greet(kBy, "BY");
  log({envelope()});
  const FeedRead read = patient_read();
  hub_.disconnected(kBy);
  hub_.feed(read, log_.read_feed(read, 1000));
  EXPECT_TRUE(sent().empty());
}

// C-139
TEST_F(HubTest, ADeliverHasAtMost256Deliveries) {
  greet(kBy, "BY", {.items = 1000, .bytes = 16U << 20U});
  log(Names(1, envelope()));
  std::vector<test::Unsigned> made;
  made.reserve(300);
  for (int i = 0; i < 300; ++i) {
    made.push_back(unsigned_notice(exchange_, exchange_.draft("AM", {"BY"}, "contact"),
                                   {.seen = head_of(hub_.sequencer().tree())}));
  }
  log(exchange_.sign(made, signing_key("AM")));
  EXPECT_EQ(deliveries().at("to/BY").size(), 301U);
  EXPECT_GE(frame_bytes_.size(), 2U);
}

// Frames are filled up to a target; one larger than that goes alone, and what follows it comes.
TEST_F(HubTest, FramesOfDeliveriesAreBounded) {
  greet(kBy, "BY", {.items = 100, .bytes = 16U << 20U});
  const auto of = [&](std::size_t kib) {
    return envelope("AM", {"BY"}, std::string(kib << 10U, 't'));
  };
  log({of(75), of(50), of(75), of(175), of(25), of(25)});
  EXPECT_EQ(deliveries().at("to/BY").size(), 6U);
  ASSERT_EQ(frame_bytes_.size(), 4U);
  for (std::size_t i = 0; i < frame_bytes_.size(); ++i) {
    if (i != 2) {
      EXPECT_LE(frame_bytes_[i], kDeliverBytesTarget + 256) << i;
    }
  }
  EXPECT_LE(frame_bytes_[2], 176U << 10U);
}

class PacedHubTest : public HubTest {
 protected:
  static constexpr std::uint64_t kLeast = 64U << 10U;
  PacedHubTest() : HubTest(exchange::PaceLimits{}) {}

  void log_large(int count) {
    for (int i = 0; i < count; ++i) {
      log({envelope("AM", {"BY"}, std::string(30U << 10U, 't'))});
    }
  }
};

// The credits would take all of it; an urgent one waits for no more than the link drains soon.
TEST_F(PacedHubTest, NoMoreThatIsPatientIsOnTheWayThanTheLinkDrains) {
  greet(kBy, "BY", {.items = 1000, .bytes = 8U << 20U});
  log_large(20);
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"7<-0", "8<-8"}));
  EXPECT_LE(hub_.fullest(exchange::Lane::kPatient).bytes, kLeast);
  log({flash()});
  EXPECT_EQ(deliveries().at("to/BY"), Words{"27<-0"}) << "though nothing patient may go";
  now_ += std::chrono::milliseconds(500);
  EXPECT_EQ(credit(kBy, "BY", 9, 1000, 8U << 20U), "good");
  EXPECT_EQ(deliveries().at("to/BY").size(), 4U) << "in time: twice as much";
  now_ += std::chrono::seconds(10);
  EXPECT_EQ(credit(kBy, "BY", 13, 1000, 8U << 20U), "good");
  EXPECT_EQ(deliveries().at("to/BY"), (Words{"13<-13", "14<-14"})) << "late: as little as at first";
}

TEST_F(PacedHubTest, AReadIsNoLargerThanWhatMayGo) {
  greet(kBy, "BY", {.items = 1000, .bytes = 8U << 20U});
  EXPECT_EQ(patient_read().bytes_max, kLeast);
}

// C-141, C-142: a node that asks for the next page has drained the one before.
TEST_F(PacedHubTest, PagesOfTheLogGrowWithWhatTheLinkDrains) {
  greet(kBy, "BY");
  const auto asks = [&](std::uint64_t from) {
    EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_BATCHES, from), "good");
    const std::vector<BatchRead> reads = hub_.take_batch_reads();
    EXPECT_EQ(reads.size(), 1U);
    v1::LogBatch batch;
    batch.set_first_index(from);
    batch.set_entries(std::string(32, 'e'));
    batch.set_checkpoint(std::string(reads.at(0).bytes_max, 'c'));
    hub_.batches(reads.at(0), {batch});
    return reads.at(0).bytes_max;
  };
  EXPECT_EQ(asks(0), kLeast);
  now_ += std::chrono::milliseconds(10);
  EXPECT_GE(asks(1), 2 * kLeast);
  now_ += std::chrono::milliseconds(10);
  EXPECT_GE(asks(2), 4 * kLeast);
  now_ += std::chrono::seconds(30);
  EXPECT_EQ(asks(3), kLeast) << "that took a while";
}

TEST_F(HubTest, WhoHasNoRoomIsReadForLater) {
  greet(kBy, "BY");
  greet(kRu, "RU");
  log({envelope("AM", {"BY", "RU"})});
  EXPECT_EQ(fetch(kBy, "BY", v1::FETCH_KIND_BATCHES, 0), "good");
  EXPECT_EQ(fetch(kRu, "RU", v1::FETCH_KIND_BATCHES, 0), "good");
  const auto not_by = [](PeerHandle peer) { return peer != kBy; };
  const std::vector<FeedRead> feeds = hub_.take_feed_reads(not_by);
  EXPECT_EQ(std::ranges::count(feeds, "BY", &FeedRead::member), 0);
  EXPECT_EQ(std::ranges::count(feeds, "RU", &FeedRead::member), 2) << "each lane";
  EXPECT_EQ(hub_.take_batch_reads(not_by).size(), 1U);
  EXPECT_EQ(hub_.take_batch_reads().at(0).peer, kBy);
  EXPECT_EQ(deliveries().at("to/BY"), Words{"7<-0"});
}

// Without a word from the node, and without another entry.
TEST_F(HubTest, AReadThatIsPutBackIsTakenAgain) {
  greet(kBy, "BY");
  log({envelope()});
  const FeedRead read = patient_read();
  EXPECT_TRUE(hub_.take_feed_reads().empty());
  hub_.put_back(read);
  EXPECT_EQ(patient_read().from, read.from);
}

TEST_F(HubTest, WhatIsRestoredIsReadForWhoeverStoodBeforeIt) {
  greet(kBy, "BY");
  log({envelope()});
  for (const FeedRead& read : hub_.take_feed_reads()) {
    hub_.feed(read, {});  // It cannot be read.
  }
  EXPECT_TRUE(deliveries().empty());
  hub_.restored(7);
  EXPECT_EQ(deliveries().at("to/BY"), Words{"7<-0"});
}

TEST_F(HubTest, TheFullestWindowIsToldAtItsLimit) {
  greet(kBy, "BY", {.items = 3, .bytes = kHuge});
  greet(kRu, "RU", {.items = kHuge, .bytes = kHuge});
  log({envelope("AM", {"BY"}), envelope("AM", {"BY"}), envelope("AM", {"BY", "RU"})});
  log({envelope("AM", {"BY"}), flash("AM", {"RU"})});
  const std::size_t count = deliveries().at("to/BY").size();
  EXPECT_EQ(count, 3U);
  EXPECT_EQ(hub_.fullest(exchange::Lane::kPatient).items, 3U);
  EXPECT_GT(hub_.fullest(exchange::Lane::kPatient).bytes, 0U);
  EXPECT_EQ(hub_.fullest(exchange::Lane::kUrgent).items, 1U);
  EXPECT_EQ(credit(kBy, "BY", 10, 3), "good");
  EXPECT_EQ(deliveries().at("to/BY").size(), 1U);
  EXPECT_EQ(hub_.fullest(exchange::Lane::kPatient).items, 1U);
}

// C-131, C-76: who is put out of force hears of it, and nothing after it.
TEST_F(HubTest, ARevokedNodeIsToldAndThenCutOff) {
  greet(kAm, "AM");
  greet(kBy, "BY");
  log({envelope("BY", {"AM"})}, "BY");
  test::must(hub_.sequencer().offer(
      0, std::nullopt,
      exchange_.entry(test::revocation_of(node_id("AM")), Names{test::authority_name("AM")},
                      hub_.sequencer().directory())));
  commit(decide());
  const std::vector<Sent> news = sent();
  ASSERT_EQ(news.size(), 2U);
  EXPECT_EQ(news[0].topic, "directory");
  ASSERT_EQ(hub_.sessions().size(), 1U);
  EXPECT_EQ(hub_.sessions()[0].member, "BY");
  EXPECT_FALSE(deliveries().contains("to/AM"));
  EXPECT_EQ(submit(kAm, "AM", {envelope()}), "unknown-member");
  EXPECT_EQ(up(kAm, "AM", hello()), "unknown-member");
}

// Nobody is owed an answer for what the admin socket or the founding file brought.
TEST_F(HubTest, PeerZeroIsNobody) {
  greet(kBy, "BY");
  test::must(hub_.sequencer().offer(0, std::nullopt, envelope()));
  test::must(hub_.sequencer().offer(0, std::nullopt, envelope("AM", {})));
  commit(decide());
  for (const Sent& one : sent()) {
    EXPECT_EQ(one.peer, kBy);
    EXPECT_EQ(one.topic, "log");
  }
}

// What could not be queued is read again, and nothing of what was before it: the node has said
// nothing of that yet, and it is on its way.
TEST_F(HubTest, DeliveriesThatWereNotSentAreReadAgain) {
  greet(kBy, "BY");
  log({envelope()});
  ASSERT_EQ(deliveries()["to/BY"].size(), 1U);
  log({envelope()});
  const std::optional<FeedPlace> lost = page_to_by();
  ASSERT_TRUE(lost.has_value());
  hub_.unsent(kAm, lost);
  EXPECT_TRUE(deliveries().empty()) << "it is not there";
  hub_.unsent(kBy, lost);
  EXPECT_EQ(hub_.delivered_count(), 1U);
  EXPECT_EQ(deliveries()["to/BY"], Words{"8<-8"});
  EXPECT_TRUE(deliveries().empty()) << "once";
  EXPECT_EQ(hub_.delivered_count(), 2U);
}

// Nor is there more on the way than the node gave credits for.
TEST_F(HubTest, DeliveriesThatWereNotSentCountNoMore) {
  greet(kBy, "BY");
  v1::UpMessage word;
  word.mutable_credit()->mutable_credits()->set_items(1);
  word.mutable_credit()->mutable_credits()->set_bytes(1U << 20U);
  ASSERT_EQ(up(kBy, "BY", word), "good");
  log({envelope(), envelope()});
  for (int i = 0; i < 3; ++i) {
    const std::optional<FeedPlace> lost = page_to_by();
    ASSERT_TRUE(lost.has_value());
    hub_.unsent(kBy, lost);
  }
  EXPECT_EQ(deliveries()["to/BY"].size(), 1U);
}

// C-141: nothing else may come that would show it what it missed.
TEST_F(HubTest, WhoMissedNewsIsToldHowLongTheLogIsOnceThereIsRoom) {
  greet(kBy, "BY");
  log({envelope()});
  hub_.unsent(kBy, {});
  hub_.unsent(kBy, {});
  hub_.unsent(kRu, {});  // It has gone meanwhile.
  log({envelope("AM", {"BY"})});
  static_cast<void>(sent());
  hub_.tell_who_missed_news([](PeerHandle) { return false; });
  EXPECT_TRUE(sent().empty());
  hub_.tell_who_missed_news([](PeerHandle) { return true; });
  const std::vector<Sent> told = sent();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].peer, kBy);
  EXPECT_EQ(told[0].topic, "log");
  EXPECT_EQ(told[0].message.batches().batches_size(), 0);
  EXPECT_EQ(told[0].message.batches().log_size(), hub_.sequencer().tree().size());
  hub_.tell_who_missed_news();
  EXPECT_TRUE(sent().empty()) << "once";
  hub_.unsent(kBy, {});
  hub_.disconnected(kBy);
  greet(kBy, "BY");
  static_cast<void>(sent());
  hub_.tell_who_missed_news();
  EXPECT_TRUE(sent().empty()) << "its Welcome has told it";
}

TEST_F(HubTest, JunkDirectoryEntriesHoldNoUrgentNoticeUp) {
  std::size_t taken = 0;
  for (int i = 0; i < 200; ++i) {
    const v1::Draft draft = exchange_.draft("BY", {}, "directory.junk");
    const auto one = unsigned_notice(exchange_, draft, {});
    taken +=
        hub_.sequencer().offer(kBy, "BY", exchange_.sign(one, "anything")).has_value() ? 1U : 0U;
  }
  EXPECT_EQ(taken, AdmissionLimits{}.member_directory_count_max);
  v1::Draft flash = exchange_.draft("AM", {"BY"}, "contact");
  flash.set_precedence(v1::PRECEDENCE_FLASH);
  const std::string urgent = notice(exchange_, flash, {.seen = head_of(hub_.sequencer().tree())});
  ASSERT_EQ(outcome(hub_.sequencer().offer(kAm, "AM", urgent)), "good");
  static_cast<void>(decide());
  EXPECT_TRUE(decide().commit.has_value());
}

// C-135, C-136: whatever one member hands in, and as fast as it can, another's is in the next
// batch.
TEST_F(HubTest, AFloodOfOneMemberKeepsNoNoticeOfAnotherOutOfTheNextBatch) {
  greet(kBy, "BY");
  greet(kRu, "RU");
  const auto submit = [&](PeerHandle peer, std::string_view member, const std::string& bytes,
                          std::size_t times) {
    v1::UpMessage message;
    for (std::size_t i = 0; i < times; ++i) {
      message.mutable_submit()->add_envelopes(bytes);
    }
    EXPECT_EQ(up(peer, member, message), "good");
  };
  for (const v1::Precedence precedence : {v1::PRECEDENCE_ROUTINE, v1::PRECEDENCE_OVERRIDE}) {
    v1::Draft junk = exchange_.draft("BY", {"AM"}, "contact");
    junk.set_precedence(precedence);
    const auto made = unsigned_notice(exchange_, junk, {});
    const std::string garbage = exchange_.sign(made, "a key that nobody enrolled");
    const auto flood = [&] {
      for (int i = 0; i < 40; ++i) {
        submit(kBy, "BY", garbage, exchange::kSubmitCountMax);
      }
    };
    flood();
    static_cast<void>(decide());
    flood();  // As full as it can be.
    const v1::DownMessage refused = sent().back().message;
    EXPECT_EQ(name(refused.refused().items(0).code()), "queue-full");
    EXPECT_NE(refused.refused().items(0).text().find("the member's own share"), std::string::npos);
    const std::uint64_t size = hub_.sequencer().tree().size();
    submit(kRu, "RU",
           notice(exchange_, exchange_.draft("RU", {"AM"}, "contact"),
                  {.seen = head_of(hub_.sequencer().tree())}),
           1);
    const Decision decision = decide();
    EXPECT_EQ(commit_of(decision).size_after, size + 1);
    commit(decision);
    while (hub_.sequencer().has_work()) {
      static_cast<void>(decide());
    }
  }
}

}  // namespace
}  // namespace chancery::broker
