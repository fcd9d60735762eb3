// Both engines as they are shipped, a hub's and the nodes', in one thread: what one says is handed
// to the other, and time is an argument.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/engine/engine.h"
#include "broker/store/sqlite_hub_store.h"
#include "chancery/v1/link.pb.h"
#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/audit.h"
#include "core/exchange/completeness.h"
#include "core/exchange/evidence.h"
#include "core/exchange/limits.h"
#include "core/ledger/witness.h"
#include "io/sqlite/database.h"
#include "node/engine/drafting.h"
#include "node/engine/engine.h"
#include "node/store/evidence.h"
#include "node/store/thread.h"
#include "tests/support/exchange.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"
#include "tests/unit/io/os/temporary_folder.h"
#include "tests/unit/node/older_store.h"

namespace chancery::node {
namespace {

using test::must;

constexpr std::uint64_t kDayMs = 24ULL * 60 * 60 * 1000;
constexpr std::uint64_t kFreeBytesAtHub = 1ULL << 40U;
constexpr std::uint64_t kStartMs = 1'800'000'000'000;

class BothEnginesTest : public testing::Test {
 protected:
  BothEnginesTest() {
    start_hub();
    must(hub_->found(exchange_.founding_file(), "founding.bin", now_ms_));
    must(hub_->sign_missing_checkpoints());
  }

  void start_hub() {
    auto store = must(broker::open_sqlite_hub_store(folder_ / "hub.db", exchange_.genesis(),
                                                    broker::StoreUse::kOwn));
    broker::LogSigners signers;
    signers.push_back(test::key_signer("hub log 1"));
    hub_ = must(broker::Engine::start({.program = "hub", .admission = {}, .window = {}},
                                      std::move(store), std::move(signers)));
    must(hub_->sign_missing_checkpoints());
    if (hub_->hub().sequencer().tree().size() > 0) {
      meet_a_quorum();
    }
  }

  // Four members that have followed nothing say hello and are gone again (C-150).
  void meet_a_quorum() {
    v1::UpMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_protocol(1);
    hello.set_genesis(to_string(exchange_.genesis()));
    hello.set_instance(std::string(exchange::kInstanceBytes, 'q'));
    broker::PeerHandle peer = 0;
    for (const std::string member : {"KG", "KZ", "RU", "TJ"}) {
      const std::string key = test::node_key_name(member, 1, "transport");
      must(hub_->receive(++peer, test::agreement_public(key).id(), message.SerializeAsString()));
      hub_->hub().disconnected(peer);
    }
  }

  // It does not know from before what its witnesses cosigned.
  void restart_hub() {
    must(hub_->flush());
    hub_.reset();
    start_hub();
    for (auto& [member, node] : nodes_) {
      node->connected();
    }
    settle();
  }

  static test::ExchangeOptions options() {
    return {.adjust_roster = [](v1::Roster& roster) {
      v1::Retention& rule = *roster.add_retention();
      rule.set_kinds("contact");
      rule.set_days(10);
    }};
  }

  std::unique_ptr<NodeStore> open_store(const std::string& member) {
    return must(
        NodeStore::open(folder_ / (member + ".db"), exchange_.genesis(), member, StoreUse::kOwn));
  }

  // The member's node with the keys of this number; what it has stored stays.
  void start(const std::string& member, int number = 1) {
    stop(member);
    numbers_[member] = number;
    std::vector<crypto::PrivateKey> sealing_keys;
    for (int i = 1; i <= number; ++i) {
      sealing_keys.push_back(test::agreement_private(test::node_key_name(member, i, "sealing")));
    }
    EngineConfig config{.member = member, .program = "node", .applications = {}, .local = {}};
    config.applications.push_back({.name = "desk", .key = {}, .publish = {"*"}, .read = {"*"}});
    nodes_[member] = must(Engine::start(
        std::move(config), open_store(member),
        test::key_signer(test::node_key_name(member, number, "signing")),
        exchange::Opener(std::move(sealing_keys)),
        [this](std::size_t count) {
          return test::seeded_bytes("random " + std::to_string(++randoms_), count);
        },
        test::key_signer(test::node_key_name(member, number, "witness"))));
    nodes_[member]->connected();
    settle();
  }

  void stop(const std::string& member) {
    nodes_.erase(member);
    hub_->hub().disconnected(peer_of(member));
  }

  [[nodiscard]] Now now() const {
    return {.steady = SteadyTime(std::chrono::milliseconds(now_ms_)),
            .unix_us = (now_ms_ + clocks_ahead_ms_) * 1000};
  }

  // Forty turns, a second each: enough for all that the tests do, pings and statements included.
  void settle() {
    for (int turn = 0; turn < 40; ++turn) {
      now_ms_ += 1000;
      hub_->disk_has(kFreeBytesAtHub, now().steady);
      for (auto& [member, node] : nodes_) {
        must(node->finish_turn(now()));
        send_up(member);
        must(node->look_again(now()));
      }
      turn_hub();
    }
  }

  void send_up(const std::string& member) {
    const std::string key = test::node_key_name(member, numbers_[member], "transport");
    for (const std::string& message : nodes_.at(member)->take_to_hub()) {
      // What the hub does not serve it answers.
      static_cast<void>(hub_->receive(peer_of(member), test::agreement_public(key).id(), message));
    }
  }

  void turn_hub() {
    static_cast<void>(must(hub_->sequence(now_ms_ + hub_ahead_ms_)));
    hub_->serve_reads();
    must(hub_->run_rounds(now().steady));
    must(hub_->retain(hub_idle_, now().steady, now_ms_ + hub_ahead_ms_));
    must(hub_->look_again(hub_idle_, now().steady, now_ms_ + hub_ahead_ms_));
    for (const broker::Outgoing& outgoing : hub_->take_outgoing()) {
      for (auto& [member, node] : nodes_) {
        if (peer_of(member) == outgoing.peer) {
          must(node->receive_from_hub(outgoing.topic, told(member, outgoing.message), now()));
        }
      }
    }
  }

  // Starts the hub anew on what its store holds after `change`; the nodes connect again.
  void hub_comes_back(const std::function<void()>& change) {
    must(hub_->flush());
    hub_.reset();
    change();
    start_hub();
    for (auto& [member, node] : nodes_) {
      node->disconnected();
      node->connected();
    }
    settle();
  }

  void copy_hub_to(const std::string& name) {
    hub_comes_back([&] { std::filesystem::copy_file(folder_ / "hub.db", folder_ / name); });
  }

  // Its log ends where that copy's does.
  void hub_loses_its_end(const std::string& name) {
    hub_comes_back([&] {
      for (const char* const suffix : {"", "-wal", "-shm", "-mark"}) {
        std::filesystem::remove(folder_ / ("hub.db" + std::string(suffix)));
      }
      std::filesystem::copy_file(folder_ / name, folder_ / "hub.db");
    });
  }

  // The roster of now, by which the log goes on where it stands.
  std::string continuing_roster(const std::vector<std::string>& signed_by) {
    const broker::Sequencer& sequencer = hub_->hub().sequencer();
    v1::Roster roster = sequencer.directory().roster();
    v1::TreePoint& continues = *roster.mutable_hub()->mutable_continues();
    continues.set_size(sequencer.tree().size());
    continues.set_root(to_string(sequencer.tree().root()));
    return exchange_.next_roster(roster, signed_by, sequencer.directory());
  }

  // A directory entry, while the hub runs.
  void enter(const std::string& envelope) {
    must(hub_->hub().sequencer().offer(0, std::nullopt, envelope));
    static_cast<void>(must(hub_->sequence(now_ms_)));
  }

  void recover_hub(const std::vector<std::string>& signed_by = {"AM", "BY", "KG", "KZ", "RU",
                                                                "TJ"}) {
    must(hub_->enter(continuing_roster(signed_by), now_ms_));
    hub_comes_back([] {});
  }

  [[nodiscard]] std::string alarm_of(const std::string& member) const {
    const std::optional<Error>& alarm = nodes_.at(member)->alarm();
    return alarm.has_value() ? std::string(error_info(alarm->code).name) : "none";
  }

  // What a member is told by a hub that withholds an entry from it.
  std::string told(const std::string& member, const std::string& message) {
    v1::DownMessage down;
    EXPECT_TRUE(down.ParseFromString(message));
    if (!withheld_.has_value() || withheld_->first != member || !down.has_deliver()) {
      return message;
    }
    v1::Deliver left;
    left.set_urgent(down.deliver().urgent());
    for (v1::Delivery& delivery : *down.mutable_deliver()->mutable_deliveries()) {
      if (delivery.index() == withheld_->second) {
        before_withheld_ = delivery.previous();
        continue;
      }
      if (delivery.previous() == withheld_->second + 1) {
        delivery.set_previous(before_withheld_);
      }
      *left.add_deliveries() = delivery;
    }
    *down.mutable_deliver() = std::move(left);
    return down.SerializeAsString();
  }

  [[nodiscard]] static broker::PeerHandle peer_of(const std::string& member) {
    return static_cast<broker::PeerHandle>(member[0]) * 256 +
           static_cast<broker::PeerHandle>(member[1]);
  }

  v1::LocalReply ask(const std::string& member, v1::LocalRequest request) {
    Engine& node = *nodes_.at(member);
    request.set_request_id(++requests_);
    must(node.receive_local("peer", "desk", request.SerializeAsString(), now()));
    must(node.finish_turn(now()));
    v1::LocalReply answer;
    for (const LocalReply& reply : node.take_replies()) {
      EXPECT_TRUE(answer.ParseFromString(reply.message));
    }
    return answer;
  }

  void publish_only(const std::string& member, const std::vector<std::string>& to,
                    const std::string& subject, const std::string& kind = "contact",
                    v1::Precedence precedence = v1::PRECEDENCE_ROUTINE,
                    std::uint64_t expires_at_ms = 0) {
    v1::Text text;
    EXPECT_TRUE(text.ParseFromString(test::TestExchange::text_of(subject, kind)));
    publish_text(member, to, text, kind, precedence, expires_at_ms);
  }

  void publish_text(const std::string& member, const std::vector<std::string>& to,
                    const v1::Text& text, const std::string& kind,
                    v1::Precedence precedence = v1::PRECEDENCE_ROUTINE,
                    std::uint64_t expires_at_ms = 0) {
    const v1::LocalReply answer = try_text(member, to, text, kind, precedence, expires_at_ms);
    EXPECT_TRUE(answer.has_publish()) << answer.error().ShortDebugString();
  }

  // As a node would that does not ask whether it may: the draft is put into its outbox.
  void force_text(const std::string& member, const std::vector<std::string>& to,
                  const v1::Text& text, const std::string& kind) {
    v1::PublishRequest publish;
    publish.set_notice_id(test::seeded_uuid("notice", ++randoms_));
    publish.set_kind(kind);
    publish.set_status(status_);
    publish.set_precedence(v1::PRECEDENCE_ROUTINE);
    for (const std::string& code : to) {
      publish.add_recipients()->set_member(code);
    }
    publish.set_text(text.SerializeAsString());
    NodeStore& store = nodes_.at(member)->store();
    OutboxDraft draft = must(
        draft_notice(publish, {.member = member,
                               .genesis = exchange_.genesis(),
                               .directory = hub_->hub().sequencer().directory(),
                               .random = [](std::size_t count) { return std::string(count, 'f'); },
                               .now_ms = now_ms_}));
    draft.application = "desk";
    must(store.begin());
    must(store.put_draft(draft));
    must(store.commit());
    start(member, numbers_[member]);
  }

  v1::LocalReply try_text(const std::string& member, const std::vector<std::string>& to,
                          const v1::Text& text, const std::string& kind,
                          v1::Precedence precedence = v1::PRECEDENCE_ROUTINE,
                          std::uint64_t expires_at_ms = 0) {
    v1::LocalRequest request;
    v1::PublishRequest& publish = *request.mutable_publish();
    publish.set_notice_id(test::seeded_uuid("notice", ++randoms_));
    publish.set_kind(kind);
    publish.set_status(status_);
    publish.set_precedence(precedence);
    publish.set_expires_at_ms(expires_at_ms);
    for (const std::string& code : to) {
      publish.add_recipients()->set_member(code);
    }
    publish.set_text(text.SerializeAsString());
    return ask(member, request);
  }

  void publish(const std::string& member, const std::vector<std::string>& to,
               const std::string& subject, const std::string& kind = "contact",
               v1::Precedence precedence = v1::PRECEDENCE_ROUTINE) {
    publish_only(member, to, subject, kind, precedence);
    settle();
  }

  // "subject", or "erased", of all that an inbox shows.
  std::vector<std::string> inbox(const std::string& member) {
    v1::LocalRequest request;
    request.mutable_inbox();
    std::vector<std::string> subjects;
    const v1::LocalReply answer = ask(member, request);
    for (const v1::InboxItem& item : answer.inbox().items()) {
      v1::Text text;
      EXPECT_TRUE(text.ParseFromString(item.text()));
      subjects.push_back(item.erased_at_ms() != 0 ? "erased" : text.subject());
    }
    return subjects;
  }

  // As a bit that the disk gives back wrong. Nodes have to greet it anew.
  void restart_hub_with_harm_at(std::uint64_t index) {
    hub_.reset();
    {
      sqlite::Database raw = must(sqlite::Database::open(
          folder_ / "hub.db", {.mode = sqlite::OpenMode::kExisting,
                               .application_id = broker::kHubStoreApplicationId,
                               .user_version = broker::kHubStoreVersion}));
      must(raw.execute(
          "UPDATE entry SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE idx = " +
          std::to_string(index)));
    }
    start_hub();
  }

  v1::ShowReply show(const std::string& member, std::uint64_t index) {
    v1::LocalRequest request;
    request.mutable_show()->set_index_plus_one(index + 1);
    const v1::LocalReply answer = ask(member, request);
    EXPECT_TRUE(answer.has_show());
    return answer.show();
  }

  // What a member's notice is known to have come to with its recipients, as "BY delivered".
  std::vector<std::string> stages(const std::string& member, std::uint64_t index) {
    std::vector<std::string> said;
    const v1::ShowReply shown = show(member, index);
    for (const v1::RecipientStage& stage : shown.recipients()) {
      said.push_back(stage.member() + " " +
                     (stage.stage() == v1::STAGE_DELIVERED ? "delivered"
                      : stage.stage() == v1::STAGE_READ    ? "read"
                                                           : "actioned"));
    }
    return said;
  }

  // The evidence file that a member's node makes of the notice at an index, verified by itself.
  Result<exchange::EvidenceReport> prove(const std::string& member, std::uint64_t index,
                                         bool hide_text = false) {
    v1::ProveRequest request;
    request.set_notice(show(member, index).item().notice());
    request.set_hide_text(hide_text);
    CHANCERY_TRY(const std::string file, make_evidence(nodes_.at(member)->store(), request));
    return exchange::verify_evidence(file, exchange_.genesis());
  }

  // What a report says of the recipients, as "BY counted read".
  static std::vector<std::string> shown(const exchange::EvidenceReport& report) {
    std::vector<std::string> all;
    for (const exchange::RecipientEvidence& recipient : report.recipients) {
      std::string& said = all.emplace_back(recipient.member);
      if (recipient.delivered.has_value()) {
        said += recipient.delivered->early ? " early" : " counted";
      }
      said += recipient.read.has_value() ? " read" : "";
      said += recipient.actioned.has_value() ? " actioned" : "";
    }
    return all;
  }

  // That of before a notice; the one of now is newest.db.
  void start_with_an_older_store(const std::string& member) {
    const std::filesystem::path store = folder_ / (member + ".db");
    stop(member);
    std::filesystem::copy_file(store, folder_ / "old.db");
    start(member);
    publish("AM", {"BY"}, "since then");
    stop(member);
    std::filesystem::rename(store, folder_ / "newest.db");
    std::filesystem::rename(folder_ / "old.db", store);
    start(member);
  }

  // With whom a member's node counts otherwise, and as what.
  [[nodiscard]] std::string disputes(const std::string& member) const {
    std::string all;
    for (const auto& [peer, error] : nodes_.at(member)->disputes()) {
      all += peer + " " + std::string(error_info(error.code).name);
    }
    return all;
  }

  [[nodiscard]] std::uint64_t log_size() const { return hub_->hub().sequencer().tree().size(); }

  // While the member's node is stopped.
  void tamper(const std::string& member, const std::string& sql) {
    sqlite::Database raw = must(sqlite::Database::open(folder_ / (member + ".db"),
                                                       {.mode = sqlite::OpenMode::kExisting,
                                                        .application_id = kNodeStoreApplicationId,
                                                        .user_version = kNodeStoreVersion}));
    must(raw.execute(sql));
    EXPECT_GT(raw.changes(), 0U) << sql;
  }

  template <class Store>
  exchange::AuditReport audit(Store& store) {
    exchange::Auditor auditor(exchange_.genesis());
    const v1::AuditPageReply page = must(store.audit_page(0, 64U << 20U));
    for (const v1::AuditBatch& batch : page.batches()) {
      EXPECT_TRUE(auditor.batch(batch));
    }
    auditor.last_page(page);
    exchange::AuditReport report = auditor.finish(page.size());
    for (const exchange::AuditFinding& finding : report.findings) {
      ADD_FAILURE() << finding.index.value_or(0) << " " << finding.error.to_string();
    }
    return report;
  }

  v1::Status status_ = v1::STATUS_ACTUAL;  // Of what is published.
  test::TestExchange exchange_{options()};
  os::TemporaryFolder folder_;
  std::unique_ptr<broker::Engine> hub_;
  std::map<std::string, std::unique_ptr<Engine>> nodes_;
  std::map<std::string, int> numbers_;  // Of the keys that each runs with.
  std::uint64_t now_ms_ = kStartMs;
  std::optional<std::pair<std::string, std::uint64_t>> withheld_;  // From whom, and which entry.
  std::uint64_t before_withheld_ = 0;
  bool hub_idle_ = true;
  std::uint64_t hub_ahead_ms_ = 0;     // Its clock, of the true time …
  std::uint64_t clocks_ahead_ms_ = 0;  // … and those of the nodes.
  std::uint64_t randoms_ = 0;
  std::uint64_t requests_ = 0;
};

using Subjects = std::vector<std::string>;

TEST_F(BothEnginesTest, ANoticeGoesFromOneNodeToAnother) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "good day");
  EXPECT_EQ(inbox("BY"), Subjects{"good day"});
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).logged, 1U);
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).statements, 1U);
  EXPECT_EQ(test::outcome(nodes_["AM"]->store().check()), "good");
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).undelivered, 0U) << "C-194";
}

// C-138: what a key signed before it was revoked goes out under the next one.
TEST_F(BothEnginesTest, ANoticeOutlivesTheKeyThatSignedItFirst) {
  start("AM");
  start("BY");
  const auto& directory = hub_->hub().sequencer().directory();
  enter(exchange_.enrol(test::node_entry("AM", 2, false, false), directory));
  settle();
  publish_only("AM", {"BY"}, "signed by the first key");
  ASSERT_FALSE(nodes_["AM"]->take_to_hub().empty()) << "on its way to the hub, and lost";
  const Hash first = test::signing_public(test::node_key_name("AM", 1, "signing")).id();
  enter(exchange_.entry(test::revocation_of(first), std::vector{test::authority_name("AM")},
                        directory));
  settle();
  publish("AM", {"BY"}, "waits for the second");
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).queued, 1U);
  EXPECT_TRUE(inbox("BY").empty());
  start("AM", 2);
  EXPECT_EQ(inbox("BY"), (Subjects{"signed by the first key", "waits for the second"}));
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).signed_count, 0U);
}

// What the hub is asked to log is the envelope, and its answer is judged by that: a bit of the
// draft beside it, wrong since, holds nobody up and is named.
TEST_F(BothEnginesTest, WhatWasSignedIsLoggedThoughItsDraftRots) {
  start("BY");
  for (const bool lost : {false, true}) {  // The answer, and then the delivery shows it.
    SCOPED_TRACE(lost);
    start("AM");
    publish_only("AM", {"BY"}, "signed");
    ASSERT_EQ(must(nodes_["AM"]->store().outbox_counts()).signed_count, 1U);
    if (lost) {
      send_up("AM");
      static_cast<void>(must(hub_->sequence(now_ms_)));
      static_cast<void>(hub_->take_outgoing());
    }
    stop("AM");
    tamper("AM",
           "UPDATE outbox_content SET draft = CAST(substr(draft, 1, length(draft) - 1) || x'00' "
           "AS BLOB) WHERE seq IN (SELECT seq FROM outbox WHERE stage = 2)");
    start("AM");
    publish("AM", {"BY"}, "behind it");
    EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).signed_count, 0U);
    const std::vector<exchange::Damage> named = must(nodes_["AM"]->store().quarantined());
    EXPECT_EQ(named.size(), lost ? 2U : 1U);
    EXPECT_EQ(named.back().part, "outbox");
    stop("AM");
  }
  EXPECT_EQ(inbox("BY"), (Subjects{"signed", "behind it", "signed", "behind it"}));
}

// C-139, C-164: of what waited for a member, the urgent comes first.
TEST_F(BothEnginesTest, AMemberThatWasAwayHearsTheUrgentFirst) {
  start("AM");
  for (int i = 0; i < 5; ++i) {
    publish("AM", {"BY"}, std::to_string(i));
  }
  publish("AM", {"BY"}, "urgent", "contact", v1::PRECEDENCE_FLASH);
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).undelivered, 6U);
  start("BY");
  EXPECT_EQ(inbox("BY"), (Subjects{"urgent", "0", "1", "2", "3", "4"}));
  settle();
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).undelivered, 0U);
}

// C-99
TEST_F(BothEnginesTest, BodiesGoWhenTheirTimeHasPassedAndTheLogStaysVerifiable) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "old");
  publish("AM", {"BY"}, "for ever", "threat.alert");
  publish("AM", {"BY", "KZ"}, "waited for");
  now_ms_ += 11 * kDayMs;
  settle();
  EXPECT_EQ(must(hub_->store().erased_count()), 0U) << "no log says that the time has passed";
  publish("BY", {"AM"}, "new");
  now_ms_ += kDayMs;
  settle();
  EXPECT_EQ(must(hub_->store().erased_count()), 1U);
  EXPECT_EQ(inbox("BY"), (Subjects{"erased", "for ever", "erased"}));
  EXPECT_EQ(must(nodes_["AM"]->store().intake_counts()).erased, 1U)
      << "KZ may still need the other";
  v1::LocalRequest show;
  show.mutable_show()->set_index_plus_one(exchange_.founding_entries().size() + 1);
  for (const char* const member : {"AM", "BY"}) {
    const v1::LocalReply shown = ask(member, show);
    EXPECT_TRUE(shown.show().item().text().empty());
    EXPECT_GT(shown.show().item().erased_at_ms(), 0U);
    EXPECT_FALSE(shown.show().leaf().empty()) << "and it still proves itself";
    EXPECT_EQ(shown.show().envelope().find("old"), std::string::npos);
  }
  EXPECT_EQ(audit(hub_->store()).erased_count, 1U);
  EXPECT_EQ(audit(nodes_["AM"]->store()).erased_count, 1U);
  EXPECT_EQ(audit(nodes_["BY"]->store()).erased_count, 2U);

  // Once KZ has it, it goes as well: at KZ too, where its time has passed long ago.
  start("KZ");
  EXPECT_EQ(inbox("KZ"), Subjects{"waited for"}) << "it can be read for a day";
  now_ms_ += kDayMs;
  publish("BY", {"AM"}, "newer");
  now_ms_ += kDayMs;
  settle();
  EXPECT_EQ(must(hub_->store().erased_count()), 2U);
  EXPECT_EQ(inbox("KZ"), Subjects{"erased"});
  EXPECT_EQ(must(nodes_["AM"]->store().intake_counts()).erased, 2U);
}

// It went back to the queue to be stamped again, and was logged as it was stamped before.
TEST_F(BothEnginesTest, ABodyGoesAlsoWhereTheOutboxHasNoEnvelopeAnyMore) {
  start("AM");
  start("BY");
  NodeStore& store = nodes_["AM"]->store();
  const std::string notice_id = test::seeded_uuid("notice", randoms_ + 1);
  publish_only("AM", {"BY"}, "old");
  ASSERT_TRUE(must(store.find_outbox(notice_id)).has_value());
  send_up("AM");
  must(store.mark_queued(notice_id, {ErrorCode::kStaleDirectory, ""}));
  turn_hub();
  settle();
  const OutboxRow row = must(store.find_outbox(notice_id)).value_or(OutboxRow());
  ASSERT_EQ(row.stage, OutboxStage::kLogged);
  ASSERT_TRUE(row.envelope.empty());
  EXPECT_TRUE(must(store.held_envelope(row.index)).has_value());
  now_ms_ += 11 * kDayMs;
  publish("BY", {"AM"}, "new");
  now_ms_ += kDayMs;
  settle();
  EXPECT_EQ(must(store.intake_counts()).erased, 1U);
  EXPECT_TRUE(must(store.find_outbox(notice_id)).value_or(row).text.empty());
  EXPECT_EQ(audit(store).erased_count, 1U);
}

// Nor does a hub that always has something to do keep what has to go.
TEST_F(BothEnginesTest, AHubThatIsNeverIdleErasesAndLooksAgainToo) {
  hub_idle_ = false;
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "old");
  now_ms_ += 11 * kDayMs;
  publish("BY", {"AM"}, "new");
  now_ms_ += kDayMs;
  settle();
  EXPECT_EQ(must(hub_->store().erased_count()), 1U);
  EXPECT_GE(hub_->scrub_pass_count(), 1U);
}

// C-99: who has stored what is not known before the nodes have said hello.
TEST_F(BothEnginesTest, AHubThatStartsAgainErasesWhatItsFirstPassHadToLeave) {
  start("AM");
  publish("AM", {"BY"}, "old");
  now_ms_ += 11 * kDayMs;
  publish("AM", {"BY"}, "new");
  start("BY");
  hub_.reset();
  start_hub();
  turn_hub();
  start("AM");
  start("BY");
  EXPECT_EQ(must(hub_->store().erased_count()), 0U);
  now_ms_ += 10ULL * 60 * 1000;
  publish("AM", {"BY"}, "newer");
  EXPECT_EQ(must(hub_->store().erased_count()), 1U);
}

// Both clocks that a node goes by are wrong: it believes its own at its next start.
TEST_F(BothEnginesTest, AClockThatWasSetForwardErasesNothing) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "old");
  now_ms_ += 1000;
  clocks_ahead_ms_ = 3650 * kDayMs;
  hub_ahead_ms_ = clocks_ahead_ms_;
  publish("AM", {"BY"}, "new");
  settle();
  EXPECT_EQ(inbox("BY"), (Subjects{"old", "new"}));
  EXPECT_EQ(must(hub_->store().erased_count()), 0U);
}

// C-99: what is erased is gone for good, and a clock that jumps must not be the reason.
TEST_F(BothEnginesTest, AHubWithAWrongClockErasesNothing) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "old");
  hub_ahead_ms_ = 3650 * kDayMs;
  publish("AM", {"BY"}, "new");
  now_ms_ += 2 * kDayMs;
  settle();
  EXPECT_EQ(must(hub_->store().erased_count()), 0U);
  EXPECT_EQ(must(nodes_["BY"]->store().intake_counts()).erased, 0U);
  EXPECT_EQ(inbox("BY"), (Subjects{"old", "new"}));
}

// A node that begins anew gets what is left.
TEST_F(BothEnginesTest, WhatWasErasedIsDeliveredWithoutItsBody) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "old");
  now_ms_ += 11 * kDayMs;
  publish("AM", {"BY"}, "new");
  now_ms_ += kDayMs;
  settle();
  ASSERT_EQ(must(hub_->store().erased_count()), 1U);
  stop("BY");
  std::filesystem::remove(folder_ / "BY.db");
  start("BY");
  EXPECT_EQ(inbox("BY"), Subjects{"new"});
  EXPECT_EQ(audit(nodes_["BY"]->store()).erased_count, 1U);
  EXPECT_FALSE(nodes_["BY"]->alarm().has_value());
  EXPECT_EQ(must(nodes_["BY"]->store().intake_counts()).garbled, 0U);
}

// C-6, C-89: what only the hub finds expired is not refused for good, and holds nobody up.
TEST_F(BothEnginesTest, WhatExpiredByTheHubsClockOnlyIsSetAside) {
  start("AM");
  start("BY");
  const auto publish_for_an_hour = [&](const std::string& subject) {
    publish_only("AM", {"BY"}, subject, "contact", v1::PRECEDENCE_ROUTINE, now_ms_ + 3'600'000);
  };
  hub_ahead_ms_ = kDayMs;
  publish_for_an_hour("first");
  publish_only("AM", {"BY"}, "behind it");
  publish_for_an_hour("second");
  publish("AM", {"BY"}, "behind both");
  settle();
  EXPECT_EQ(inbox("BY"), (Subjects{"behind it", "behind both"}));
  OutboxCounts counts = must(nodes_["AM"]->store().outbox_counts());
  EXPECT_EQ(counts.aside, 2U);
  EXPECT_EQ(counts.queued + counts.signed_count, 2U);

  stop("AM");
  start("AM");
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).aside, 2U);
  hub_ahead_ms_ = 0;
  settle();
  EXPECT_EQ(inbox("BY"), (Subjects{"behind it", "behind both", "first", "second"}));
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).aside, 0U);

  hub_ahead_ms_ = kDayMs;
  publish_for_an_hour("third");
  settle();
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).aside, 1U);
  now_ms_ += 3'600'000;
  settle();
  counts = must(nodes_["AM"]->store().outbox_counts());
  EXPECT_EQ(counts.aside, 0U);
  EXPECT_EQ(counts.refused, 1U) << "expired by its own clock as well";
}

// C-149: the origin, or another recipient.
TEST_F(BothEnginesTest, WhatTheHubHasNotGotWholeComesBackFromWhoeverHoldsIt) {
  std::size_t shown = 0;
  for (const std::string holder : {"AM", "KZ"}) {
    SCOPED_TRACE(holder);
    start("AM");
    start("KZ");
    const std::uint64_t harmed = log_size();
    publish("AM", {"BY", "KZ"}, "harmed");
    publish("AM", {"BY"}, "behind it");
    publish("AM", {"BY"}, "urgent", "contact", v1::PRECEDENCE_FLASH);
    stop("AM");
    stop("KZ");
    restart_hub_with_harm_at(harmed);
    start("BY");
    EXPECT_EQ(nodes_["BY"]->waits_for_hub(), std::set<std::uint64_t>{harmed});
    shown += 1;
    EXPECT_EQ(inbox("BY").size(), shown) << "the urgent lane goes on";
    start(holder);
    settle();
    EXPECT_TRUE(nodes_["BY"]->waits_for_hub().empty());
    shown += 2;
    EXPECT_EQ(inbox("BY").size(), shown);
    EXPECT_EQ(hub_->counters().restored_count, 1U);
    EXPECT_TRUE(must(hub_->store().quarantined()).empty());
    audit(hub_->store());
    stop(holder);
    stop("BY");
  }
  start("BY");
  EXPECT_EQ(inbox("BY"),
            (Subjects{"urgent", "harmed", "behind it", "urgent", "harmed", "behind it"}));
}

// A hub may not keep a body back by saying that it was erased.
TEST_F(BothEnginesTest, ABodyThatIsErasedBeforeItsTimeIsAskedForAgain) {
  start("AM");
  publish("AM", {"BY"}, "young");
  const std::vector<std::uint64_t> young{exchange_.founding_entries().size()};
  ASSERT_TRUE(must(hub_->store().erase_bodies(young, now_ms_)).empty());
  start("BY");
  EXPECT_TRUE(inbox("BY").empty());
  const IntakeCounts counts = must(nodes_["BY"]->store().intake_counts());
  EXPECT_EQ(counts.garbled, 1U);
  EXPECT_EQ(counts.void_count, 1U) << "the second time it is evidence";
}

TEST_F(BothEnginesTest, AQuorumOfWitnessesCosignsTheWholeLog) {
  for (const char* const member : {"AM", "BY", "KG"}) {
    start(member);
  }
  EXPECT_EQ(hub_->rounds().newest(), std::nullopt) << "three of six are no quorum";
  start("KZ");
  publish("AM", {"BY"}, "one");
  const std::uint64_t size = hub_->hub().sequencer().tree().size();
  EXPECT_EQ(hub_->rounds().lag(), 0U);
  for (const auto& [member, node] : nodes_) {
    const CosignedNote head = node->cosigned().value_or(CosignedNote());
    EXPECT_EQ(head.size, size) << member;
    EXPECT_EQ(head.time_s / 1000, now_ms_ / 1'000'000) << member;
    EXPECT_EQ(must(node->store().witness_state()).tree.size, size) << member;
  }
}

// C-174: wherever it is shown.
TEST_F(BothEnginesTest, ANoticeIsMarkedUntilAQuorumCosignedTheLogBeyondIt) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "one");
  const auto expect_witnessed = [this](bool witnessed) {
    SCOPED_TRACE(witnessed);
    v1::LocalRequest all;
    all.mutable_inbox();
    v1::LocalRequest newest;
    newest.mutable_inbox()->set_last(1);
    v1::LocalRequest along;
    along.mutable_inbox()->set_cursor("c");
    for (const v1::LocalRequest& request : {all, newest, along}) {
      const v1::LocalReply answer = ask("BY", request);
      ASSERT_EQ(answer.inbox().items_size(), 1);
      EXPECT_TRUE(answer.inbox().items(0).logged());
      EXPECT_EQ(answer.inbox().items(0).witnessed(), witnessed);
    }
    v1::LocalRequest one;
    one.mutable_show()->set_notice(ask("BY", all).inbox().items(0).notice());
    for (const char* const member : {"AM", "BY"}) {
      EXPECT_TRUE(ask(member, one).show().item().logged()) << member;
      EXPECT_EQ(ask(member, one).show().item().witnessed(), witnessed) << member;
    }
    v1::LocalRequest outbox;
    outbox.mutable_outbox();
    EXPECT_EQ(ask("AM", outbox).outbox().items(0).item().witnessed(), witnessed);
    v1::LocalRequest given_back;
    given_back.mutable_deferred()->set_cursor("d");
    ASSERT_EQ(ask("BY", given_back).deferred().items_size(), 1);
    EXPECT_EQ(ask("BY", given_back).deferred().items(0).item().witnessed(), witnessed);
    v1::LocalRequest due;
    due.mutable_inbox()->set_cursor("d");
    ASSERT_EQ(ask("BY", due).inbox().items_size(), 1);
    EXPECT_EQ(ask("BY", due).inbox().items(0).witnessed(), witnessed);
  };
  v1::LocalRequest not_now;
  not_now.mutable_nack()->set_cursor("d");
  not_now.mutable_nack()->add_notices()->set_arrival(1);
  EXPECT_TRUE(ask("BY", not_now).has_nack());
  expect_witnessed(false);
  start("KG");
  start("KZ");
  expect_witnessed(true);
  stop("BY");
  start("BY");
  expect_witnessed(true);
}

// A store that was put back must not sign what may be the beginning of another log.
TEST_F(BothEnginesTest, AWitnessWhoseStoreIsOlderRefuses) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  start_with_an_older_store("KG");
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  EXPECT_FALSE(nodes_["KG"]->alarm().has_value());
  publish("AM", {"KG"}, "more");
  start("KG");  // The newest head has no line of its own any more.
  publish("AM", {"BY"}, "still");
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  EXPECT_LT(must(nodes_["KG"]->store().witness_state()).tree.size, 8U);
  EXPECT_EQ(hub_->rounds().lag(), 0U) << "four others are a quorum";
  EXPECT_EQ(inbox("KG"), Subjects{"more"}) << "all else goes on";
}

// With no store left it knows nothing, not even who its witnesses are when the hub shows the head.
TEST_F(BothEnginesTest, AWitnessWithANewStoreRefuses) {
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  stop("KG");
  std::filesystem::remove(folder_ / "KG.db");
  restart_hub();
  start("KG");
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  EXPECT_EQ(nodes_["KG"]->follower().size(), 7U);

  // Nor once nobody says so any more.
  start("RU");
  publish("AM", {"BY"}, "on");
  EXPECT_EQ(hub_->rounds().lag(), 0U);
  stop("KG");
  restart_hub();
  start("KG");
  publish("AM", {"BY"}, "and on");
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  EXPECT_EQ(must(nodes_["KG"]->store().witness_state()).tree.size, 0U);
}

// What the error tells its operator to do.
TEST_F(BothEnginesTest, AWitnessWithAnOlderStoreCosignsUnderANewKeyOrWithTheNewestStore) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  start_with_an_older_store("KG");
  ASSERT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  stop("KG");
  std::filesystem::rename(folder_ / "KG.db", folder_ / "old.db");
  std::filesystem::rename(folder_ / "newest.db", folder_ / "KG.db");
  start("KG");
  publish("AM", {"BY"}, "by the newest store");
  EXPECT_FALSE(nodes_["KG"]->witness_fault().has_value());
  EXPECT_EQ(must(nodes_["KG"]->store().witness_state()).tree.size, log_size());

  stop("KG");
  std::filesystem::remove(folder_ / "KG.db");
  std::filesystem::rename(folder_ / "old.db", folder_ / "KG.db");
  start("KG");
  ASSERT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  const auto& directory = hub_->hub().sequencer().directory();
  const Hash first = test::signing_public(test::node_key_name("KG", 1, "signing")).id();
  enter(exchange_.entry(test::revocation_of(first), std::vector{test::authority_name("KG")},
                        directory));
  enter(exchange_.enrol(test::node_entry("KG", 2), directory));
  start("KG");
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder)
      << "with the key of before";
  start("KG", 2);
  publish("AM", {"BY"}, "by a new key");
  EXPECT_FALSE(nodes_["KG"]->witness_fault().has_value());
  EXPECT_EQ(must(nodes_["KG"]->store().witness_state()).tree.size, log_size());
  start("KG", 1);
  EXPECT_TRUE(nodes_["KG"]->witness_fault().has_value()) << "what a key signed is not forgotten";
}

// C-152: what a witness may have cosigned beyond its store was given up with what was lost.
TEST_F(BothEnginesTest, AfterARecoveryAWitnessCosignsWhereItsStoreKnowsAllThatIsLeft) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  const auto copy = [&](const std::string& member) {
    stop(member);
    std::filesystem::copy_file(folder_ / (member + ".db"), folder_ / ("old " + member));
    start(member);
  };
  copy("KZ");
  publish("AM", {"BY"}, "one");
  // What the hub will have of the time before has no line of it that would say so.
  stop("KZ");
  settle();
  copy_hub_to("copy.db");
  const std::uint64_t size = log_size();
  start("KZ");
  copy("KG");
  publish("AM", {"BY"}, "lost");
  for (const char* const member : {"KG", "KZ"}) {
    stop(member);
    std::filesystem::remove(folder_ / (std::string(member) + ".db"));
    std::filesystem::rename(folder_ / ("old " + std::string(member)),
                            folder_ / (std::string(member) + ".db"));
    start(member);
    EXPECT_EQ(nodes_[member]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  }
  ASSERT_LT(must(nodes_["KZ"]->store().witness_state()).tree.size, size);
  ASSERT_GE(must(nodes_["KG"]->store().witness_state()).tree.size, size);
  hub_loses_its_end("copy.db");
  recover_hub();
  for (const char* const subject : {"on", "and after a restart"}) {
    publish("AM", {"BY"}, subject);
    EXPECT_FALSE(nodes_["KG"]->witness_fault().has_value()) << subject;
    EXPECT_EQ(must(nodes_["KG"]->store().witness_state()).tree.size, log_size()) << subject;
    start("KG");
  }
  EXPECT_EQ(hub_->rounds().lag(), 0U);
  for (const bool restarted : {false, true}) {
    EXPECT_EQ(nodes_["KZ"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder)
        << "below the continuation there is what it does not know; restarted: " << restarted;
    start("KZ");
  }
}

// The hub says no more than from where it asks.
TEST_F(BothEnginesTest, AWitnessThatIsAskedFromMoreThanItsStoreKnowsRefuses) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  publish("AM", {"BY"}, "one");
  stop("KG");
  tamper("KG", "UPDATE witness SET size = 7, root = (SELECT root FROM batch WHERE size_after = 7)");
  publish("AM", {"BY"}, "two");
  start("KG");
  publish("AM", {"BY"}, "three");
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kWitnessOlder);
  EXPECT_EQ(must(nodes_["KG"]->store().witness_state()).tree.size, 7U);
}

// C-186: an outsider is answered by the same witness, and brings about nothing but what was
// cosigned.
TEST_F(BothEnginesTest, AnOutsiderIsAnsweredAndBringsAboutNothingElse) {
  for (const char* const member : {"AM", "BY", "KG"}) {  // No quorum: there are no rounds.
    start(member);
  }
  Engine& node = *nodes_["KG"];
  const auto cosigned_size = [&] { return must(node.store().witness_state()).tree.size; };
  const auto ask = [&](std::uint64_t old_size, std::uint64_t size, const Hash& root,
                       const std::string& key, std::vector<Hash> proof = {}) {
    const std::vector<std::string> keys = {key};
    const WitnessAnswer answer =
        must(node.add_checkpoint(ledger::format_add_checkpoint(
                                     {.old_size = old_size,
                                      .proof = std::move(proof),
                                      .checkpoint = test::signed_checkpoint(
                                          node.follower().directory().roster().hub().origin_line(),
                                          size, root, keys)}),
                                 now()))
            .value_or(WitnessAnswer{});
    must(node.finish_turn(now()));
    return answer;
  };
  const std::string log_key = "hub log 1";
  const std::uint64_t size = node.follower().size();
  const Hash root = node.follower().tree().root();
  ASSERT_EQ(cosigned_size(), 0U);
  EXPECT_EQ(ask(0, size, root, "BY node 1 witness").status, 403U);
  EXPECT_EQ(must(node.add_checkpoint("nonsense", now())).value_or(WitnessAnswer{}).status, 400U);
  const WitnessAnswer other_size = ask(size - 1, size, root, log_key);
  EXPECT_EQ(other_size.status, 409U);
  EXPECT_EQ(other_size.text, "0\n");
  EXPECT_EQ(ask(0, size, root, log_key, {root}).status, 422U) << "a proof that proves nothing";
  EXPECT_EQ(cosigned_size(), 0U);

  // Beyond what was followed: later.
  EXPECT_EQ(ask(0, size + 1, root, log_key).status, 0U);
  // The log's key signed another log: whoever shows it, this node goes on.
  EXPECT_EQ(ask(0, size, Hash{}, log_key).status, 422U);
  EXPECT_EQ(cosigned_size(), 0U);
  EXPECT_FALSE(node.alarm().has_value());
  EXPECT_FALSE(node.witness_fault().has_value());

  EXPECT_EQ(ask(0, size, root, log_key).status, 200U);
  EXPECT_EQ(cosigned_size(), size);
  EXPECT_EQ(ask(size, size, root, log_key).status, 200U) << "with a new time";
  // What only the hub's word may do: it stops a witness whose store is older.
  EXPECT_EQ(ask(size + 5, size + 5, root, log_key).status, 409U);
  EXPECT_FALSE(node.witness_fault().has_value());

  // The hub learns of it and goes on from there.
  start("KZ");
  publish("AM", {"KG"}, "one");
  EXPECT_EQ(hub_->rounds().lag(), 0U);
  EXPECT_EQ(cosigned_size(), node.follower().size());
  EXPECT_EQ(inbox("KG"), Subjects{"one"});
}

// Neither is believed because it stands there.
TEST_F(BothEnginesTest, WhatRottedOfHeadAndWitnessIsNotBelieved) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  stop("KG");
  tamper("KG", "UPDATE cosigned SET size = 65543");
  tamper("KG", "UPDATE witness SET root = zeroblob(32)");
  for (const char* const member : {"AM", "BY", "KZ", "RU"}) {
    stop(member);  // No quorum: nothing newer takes the place of what rotted.
  }
  start("KG");
  EXPECT_EQ(nodes_["KG"]->cosigned().value_or(CosignedNote{}).size, 7U) << "as the note says";
  EXPECT_EQ(nodes_["KG"]->witness_fault().value_or(Error{}).code, ErrorCode::kStoreDamaged);
  EXPECT_EQ(test::outcome(nodes_["KG"]->store().check()), "store-damaged");
  stop("KG");
  tamper("KG", "UPDATE cosigned SET note = substr(note, 1, 300)");
  start("KG");
  EXPECT_EQ(nodes_["KG"]->cosigned().value_or(CosignedNote{}).size, 7U) << "the hub shows it anew";
}

// C-192, C-194
TEST_F(BothEnginesTest, WhatBothEndsCountTheSameIsDelivered) {
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  const std::uint64_t first = log_size();
  publish("AM", {"BY", "KZ"}, "one");
  EXPECT_EQ(show("AM", first).stage(), v1::STAGE_DELIVERED);
  EXPECT_EQ(stages("AM", first), (std::vector<std::string>{"BY delivered", "KZ delivered"}));
  EXPECT_EQ(inbox("BY"), Subjects{"one"}) << "statements are for nodes";
  EXPECT_TRUE(inbox("AM").empty());
  const std::uint64_t quiet = log_size();
  EXPECT_EQ(quiet - first, 1U + 4U) << "a statement each way for each of two pairs";
  settle();
  EXPECT_EQ(log_size(), quiet) << "a statement is no reason for one";
  start("AM");
  settle();
  EXPECT_EQ(log_size(), quiet) << "nor is a start";
  publish("BY", {"AM"}, "two");
  EXPECT_EQ(stages("BY", quiet), std::vector<std::string>{"AM delivered"});
  EXPECT_EQ(disputes("AM") + disputes("BY") + disputes("KZ"), "");
}

TEST_F(BothEnginesTest, ARecipientThatIsAwayHasNotGotIt) {
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  const std::uint64_t index = log_size();
  publish("AM", {"BY", "RU"}, "one");
  EXPECT_EQ(show("AM", index).stage(), v1::STAGE_WITNESSED);
  EXPECT_EQ(stages("AM", index), std::vector<std::string>{"BY delivered"});
  start("RU");
  settle();
  EXPECT_EQ(show("AM", index).stage(), v1::STAGE_DELIVERED);
}

// C-193: the hub logs a notice and does not deliver it. Both ends see it, by what is signed.
TEST_F(BothEnginesTest, ANoticeThatTheHubWithheldIsMissedByBothEnds) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "one");
  stop("BY");
  const std::uint64_t withheld = log_size();
  withheld_ = {"BY", withheld};
  publish("AM", {"BY"}, "two");
  const std::uint64_t third = log_size();
  publish("AM", {"BY"}, "three");
  start("BY");
  settle();
  EXPECT_EQ(inbox("BY"), (Subjects{"one", "three"}));
  EXPECT_EQ(disputes("AM"), "BY statement-mismatch");
  EXPECT_EQ(disputes("BY"), "AM statement-mismatch");
  EXPECT_TRUE(stages("AM", withheld).empty());
  EXPECT_TRUE(stages("AM", third).empty()) << "nothing is shown by counts that differ";
  start("AM");
  EXPECT_EQ(disputes("AM"), "BY statement-mismatch") << "a start does not forget it";
}

// C-193: what a peer states of another log is that, and not another count, after a start as well.
TEST_F(BothEnginesTest, ADisputeIsNamedForWhatItIsAfterAStart) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "one");
  settle();
  stop("AM");
  const std::uint64_t index = log_size() - 1;
  {
    const auto store = open_store("AM");
    const exchange::PairCount count = must(store->pair_count("BY", PairEnd::kTheirs));
    must(store->begin());
    const std::string text = exchange::statement_text(
        count, {.peer = "AM", .root = Hash{7}, .early = {}, .unopenable = {}});
    must(store->put_statement({.peer = "BY", .index = index},
                              must(exchange::parse_statement(text, "AM", index)), text, false));
    must(store->judge_statement("BY", index, count.size, StatementVerdict::kContradicts));
    must(store->commit());
  }
  start("AM");
  EXPECT_EQ(disputes("AM"), "BY foreign-log");
}

// C-191: what came ahead of a backlog.
TEST_F(BothEnginesTest, AnUrgentNoticeIsStatedAheadOfWhatIsMissing) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "one");
  restart_hub_with_harm_at(log_size() - 1);  // Somebody's statement: its reader's lane stands.
  const std::uint64_t harmed = log_size() - 1;
  start("AM");
  start("BY");
  const std::uint64_t urgent = log_size();
  publish("AM", {"BY"}, "alarm", "threat.alert", v1::PRECEDENCE_FLASH);
  EXPECT_EQ(harmed + 1, urgent);
  EXPECT_EQ(stages("AM", urgent), std::vector<std::string>{"BY delivered"});
}

TEST_F(BothEnginesTest, PeopleAcknowledgeWhatTheyRead) {
  start("AM");
  start("BY");
  const std::uint64_t index = log_size();
  publish("AM", {"BY"}, "one");
  v1::Acknowledgement said;
  said.set_notice(show("AM", index).item().notice());
  for (const auto level : {v1::ACKNOWLEDGEMENT_LEVEL_READ, v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED}) {
    said.set_level(level);
    v1::Text text;
    text.set_content(said.SerializeAsString());
    publish_text("BY", {"AM"}, text, "acknowledgement");
  }
  settle();
  EXPECT_EQ(stages("AM", index),
            (std::vector<std::string>{"BY delivered", "BY read", "BY actioned"}));
}

// C-194
TEST_F(BothEnginesTest, WhatIsActualIsReadWhereAnActualAcknowledgementSaysSo) {
  start("AM");
  start("BY");
  status_ = v1::STATUS_ACTUAL;
  const std::uint64_t index = log_size();
  publish("AM", {"BY"}, "one");
  v1::Acknowledgement said;
  said.set_notice(show("AM", index).item().notice());
  said.set_level(v1::ACKNOWLEDGEMENT_LEVEL_READ);
  v1::Text text;
  text.set_content(said.SerializeAsString());
  status_ = v1::STATUS_EXERCISE;
  publish_text("BY", {"AM"}, text, "acknowledgement");
  settle();
  EXPECT_EQ(stages("AM", index), std::vector<std::string>{"BY delivered"});
  status_ = v1::STATUS_ACTUAL;
  publish_text("BY", {"AM"}, text, "acknowledgement");
  settle();
  EXPECT_EQ(stages("AM", index), (std::vector<std::string>{"BY delivered", "BY read"}));
}

// C-200, C-206, C-211, C-212
TEST_F(BothEnginesTest, WhatWasSentIsProvenToAnOutsider) {
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  publish("AM", {"BY"}, "before");
  const std::uint64_t index = log_size();
  publish("AM", {"BY", "KZ", "RU"}, "one");
  publish("AM", {"BY"}, "after");
  const exchange::EvidenceReport report = must(prove("AM", index));
  EXPECT_EQ(shown(report), (std::vector<std::string>{"BY counted", "KZ counted", "RU"}));
  EXPECT_EQ(report.index, index);
  EXPECT_EQ(report.size, log_size());
  EXPECT_EQ(report.witnesses.size(), 4U);
  EXPECT_TRUE(report.witnessed());
  EXPECT_EQ(report.sealed, true);
  EXPECT_EQ(report.text, test::TestExchange::text_of("one", "contact"));
  EXPECT_EQ(report.root, nodes_["AM"]->follower().tree().root());

  const exchange::EvidenceReport hidden = must(prove("AM", index, /*hide_text=*/true));
  EXPECT_FALSE(hidden.text.has_value());
  EXPECT_EQ(hidden.notice, report.notice);
  EXPECT_EQ(shown(hidden), shown(report));
}

// A step of assistance or of a document, as its origin publishes it.
template <typename Content>
v1::Text text_with(const Content& content, const std::string& in_reply_to = {}) {
  v1::Text text;
  text.set_subject("A step");
  text.set_in_reply_to(in_reply_to);
  text.set_content(content.SerializeAsString());
  return text;
}

template <typename Content>
Content with_trucks(std::uint64_t quantity) {
  Content content;
  v1::AssistanceItem& item = *content.add_items();
  item.set_item("Truck");
  item.set_unit("pcs");
  item.set_quantity(quantity);
  return content;
}

// "depth origin kind", and why it does not count, of each.
std::vector<std::string> lines_of(const v1::ThreadReply& thread) {
  std::vector<std::string> lines;
  for (const v1::ThreadEntry& entry : thread.entries()) {
    lines.push_back(std::to_string(entry.depth()) + " " + entry.origin() + " " + entry.kind() +
                    (entry.why().empty() ? "" : ": " + entry.why()));
  }
  return lines;
}

class ThreadsTest : public BothEnginesTest {
 protected:
  ThreadsTest() {
    for (const char* const member : {"AM", "BY", "KZ"}) {
      start(member);
    }
  }

  // Its N. To the other two, or to one alone.
  std::string say(const std::string& member, const std::string& kind, const v1::Text& text,
                  const std::string& to = {}) {
    std::vector<std::string> recipients;
    for (const std::string other : {"AM", "BY", "KZ"}) {
      if (member != other && (to.empty() || to == other)) {
        recipients.push_back(other);
      }
    }
    const std::uint64_t index = log_size();
    publish_text(member, recipients, text, kind);
    settle();
    return show(member, index).item().notice();
  }

  Result<v1::ThreadReply> thread(const std::string& member, const std::string& n,
                                 const ThreadLimits& limits = {}) {
    v1::ThreadRequest request;
    request.set_notice(n);
    return show_thread(nodes_.at(member)->store(), request, limits);
  }
};

// C-240 to C-249: from any notice of it, at whoever holds it, the same.
TEST_F(ThreadsTest, AThreadIsTheSameAtAllThatHoldIt) {
  v1::AssistanceRequest asked = with_trucks<v1::AssistanceRequest>(5);
  asked.set_situation("Flood");
  const std::string request = say("AM", "assistance.request", text_with(asked));
  const std::string offer =
      say("BY", "assistance.offer", text_with(with_trucks<v1::AssistanceOffer>(4), request));
  v1::Text foreign = text_with(with_trucks<v1::AssistanceOffer>(9), request);
  foreign.add_cancels(offer);
  EXPECT_EQ(try_text("KZ", {"AM", "BY"}, foreign, "assistance.offer").error().code(),
            static_cast<std::uint32_t>(ErrorCode::kInvalidKind));
  force_text("KZ", {"AM", "BY"}, foreign, "assistance.offer");
  say("AM", "assistance.accept", text_with(with_trucks<v1::AssistanceAccept>(3), offer));
  v1::Text aside;
  ASSERT_TRUE(aside.ParseFromString(test::TestExchange::text_of("Which road?", "contact")));
  aside.set_in_reply_to(offer);
  const std::string last = say("KZ", "contact", aside);

  v1::ThreadReply at_am = must(thread("AM", request));
  EXPECT_EQ(lines_of(at_am),
            (std::vector<std::string>{"0 AM assistance.request", "1 BY assistance.offer",
                                      "2 AM assistance.accept", "2 KZ contact",
                                      "1 KZ assistance.offer: it takes back what another said"}));
  EXPECT_EQ(at_am.entries(3).subject(), "Which road?");
  EXPECT_EQ(at_am.entries(3).link(), v1::THREAD_LINK_IN_REPLY_TO);
  ASSERT_EQ(at_am.assistances_size(), 1);
  ASSERT_EQ(at_am.assistances(0).totals_size(), 1);
  const v1::AssistanceTotal& trucks = at_am.assistances(0).totals(0);
  EXPECT_EQ((std::vector{trucks.requested(), trucks.offered(), trucks.accepted()}),
            (std::vector<std::uint64_t>{5, 4, 3}));
  EXPECT_EQ(at_am.assistances(0).members(1).stance(), v1::ASSISTANCE_STANCE_SILENT);
  for (const char* const member : {"BY", "KZ"}) {
    const v1::ThreadReply there = must(thread(member, last.substr(0, 8)));
    EXPECT_EQ(there.root(), request);
    EXPECT_EQ(there.notice(), last);
    at_am.set_notice(last);
    EXPECT_EQ(there.SerializeAsString(), at_am.SerializeAsString()) << member;
  }
}

TEST_F(ThreadsTest, AThreadIsReadUpToABound) {
  v1::AssistanceRequest asked = with_trucks<v1::AssistanceRequest>(5);
  asked.set_situation("Flood");
  asked.mutable_items()->Add()->CopyFrom(asked.items(0));
  asked.mutable_items(1)->set_item("Driver");
  const std::string request = say("AM", "assistance.request", text_with(asked));
  say("AM", "assistance.request", text_with(asked, request));
  const v1::ThreadReply all = must(thread("AM", request));
  EXPECT_FALSE(all.cut_off());
  EXPECT_EQ(all.assistances_size(), 2);
  EXPECT_TRUE(all.untold().empty());
  for (const ThreadLimits& limits : {ThreadLimits{.entries = 1}, ThreadLimits{.bytes = 1}}) {
    const v1::ThreadReply cut = must(thread("AM", request, limits));
    EXPECT_TRUE(cut.cut_off());
    EXPECT_EQ(lines_of(cut), std::vector<std::string>{"0 AM assistance.request"});
    EXPECT_EQ(cut.assistances_size(), 0) << "nothing is told of a part";
  }
  const v1::ThreadReply fewer = must(thread("AM", request, {.openings = 1, .totals = 1}));
  EXPECT_EQ(fewer.assistances_size(), 1);
  EXPECT_EQ(fewer.untold_size(), 1);
  EXPECT_EQ(fewer.assistances(0).totals_size(), 1);
  EXPECT_EQ(fewer.assistances(0).totals_left_off(), 1U);
}

// C-250 to C-254
TEST_F(ThreadsTest, ADocumentHasVersionsAndPositions) {
  v1::DocumentDraft draft;
  draft.set_title(std::string(499, 'x') + "\xc3\xa4");  // 501 bytes.
  draft.set_text("One");
  v1::DocumentComment comment;
  comment.set_version(1);
  comment.set_comment("Two");
  v1::DocumentVersion version;
  version.set_version(2);
  version.set_text("Two");
  v1::DocumentAdopt adopt;
  adopt.set_version(2);
  const std::string n = say("AM", "document.draft", text_with(draft), "BY");
  say("BY", "document.comment", text_with(comment, n), "AM");
  say("AM", "document.version", text_with(version, n), "BY");
  say("BY", "document.adopt", text_with(adopt, n), "AM");
  const std::string last = say("AM", "document.adopt", text_with(adopt, n), "BY");
  const v1::ThreadReply shown = must(thread("BY", last));
  ASSERT_EQ(shown.documents_size(), 1);
  const v1::Document& document = shown.documents(0);
  EXPECT_EQ(document.state(), v1::DOCUMENT_STATE_ADOPTED);
  EXPECT_EQ(document.adopted(), 2U);
  EXPECT_EQ(document.title(), std::string(499, 'x')) << "no part of a character";
  ASSERT_EQ(document.editions_size(), 2);
  EXPECT_EQ(document.editions(0).positions(0).comments(), 1U);
  EXPECT_EQ(document.editions(1).positions(0).adoption(), last);
  EXPECT_EQ(test::outcome(thread("KZ", n)), "not-found") << "it was not sent there";
  EXPECT_EQ(test::outcome(thread("BY", n.substr(0, 3))), "usage");
}

// People answer an opening as they like, and that is no part of the consultation.
TEST_F(ThreadsTest, WhatIsErasedStaysInItsThreadAndBreaksNoConsultation) {
  v1::ConsultationOpen open;
  open.set_question("Agreed?");
  open.set_proposal("The text");
  open.add_participants("BY");
  open.set_deadline_ms(now_ms_ + 30 * kDayMs);
  open.set_rule(v1::CONSULTATION_RULE_SILENCE);
  const std::string opening = say("AM", "consultation.open", text_with(open));
  v1::Text aside;
  ASSERT_TRUE(aside.ParseFromString(test::TestExchange::text_of("Why?", "contact")));
  aside.set_in_reply_to(opening);
  const std::string answer = say("BY", "contact", aside);
  now_ms_ += 11 * kDayMs;
  publish("AM", {"BY"}, "The log is so late now");
  settle();
  const v1::ThreadReply shown = must(thread("AM", answer));
  EXPECT_EQ(lines_of(shown), (std::vector<std::string>{"0 AM consultation.open", "1 BY contact"}));
  EXPECT_TRUE(shown.entries(1).erased());
  EXPECT_EQ(shown.entries(1).subject(), "");
  ASSERT_EQ(shown.consultations_size(), 1);
  EXPECT_EQ(shown.consultations(0).conclusion(), v1::CONSULTATION_CONCLUSION_OPEN);
}

// C-233: what waits for the hub counts like what was logged, or else the people's last word would
// be dropped in silence.
TEST_F(ThreadsTest, AWordIsJudgedAfterThoseThatTheHubHasNotLogged) {
  v1::ConsultationOpen open;
  open.set_question("Agreed?");
  open.set_proposal("The text");
  open.add_participants("BY");
  open.set_deadline_ms(now_ms_ + 5 * kDayMs);
  open.set_rule(v1::CONSULTATION_RULE_SILENCE);
  const std::string opening = say("AM", "consultation.open", text_with(open));
  const auto respond = [&](v1::Position position, const std::string& instead_of = {}) {
    v1::ConsultationRespond response;
    response.set_position(position);
    v1::Text text = text_with(response, opening);
    if (!instead_of.empty()) {
      text.add_supersedes(instead_of);
    }
    return try_text("BY", {"AM"}, text, "consultation.respond");
  };
  v1::Text called_off;
  ASSERT_TRUE(called_off.ParseFromString(test::TestExchange::text_of("No", "contact")));
  called_off.add_cancels(opening);
  EXPECT_EQ(try_text("AM", {"BY"}, called_off, "contact").error().code(),
            static_cast<std::uint32_t>(ErrorCode::kInvalidKind))
      << "it ends by a withdrawal";
  const v1::LocalReply agrees = respond(v1::POSITION_AGREE);
  ASSERT_TRUE(agrees.has_publish());
  const v1::LocalReply refused = respond(v1::POSITION_OBJECT);
  EXPECT_EQ(refused.error().code(), static_cast<std::uint32_t>(ErrorCode::kInvalidKind));
  EXPECT_TRUE(respond(v1::POSITION_OBJECT, agrees.publish().notice()).has_publish());
  EXPECT_FALSE(respond(v1::POSITION_ABSTAIN, agrees.publish().notice()).has_publish())
      << "that one does not count any more";
  settle();
  const v1::ThreadReply shown = must(thread("AM", opening));
  ASSERT_EQ(shown.consultations_size(), 1);
  EXPECT_EQ(shown.consultations(0).parties(1).responded().position(), v1::POSITION_OBJECT)
      << shown.consultations(0).ShortDebugString();
}

// Who would read another position out of a store says what nobody said.
TEST_F(ThreadsTest, ATextThatRottedMakesNoOutcome) {
  v1::ConsultationOpen open;
  open.set_question("Agreed?");
  open.set_proposal("The text");
  open.add_participants("BY");
  open.set_deadline_ms(now_ms_ + 5 * kDayMs);
  open.set_rule(v1::CONSULTATION_RULE_SILENCE);
  const std::string opening = say("AM", "consultation.open", text_with(open));
  v1::ConsultationRespond response;
  response.set_position(v1::POSITION_OBJECT);
  say("BY", "consultation.respond", text_with(response, opening));
  stop("AM");
  const v1::Text objects = text_with(response, opening);
  response.set_position(v1::POSITION_AGREE);
  const v1::Text agrees = text_with(response, opening);
  tamper("AM", "UPDATE inbox SET text = CAST(replace(CAST(text AS TEXT), CAST(x'" +
                   hex(as_bytes(objects.content())) + "' AS TEXT), CAST(x'" +
                   hex(as_bytes(agrees.content())) + "' AS TEXT)) AS BLOB)");
  start("AM");
  EXPECT_EQ(test::outcome(thread("AM", opening)), "store-damaged");
  EXPECT_EQ(test::outcome(thread("KZ", opening)), "good");
  v1::ConsultationRequest request;
  const v1::ConsultationReply all = must(show_consultations(nodes_.at("AM")->store(), request));
  ASSERT_EQ(all.consultations_size(), 1);
  EXPECT_EQ(all.consultations(0).opening(), opening);
  EXPECT_TRUE(all.consultations(0).problem().starts_with("store-damaged")) << "others are told";
  request.set_opening(opening);
  EXPECT_EQ(test::outcome(show_consultations(nodes_.at("AM")->store(), request)), "store-damaged");
}

// A store from before is read once: what it holds refers to the same.
TEST_F(ThreadsTest, AStoreOfVersion9FindsItsThreads) {
  v1::AssistanceRequest asked = with_trucks<v1::AssistanceRequest>(5);
  asked.set_situation("Flood");
  const std::string request = say("AM", "assistance.request", text_with(asked));
  say("BY", "assistance.offer", text_with(with_trucks<v1::AssistanceOffer>(4), request));
  const std::string before = must(thread("AM", request)).SerializeAsString();
  const std::string before_at_by = must(thread("BY", request)).SerializeAsString();
  for (const std::string member : {"AM", "BY"}) {
    stop(member);
    {
      sqlite::Database raw = must(sqlite::Database::open(folder_ / (member + ".db"),
                                                         {.mode = sqlite::OpenMode::kExisting,
                                                          .application_id = kNodeStoreApplicationId,
                                                          .user_version = kNodeStoreVersion}));
      must(raw.execute(test::kUndoVersion15));
      must(raw.execute(test::kUndoVersion14));
      must(raw.execute(test::undo_version13()));
      must(raw.execute(test::kUndoVersion12));
      must(raw.execute(test::kUndoVersion11));
      must(raw.execute("DELETE FROM about; ALTER TABLE about RENAME COLUMN notice TO opening"));
      must(raw.set_user_version(9));
    }
    start(member);
  }
  EXPECT_EQ(must(thread("AM", request)).SerializeAsString(), before);
  EXPECT_EQ(must(thread("BY", request)).SerializeAsString(), before_at_by);
}

// C-211: a recipient shows that it has the notice by its own statement.
TEST_F(BothEnginesTest, WhatWasReceivedIsProvenByItsRecipient) {
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  const std::uint64_t index = log_size();
  publish("AM", {"BY", "KZ"}, "one");
  const exchange::EvidenceReport report = must(prove("BY", index));
  EXPECT_EQ(shown(report), (std::vector<std::string>{"BY counted", "KZ"}));
  EXPECT_EQ(report.text, test::TestExchange::text_of("one", "contact"));
  EXPECT_TRUE(report.witnessed());
}

// C-206: too few witnesses are there. C-209: a clear body.
TEST_F(BothEnginesTest, WhatNoQuorumCosignedIsProvenByTheLogAlone) {
  start("AM");
  start("BY");
  const std::uint64_t index = log_size();
  v1::LocalRequest request;
  v1::PublishRequest& publish = *request.mutable_publish();
  publish.set_notice_id(test::seeded_uuid("notice", ++randoms_));
  publish.set_kind("contact");
  publish.set_status(v1::STATUS_ACTUAL);
  publish.set_precedence(v1::PRECEDENCE_ROUTINE);
  publish.add_recipients()->set_member("BY");
  publish.set_text(test::TestExchange::text_of("clear", "contact"));
  publish.set_clear(true);
  EXPECT_TRUE(ask("AM", request).has_publish());
  settle();
  for (const char* const member : {"AM", "BY"}) {
    const exchange::EvidenceReport report = must(prove(member, index));
    EXPECT_FALSE(report.witnessed());
    EXPECT_TRUE(report.witnesses.empty());
    EXPECT_EQ(report.sealed, false);
    EXPECT_EQ(report.text, test::TestExchange::text_of("clear", "contact"));
    EXPECT_EQ(shown(report), std::vector<std::string>{"BY counted"});
    EXPECT_FALSE(must(prove(member, index, /*hide_text=*/true)).sealed.has_value());
  }
}

// C-211, C-213
TEST_F(BothEnginesTest, WhatPeopleAcknowledgedIsProven) {
  start("AM");
  start("BY");
  publish("AM", {"BY"}, "one");
  restart_hub_with_harm_at(log_size() - 1);
  start("AM");
  start("BY");
  const std::uint64_t index = log_size();
  publish("AM", {"BY"}, "alarm", "threat.alert", v1::PRECEDENCE_FLASH);
  EXPECT_EQ(shown(must(prove("BY", index))), std::vector<std::string>{"BY early"})
      << "by the first of its statements";
  EXPECT_EQ(shown(must(prove("AM", index))), std::vector<std::string>{"BY counted"})
      << "by the first that was compared";
  v1::Acknowledgement said;
  said.set_notice(show("AM", index).item().notice());
  for (const auto level : {v1::ACKNOWLEDGEMENT_LEVEL_READ, v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED}) {
    said.set_level(level);
    v1::Text text;
    text.set_content(said.SerializeAsString());
    publish_text("BY", {"AM"}, text, "acknowledgement", v1::PRECEDENCE_FLASH);
    settle();
  }
  EXPECT_EQ(shown(must(prove("AM", index))), std::vector<std::string>{"BY counted read actioned"});
}

TEST_F(BothEnginesTest, ABodyThatWasErasedIsNotInTheFile) {
  start("AM");
  start("BY");
  const std::uint64_t index = log_size();
  publish("AM", {"BY"}, "one");
  now_ms_ += 11 * kDayMs;
  publish("AM", {"BY"}, "two");
  settle();
  ASSERT_EQ(inbox("BY"), (Subjects{"erased", "two"}));
  for (const char* const member : {"AM", "BY"}) {
    const exchange::EvidenceReport report = must(prove(member, index));
    EXPECT_FALSE(report.text.has_value());
    EXPECT_EQ(shown(report), std::vector<std::string>{"BY counted"});
  }
}

TEST_F(BothEnginesTest, ANoticeToBeProvenIsNamedByWhatItsNBeginsWith) {
  start("AM");
  start("BY");
  const std::uint64_t index = log_size();
  publish("AM", {"BY"}, "one");
  const std::string n = show("AM", index).item().notice();
  const auto named = [&](const std::string& notice) {
    v1::ProveRequest request;
    request.set_notice(notice);
    return test::outcome(make_evidence(nodes_.at("AM")->store(), request));
  };
  EXPECT_EQ(named(n), "good");
  EXPECT_EQ(named(n.substr(0, 4)), "good");
  EXPECT_EQ(named(n.substr(0, 3)), "usage");
  EXPECT_EQ(named(""), "usage");
  EXPECT_EQ(named(n + "x"), "usage");
  EXPECT_EQ(named(std::string(32, 'x')), "not-found");
  stop("BY");
  hub_->hub().disconnected(peer_of("AM"));
  publish_only("AM", {"BY"}, "not logged");
  v1::LocalRequest outbox;
  outbox.mutable_outbox();
  const v1::LocalReply waiting = ask("AM", outbox);
  ASSERT_EQ(waiting.outbox().items_size(), 2);
  EXPECT_EQ(named(waiting.outbox().items(1).item().notice()), "not-found");
}

// C-152: what was logged where the log did not go on is logged again, and shown once.
TEST_F(BothEnginesTest, AfterALossTheLogGoesOnByARosterAndEveryNoticeIsShownOnce) {
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  publish("AM", {"BY"}, "before");
  copy_hub_to("copy.db");
  const std::uint64_t size = log_size();
  publish("AM", {"BY"}, "lost");
  publish("BY", {"AM", "KZ"}, "lost too", "contact", v1::PRECEDENCE_FLASH);
  const std::uint64_t lost_size = log_size();
  ASSERT_GT(must(nodes_["AM"]->store().witness_state()).tree.size, size);
  hub_loses_its_end("copy.db");
  for (const auto& [member, node] : nodes_) {
    EXPECT_EQ(alarm_of(member), "foreign-log") << member;
    EXPECT_EQ(node->follower().size(), lost_size) << "on the hub's word alone nothing goes back";
  }
  publish_only("AM", {"BY"}, "meanwhile");
  EXPECT_TRUE(hub_->hub().contradiction().has_value());
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).logged, 2U);

  recover_hub();
  EXPECT_FALSE(hub_->hub().contradiction().has_value());
  EXPECT_EQ(inbox("BY"), (Subjects{"before", "lost", "meanwhile"}));
  EXPECT_EQ(inbox("AM"), Subjects{"lost too"});
  EXPECT_EQ(inbox("KZ"), Subjects{"lost too"});
  for (const auto& [member, node] : nodes_) {
    SCOPED_TRACE(member);
    EXPECT_EQ(alarm_of(member), "none");
    EXPECT_EQ(disputes(member), "");
    EXPECT_EQ(node->follower().tree().root(), hub_->hub().sequencer().tree().root());
    EXPECT_EQ(node->follower().directory().continuations().size(), 1U);
    NodeStore& store = node->store();
    EXPECT_EQ(must(store.abandoned_count()), 1U);
    const OutboxCounts outbox = must(store.outbox_counts());
    EXPECT_EQ(outbox.queued + outbox.signed_count + outbox.undelivered, 0U);
    EXPECT_GT(must(store.witness_state()).tree.size, size) << "it cosigns on";
    EXPECT_TRUE(node->cosigned().has_value());
    EXPECT_EQ(test::outcome(store.check()), "good");
    audit(store);
    v1::LocalRequest request;
    request.mutable_inbox();
    const v1::LocalReply answer = ask(member, request);
    for (const v1::InboxItem& item : answer.inbox().items()) {
      EXPECT_TRUE(item.logged());
    }
  }
  audit(hub_->store());
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).logged, 3U);

  // All of it outlives the processes.
  for (const char* const member : {"AM", "BY", "KG", "KZ"}) {
    start(member);
  }
  restart_hub();
  publish("KZ", {"AM"}, "after");
  EXPECT_EQ(inbox("AM"), (Subjects{"lost too", "after"}));
}

// C-152: until it is logged again it is shown as not logged, and stays so where its origin is gone.
TEST_F(BothEnginesTest, WhatIsNotLoggedAgainIsShownAsNotLogged) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  copy_hub_to("copy.db");
  publish("AM", {"BY"}, "lost");
  stop("AM");
  hub_loses_its_end("copy.db");
  recover_hub();
  EXPECT_GT(nodes_["BY"]->cosigned().value_or(CosignedNote()).size, 0U);
  const auto newest = [&] {
    v1::LocalRequest request;
    request.mutable_inbox();
    const v1::LocalReply answer = ask("BY", request);
    EXPECT_EQ(answer.inbox().items_size(), 1);
    return answer.inbox().items(0);
  };
  EXPECT_FALSE(newest().logged());
  EXPECT_FALSE(newest().witnessed()) << "it has no index";
  v1::LocalRequest show;
  show.mutable_show()->set_notice(newest().notice());
  EXPECT_EQ(ask("BY", show).show().stage(), v1::STAGE_QUEUED);
  EXPECT_TRUE(ask("BY", show).show().envelope().empty());
  start("AM");
  EXPECT_TRUE(newest().logged());
  EXPECT_EQ(newest().arrival(), 1U);
  EXPECT_TRUE(newest().witnessed());
  EXPECT_FALSE(ask("BY", show).show().envelope().empty());
  EXPECT_EQ(test::outcome(nodes_["BY"]->store().check()), "good");
}

// C-152, C-134: a recovery excuses no later loss.
TEST_F(BothEnginesTest, AfterARecoveryALossIsALossAgain) {
  start("AM");
  start("BY");
  copy_hub_to("before.db");
  publish("AM", {"BY"}, "lost");
  hub_loses_its_end("before.db");
  recover_hub();
  copy_hub_to("after.db");
  publish("AM", {"BY"}, "one more");
  for (const char* const copy : {"after.db", "before.db"}) {
    SCOPED_TRACE(copy);
    hub_loses_its_end(copy);
    EXPECT_TRUE(hub_->hub().contradiction().has_value());
    EXPECT_EQ(alarm_of("AM"), "foreign-log");
    EXPECT_EQ(must(nodes_["AM"]->store().abandoned_count()), 1U);
  }
  recover_hub();  // From the same place as the first time, by another roster.
  EXPECT_EQ(inbox("BY"), (Subjects{"lost", "one more"}));
  EXPECT_EQ(must(nodes_["AM"]->store().abandoned_count()), 2U);
  EXPECT_EQ(must(nodes_["AM"]->store().outbox_counts()).logged, 2U);
  audit(nodes_["BY"]->store());
}

// C-152: who was given more say since has to agree.
TEST_F(BothEnginesTest, TheRosterThatANodeKnowsLastHasToFindItsAssentToo) {
  start("AM");
  start("BY");
  copy_hub_to("copy.db");
  v1::Roster roster = hub_->hub().sequencer().directory().roster();
  roster.set_assent(6);
  must(hub_->enter(exchange_.next_roster(roster, std::vector<std::string>{"AM", "BY", "KG", "KZ"},
                                         hub_->hub().sequencer().directory()),
                   now_ms_));
  hub_comes_back([] {});
  const std::uint64_t size = nodes_["AM"]->follower().size();
  hub_loses_its_end("copy.db");
  recover_hub({"AM", "BY", "KG", "KZ"});
  EXPECT_EQ(alarm_of("AM"), "assent-missing");
  EXPECT_EQ(nodes_["AM"]->follower().size(), size);
  EXPECT_EQ(must(nodes_["AM"]->store().abandoned_count()), 0U);
}

// C-152, C-78: what is not good, or not of the node's own log, leaves it as it is.
TEST_F(BothEnginesTest, NoOtherRosterTakesANodeBack) {
  for (const char* const member : {"AM", "BY", "KG", "KZ", "RU"}) {
    start(member);
  }
  const broker::Sequencer& sequencer = hub_->hub().sequencer();
  const std::uint64_t size = log_size();
  const Hash root = sequencer.tree().root();
  const exchange::Directory then = sequencer.directory();
  publish("AM", {"BY"}, "good day");
  const auto offer = [&](const std::string& member, std::uint64_t at, const Hash& named,
                         const std::vector<std::string>& signed_by) {
    v1::Roster roster = then.roster();
    roster.mutable_hub()->mutable_continues()->set_size(at);
    roster.mutable_hub()->mutable_continues()->set_root(to_string(named));
    const std::string envelope = exchange_.next_roster(roster, signed_by, then);
    v1::DownMessage message;
    v1::LogBatch& batch = *message.mutable_batches()->add_batches();
    batch.set_first_index(at);
    batch.set_type(2);
    batch.set_accepted_at_ms(now_ms_);
    batch.set_directory(to_string(root));
    batch.set_entries(to_string(exchange_.parse(envelope).entry));
    batch.set_directory_entry(envelope);
    batch.set_checkpoint("of no log");
    Engine& node = *nodes_.at(member);
    const std::uint64_t before = node.follower().size();
    node.disconnected();
    node.connected();
    must(node.receive_from_hub("log", message.SerializeAsString(), now()));
    must(node.finish_turn(now()));
    EXPECT_EQ(node.follower().size(), before);
    EXPECT_EQ(must(node.store().abandoned_count()), 0U);
    return alarm_of(member);
  };
  const std::vector<std::string> all = {"AM", "BY", "KG", "KZ", "RU", "TJ"};
  EXPECT_EQ(offer("AM", size, root, {"AM"}), "assent-missing");
  EXPECT_EQ(offer("BY", size, Hash{}, all), "invalid-entry");
  EXPECT_EQ(offer("KG", size - 1, root, all), "invalid-entry") << "that root is of another size";
  EXPECT_EQ(offer("KZ", size, root, all), "directory-mismatch") << "of another batch";
  EXPECT_EQ(offer("RU", nodes_["RU"]->follower().size(), root, all), "none")
      << "it is not below what was followed";
  start("AM");
  EXPECT_EQ(alarm_of("AM"), "assent-missing") << "it outlives its process";
}

class OverdueTest : public BothEnginesTest {
 protected:
  OverdueTest() {
    start("AM");
    start("BY");
    start("KZ");
  }
  // N of what was published last and is logged.
  std::string send(const std::vector<std::string>& to, const std::string& subject,
                   v1::Precedence precedence = v1::PRECEDENCE_FLASH,
                   const std::string& kind = "threat.alert") {
    publish_only("AM", to, subject, kind, precedence);
    const v1::LocalReply listed = ask("AM", [] {
      v1::LocalRequest request;
      request.mutable_outbox();
      return request;
    }());
    settle();
    return listed.outbox().items().rbegin()->item().notice();
  }
  // Long enough for people to read what is urgent, and not for what is not.
  void wait_for_people() {
    now_ms_ += 20ULL * 60 * 1000;
    settle();
  }
  // "logged", "delivered BY", "acknowledged".
  Subjects overdue(const std::string& member) {
    Subjects all;
    for (const Overdue& each : nodes_.at(member)->overdue()) {
      if (each.what != "cosigned") {
        all.push_back(each.what + (each.peer.empty() ? "" : " " + each.peer));
      }
    }
    return all;
  }
  // "acknowledged BY,KZ: subject".
  Subjects listed(const std::string& member, const v1::OverdueRequest& request = {}) {
    Subjects all;
    const v1::OverdueReply reply = must(nodes_.at(member)->list_overdue(request, now()));
    for (const v1::OverdueItem& item : reply.items()) {
      if (item.sort() == "cosigned") {
        continue;  // Three witnesses of six are no quorum.
      }
      v1::Text text;
      EXPECT_TRUE(text.ParseFromString(item.item().text()));
      std::string owing;
      for (const std::string& code : item.members()) {
        owing += (owing.empty() ? "" : ",") + code;
      }
      all.push_back(item.sort() + " " + owing + ": " + text.subject());
    }
    return all;
  }
  void say(const std::string& member, const std::string& kind, const v1::Text& text) {
    publish_text(member, {member == "AM" ? "BY" : "AM"}, text, kind, v1::PRECEDENCE_FLASH);
    settle();
  }
  void acknowledge(const std::string& member, const std::string& notice) {
    v1::Acknowledgement said;
    said.set_notice(notice);
    said.set_level(v1::ACKNOWLEDGEMENT_LEVEL_READ);
    v1::Text text;
    text.set_content(said.SerializeAsString());
    say(member, "acknowledgement", text);
  }
  static v1::Text about(const std::string& subject, const std::string& kind) {
    v1::Text text;
    EXPECT_TRUE(text.ParseFromString(test::TestExchange::text_of(subject, kind)));
    return text;
  }
  void minimize(const std::string& value) {
    enter(exchange_.entry(test::state_entry("minimize", value),
                          std::vector{test::authority_name("KZ")},
                          hub_->hub().sequencer().directory()));
  }
};

TEST_F(OverdueTest, WhatPeopleDidNotAcknowledgeIsOverdueAtBothEnds) {
  const std::string notice = send({"BY", "KZ"}, "read me");
  EXPECT_EQ(overdue("AM"), Subjects{});
  wait_for_people();
  EXPECT_EQ(overdue("AM"), Subjects{"acknowledged"});
  EXPECT_EQ(listed("AM"), Subjects{"acknowledged BY,KZ: read me"});
  EXPECT_EQ(overdue("BY"), Subjects{"acknowledged BY"});
  EXPECT_EQ(listed("BY"), Subjects{"acknowledged BY: read me"});
  acknowledge("BY", notice);
  EXPECT_EQ(overdue("BY"), Subjects{});
  EXPECT_EQ(listed("AM"), Subjects{"acknowledged KZ: read me"});
  v1::OverdueRequest request;
  request.set_member("BY");
  EXPECT_EQ(listed("AM", request), Subjects{});
  request.set_member("KZ");
  EXPECT_EQ(listed("AM", request).size(), 1U);
  request.add_sorts("delivered");
  EXPECT_EQ(listed("AM", request), Subjects{});
  // An answer is as good.
  v1::Text answer = about("we know", "threat.alert");
  answer.set_in_reply_to(notice);
  say("KZ", "threat.alert", answer);
  EXPECT_EQ(overdue("KZ"), Subjects{});
  EXPECT_EQ(overdue("AM"), Subjects{});
}

// An exercise, a test or a draft is no answer to what is actual.
TEST_F(OverdueTest, OnlyWhatIsActualAcknowledgesWhatIsActual) {
  const std::string notice = send({"BY"}, "read me");
  wait_for_people();
  v1::Text answer = about("we know", "threat.alert");
  answer.set_in_reply_to(notice);
  for (const v1::Status status : {v1::STATUS_EXERCISE, v1::STATUS_TEST, v1::STATUS_DRAFT}) {
    status_ = status;
    acknowledge("BY", notice);
    say("BY", "threat.alert", answer);
    EXPECT_EQ(overdue("AM"), Subjects{"acknowledged"}) << status;
    EXPECT_EQ(overdue("BY"), Subjects{"acknowledged BY"}) << status;
  }
  status_ = v1::STATUS_ACTUAL;
  acknowledge("BY", notice);
  EXPECT_EQ(overdue("AM"), Subjects{});
  EXPECT_EQ(overdue("BY"), Subjects{});
}

TEST_F(OverdueTest, ItIsSoAfterAStart) {
  const std::string notice = send({"BY"}, "read me");
  wait_for_people();
  start("AM");
  EXPECT_EQ(overdue("AM"), Subjects{"acknowledged"});
  acknowledge("BY", notice);
  start("AM");
  EXPECT_EQ(overdue("AM"), Subjects{});
}

TEST_F(OverdueTest, OnlyItsOriginReplacesWhatIsToBeAcknowledged) {
  const std::string notice = send({"BY", "KZ"}, "a mistake");
  v1::Text cancel = about("no", "threat.alert");
  cancel.add_cancels(notice);
  force_text("KZ", {"BY"}, cancel, "threat.alert");
  settle();
  status_ = v1::STATUS_EXERCISE;
  say("AM", "threat.alert", cancel);
  wait_for_people();
  EXPECT_EQ(overdue("BY"), Subjects{"acknowledged BY"})
      << "neither KZ nor an exercise takes it back";
  status_ = v1::STATUS_ACTUAL;
  say("AM", "threat.alert", cancel);
  EXPECT_EQ(listed("BY"), Subjects{});
  EXPECT_EQ(listed("AM"), Subjects{});
}

TEST_F(OverdueTest, WhoIsToBeInformedOwesNothingAndNoDeadlineIsNone) {
  v1::LocalRequest request;
  v1::PublishRequest& publish = *request.mutable_publish();
  publish.set_notice_id(test::seeded_uuid("notice", 900));
  publish.set_kind("threat.alert");
  publish.set_status(v1::STATUS_ACTUAL);
  publish.set_precedence(v1::PRECEDENCE_FLASH);
  publish.add_recipients()->set_member("BY");
  publish.mutable_recipients(0)->set_role(v1::RECIPIENT_ROLE_INFO);
  publish.set_text(test::TestExchange::text_of("to know", "threat.alert"));
  ASSERT_TRUE(ask("AM", request).has_publish());
  settle();
  wait_for_people();
  EXPECT_EQ(overdue("AM"), Subjects{});
  EXPECT_EQ(overdue("BY"), Subjects{});
  send({"BY"}, "to do");
  wait_for_people();
  ASSERT_EQ(overdue("AM"), Subjects{"acknowledged"});
  OverdueLimits limits;
  limits.acknowledged.urgent = std::chrono::seconds(0);
  nodes_.at("AM")->set_overdue_limits(limits);
  settle();
  EXPECT_EQ(overdue("AM"), Subjects{});
}

TEST_F(OverdueTest, WhatIsNotActualRaisesNoAlarmOnAnyPath) {
  for (const v1::Status status : {v1::STATUS_EXERCISE, v1::STATUS_TEST, v1::STATUS_DRAFT}) {
    status_ = status;
    send({"BY", "KZ"}, "exercise exercise");
  }
  stop("KZ");
  send({"KZ"}, "to who is away");
  now_ms_ += 4 * kDayMs;
  settle();
  EXPECT_EQ(overdue("AM"), Subjects{});
  EXPECT_EQ(overdue("BY"), Subjects{});
  nodes_.at("AM")->disconnected();
  publish_only("AM", {"BY"}, "not logged", "threat.alert", v1::PRECEDENCE_FLASH);
  now_ms_ += 4 * kDayMs;
  must(nodes_.at("AM")->finish_turn(now()));
  EXPECT_EQ(overdue("AM"), Subjects{});
  status_ = v1::STATUS_ACTUAL;
  publish_only("AM", {"BY"}, "real", "threat.alert", v1::PRECEDENCE_FLASH);
  now_ms_ += kDayMs;
  must(nodes_.at("AM")->finish_turn(now()));
  EXPECT_EQ(overdue("AM"), Subjects{"logged"}) << "and what is actual does";
}

TEST_F(OverdueTest, AStoreOfVersion11KnowsWhatRaisesAnAlarmAndWhatIsExempt) {
  nodes_.at("AM")->disconnected();
  status_ = v1::STATUS_EXERCISE;
  publish_only("AM", {"BY"}, "exercise");
  status_ = v1::STATUS_ACTUAL;
  publish_only("AM", {"BY"}, "real");
  v1::Acknowledgement said;
  said.set_notice(std::string(32, 'n'));
  said.set_level(v1::ACKNOWLEDGEMENT_LEVEL_READ);
  v1::Text text;
  text.set_content(said.SerializeAsString());
  publish_text("AM", {"BY"}, text, "acknowledgement");
  stop("AM");
  {
    sqlite::Database raw =
        must(sqlite::Database::open(folder_ / "AM.db", {.mode = sqlite::OpenMode::kExisting,
                                                        .application_id = kNodeStoreApplicationId,
                                                        .user_version = kNodeStoreVersion}));
    must(raw.execute(test::kUndoVersion15));
    must(raw.execute(test::kUndoVersion14));
    must(raw.execute(test::undo_version13()));
    must(raw.execute(test::kUndoVersion12));
    must(raw.set_user_version(11));
  }
  const auto store = open_store("AM");
  EXPECT_EQ(must(store->late_unlogged({.before_ms = now_ms_ + 1, .count_max = 10},
                                      v1::PRECEDENCE_UNSPECIFIED))
                .size(),
            2U);
  EXPECT_EQ(must(store->waiting(10, 1U << 20U, v1::PRECEDENCE_PRIORITY)).size(), 1U);
}

TEST_F(OverdueTest, WhoLeftTheExchangeOwesNothing) {
  send({"BY", "KZ"}, "read me");
  wait_for_people();
  v1::Roster roster = hub_->hub().sequencer().directory().roster();
  for (int i = 0; i < roster.members_size(); ++i) {
    if (roster.members(i).code() == "BY") {
      roster.mutable_members()->DeleteSubrange(i, 1);
      break;
    }
  }
  enter(exchange_.next_roster(roster, std::vector<std::string>{"AM", "KG", "KZ", "RU", "TJ"},
                              hub_->hub().sequencer().directory()));
  settle();
  EXPECT_EQ(listed("AM"), Subjects{"acknowledged KZ: read me"});
}

// C-263
TEST_F(OverdueTest, MinimizeHoldsBackWhatIsLowUntilItIsLifted) {
  minimize("priority");
  settle();
  publish_only("AM", {"BY"}, "routine");
  publish_only("AM", {"BY"}, "priority", "contact", v1::PRECEDENCE_PRIORITY);
  settle();
  EXPECT_EQ(inbox("BY"), Subjects{"priority"});
  v1::LocalRequest request;
  request.mutable_outbox()->set_queued(true);
  const v1::LocalReply waiting = ask("AM", request);
  ASSERT_EQ(waiting.outbox().items_size(), 1);
  EXPECT_EQ(waiting.outbox().items(0).code(), static_cast<std::uint32_t>(ErrorCode::kSuspended));
  now_ms_ += kDayMs;
  settle();
  EXPECT_EQ(overdue("AM"), Subjects{}) << "nobody is at fault";
  start("AM");
  EXPECT_EQ(inbox("BY"), Subjects{"priority"});
  minimize("off");
  settle();
  EXPECT_EQ(inbox("BY"), (Subjects{"priority", "routine"}));
}

// C-261, C-263: it was on its way when MINIMIZE came into force.
TEST_F(OverdueTest, WhatTheHubHoldsBackIsNotLost) {
  publish_only("AM", {"BY"}, "on its way");
  minimize("immediate");
  settle();
  EXPECT_EQ(inbox("BY"), Subjects{});
  EXPECT_EQ(must(nodes_.at("AM")->store().outbox_counts()).signed_count, 0U)
      << "it takes no place of what may go";
  const std::uint64_t size = log_size();
  settle();
  EXPECT_EQ(log_size(), size);
  minimize("off");
  settle();
  EXPECT_EQ(inbox("BY"), Subjects{"on its way"});
}

// C-262
TEST_F(OverdueTest, AnAcknowledgementGoesThroughMinimize) {
  const std::string notice = send({"BY"}, "one", v1::PRECEDENCE_ROUTINE);
  minimize("immediate");
  settle();
  v1::Acknowledgement said;
  said.set_notice(notice);
  said.set_level(v1::ACKNOWLEDGEMENT_LEVEL_READ);
  v1::Text text;
  text.set_content(said.SerializeAsString());
  publish_text("BY", {"AM"}, text, "acknowledgement");
  settle();
  now_ms_ += 4 * kDayMs;
  settle();
  EXPECT_EQ(overdue("AM"), Subjects{});
}

// Any node hands in an entry for whoever has a say about it.
TEST_F(OverdueTest, AnEntryIsHandedInByANode) {
  const auto entry = [&](const std::string& value, const std::string& authority) {
    return exchange_.entry(test::state_entry("minimize", value),
                           std::vector{test::authority_name(authority)},
                           hub_->hub().sequencer().directory());
  };
  Engine& node = *nodes_.at("AM");
  const auto outcome_of = [&](const std::string& bytes) {
    const Result<std::string> id = node.submit_entry(bytes, now());
    if (!id.has_value()) {
      return std::string(error_info(id.error().code).name);
    }
    settle();
    const std::vector<Engine::EntryOutcome> outcomes = node.take_entry_outcomes();
    EXPECT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes.front().notice_id, *id);
    return test::outcome(outcomes.front().index);
  };
  const std::string good = entry("priority", "KZ");
  EXPECT_EQ(outcome_of(good), "good");
  EXPECT_EQ(nodes_.at("BY")->follower().directory().state("minimize"), "priority");
  EXPECT_EQ(outcome_of(entry("off", "AM")), "assent-missing");
  EXPECT_EQ(outcome_of("\xff"), "malformed");
  EXPECT_EQ(
      outcome_of(exchange_.publish(exchange_.draft("AM", {"BY"}), "text", exchange_.directory())),
      "invalid-kind");
  static_cast<void>(must(node.submit_entry(entry("off", "KZ"), now())));
  node.disconnected();
  EXPECT_EQ(test::outcome(node.take_entry_outcomes().at(0).index), "unknown-outcome");
  EXPECT_EQ(outcome_of(good), "unavailable");
}

}  // namespace
}  // namespace chancery::node