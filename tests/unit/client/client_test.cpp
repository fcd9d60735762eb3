// The client against a real ROUTER that speaks local.proto over CURVE.

#include "chancery/client.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <set>

#include "core/base/encoding.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "tests/unit/client/support.h"

namespace chancery::client {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kShort{1000};

v1::LocalReply publish_reply() {
  v1::LocalReply reply;
  reply.mutable_publish()->set_notice(std::string(32, '\x4b'));
  reply.mutable_publish()->add_recipients("BY");
  reply.mutable_publish()->add_recipients("RU");
  return reply;
}

v1::LocalReply await_reply(v1::Stage stage, std::uint64_t index = 0) {
  v1::LocalReply reply;
  reply.mutable_await()->set_stage(stage);
  reply.mutable_await()->set_index(index);
  return reply;
}

v1::LocalReply error_reply(std::uint32_t code, const std::string& text) {
  v1::LocalReply reply;
  reply.mutable_error()->set_code(code);
  reply.mutable_error()->set_text(text);
  reply.mutable_error()->set_retry_after_ms(250);
  return reply;
}

std::optional<v1::LocalReply> no_answer(const v1::LocalRequest&) {
  return std::nullopt;
}

std::optional<v1::LocalReply> publish_and_log(const v1::LocalRequest& request) {
  return request.has_publish() ? publish_reply() : await_reply(v1::STAGE_LOGGED, 7);
}

Draft draft() {
  Draft out;
  out.kind = "threat.alert";
  out.status = Status::kExercise;
  out.precedence = Precedence::kFlash;
  out.to = {"members"};
  out.subject = "subject";
  out.content_json = R"({"category": "THREAT_CATEGORY_OTHER", "summary": "summary"})";
  return out;
}

template <class Call>
std::string error_name(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.name();
  }
  return "no error";
}

// Why a draft of a batch was not taken.
Error why_not(const BatchResult& result) {
  EXPECT_TRUE(result.error.has_value());
  return result.error.value_or(Error(ErrorParts()));
}

std::string id_of(const BatchResult& result) {
  return result.ticket.has_value() ? result.ticket->id() : why_not(result).notice_id();
}

class ClientTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string endpoint() const { return "ipc://" + folder_ / "s"; }

  void start_node(Answerer answerer) {
    node_ = std::make_unique<NodeEnd>(endpoint(), node_keys_, app_keys_.public_key,
                                      std::move(answerer));
  }
  void stop_node() { node_.reset(); }

  [[nodiscard]] Options options() const {
    Options out;
    out.node = endpoint();
    out.node_key = node_keys_.public_key;
    out.key = app_keys_.secret.bytes();
    out.connect_timeout = milliseconds(4000);
    out.request_timeout = milliseconds(4000);
    return out;
  }

  os::TemporaryFolder folder_;
  zmq::CurveKeyPair node_keys_ = random_keys();
  zmq::CurveKeyPair app_keys_ = random_keys();
  std::unique_ptr<NodeEnd> node_;
};

TEST_F(ClientTest, PublishSendsTheDraftAndGivesTheNodesTicket) {
  start_node(publish_and_log);
  Client client(options());
  const Ticket ticket = client.publish(draft());

  EXPECT_EQ(ticket.notice(), hex(as_bytes(std::string(32, '\x4b'))));
  EXPECT_EQ(ticket.recipients(), (std::vector<std::string>{"BY", "RU"}));
  const v1::PublishRequest sent = node_->requests().at(0).publish();
  EXPECT_EQ(uuid_text(as_bytes(sent.notice_id())), ticket.id());
  EXPECT_EQ(sent.kind(), "threat.alert");
  EXPECT_EQ(sent.status(), v1::STATUS_EXERCISE);
  EXPECT_EQ(sent.precedence(), v1::PRECEDENCE_FLASH);
  EXPECT_EQ(sent.recipients(0).member(), "members");
  const v1::Text text = must(exchange::parse_text("threat.alert", sent.text()));
  EXPECT_EQ(text.subject(), "subject");
}

// C-175: a subject of others may be longer than one's own may be.
TEST_F(ClientTest, AnAcknowledgementCutsASubjectThatIsTooLong) {
  std::string longest = "Read: ";
  for (int i = 0; i < 494; ++i) {
    longest += "Ж";
  }
  start_node([&](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    if (request.has_publish()) {
      return publish_and_log(request);
    }
    v1::Draft sent;
    sent.set_origin("AM");
    sent.set_kind("contact");
    sent.set_status(v1::STATUS_TEST);
    sent.set_precedence(v1::PRECEDENCE_ROUTINE);
    v1::Text text;
    text.set_subject(longest.substr(6) + "Ж and more");
    v1::LocalReply reply;
    v1::InboxItem& item = *reply.mutable_show()->mutable_item();
    item.set_notice(std::string(32, '\x4b'));
    item.set_draft(sent.SerializeAsString());
    item.set_text(text.SerializeAsString());
    return reply;
  });
  Client client(options());
  static_cast<void>(client.acknowledge("12", Stage::kRead));
  const v1::PublishRequest made = node_->requests().at(1).publish();
  EXPECT_EQ(must(exchange::parse_text(made.kind(), made.text())).subject(), longest);
}

TEST_F(ClientTest, TheSameIdIsPublishedAsTheSameId) {
  start_node(publish_and_log);
  Client client(options());
  Draft named = draft();
  named.id = new_notice_id();
  EXPECT_EQ(client.publish(named).id(), named.id);
  EXPECT_EQ(client.publish(named).id(), named.id);
  const auto requests = node_->requests();
  EXPECT_EQ(requests.at(0).publish().SerializeAsString(),
            requests.at(1).publish().SerializeAsString());
}

TEST_F(ClientTest, AnErrorOfTheNodeIsThrownWithItsNameDetailAndTheNoticeId) {
  start_node([](const auto&) { return error_reply(35, "AM may not publish training"); });
  Client client(options());
  Draft named = draft();
  named.id = new_notice_id();
  try {
    static_cast<void>(client.publish(named));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "kind-not-granted");
    EXPECT_EQ(error.number(), 35U);
    EXPECT_EQ(error.detail(), "AM may not publish training");
    EXPECT_FALSE(error.text().empty());
    EXPECT_FALSE(error.remedy().empty());
    EXPECT_FALSE(error.retryable());
    EXPECT_EQ(error.retry_after(), milliseconds(250));
    EXPECT_EQ(error.notice_id(), named.id);
    EXPECT_STREQ(error.what(), "kind-not-granted: AM may not publish training");
  }
}

TEST_F(ClientTest, AnErrorCodeOfANewerNodeIsKeptByItsNumber) {
  start_node([](const auto&) { return error_reply(64999, "new"); });
  Client client(options());
  EXPECT_EQ(error_name([&] { static_cast<void>(client.show("12")); }), "error-64999");
}

TEST_F(ClientTest, DigitsWithoutALetterAreAskedForAsAnIndexAndThenAsANotice) {
  start_node([](const auto&) {
    return error_reply(std::to_underlying(ErrorCode::kNotFound), "nothing here");
  });
  Client client(options());
  EXPECT_EQ(error_name([&] { static_cast<void>(client.show("12345678")); }), "not-found");
  const std::vector<v1::LocalRequest> asked = node_->requests();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].show().index_plus_one(), 12'345'679U);
  EXPECT_EQ(asked[1].show().notice(), "\x12\x34\x56\x78");
}

TEST_F(ClientTest, WithoutANodeACallEndsWithNoDaemonInTime) {
  Options impatient = options();
  impatient.connect_timeout = kShort;
  Client client(impatient);
  const auto begun = Clock::now();
  EXPECT_EQ(error_name([&] { static_cast<void>(client.publish(draft())); }), "no-daemon");
  EXPECT_GE(Clock::now() - begun, kShort);
  EXPECT_LT(Clock::now() - begun, kShort + milliseconds(2000));
}

TEST_F(ClientTest, ACallFindsANodeThatStartsAMomentLater) {
  Client client(options());
  auto published = std::async(std::launch::async, [&] { return client.publish(draft()); });
  std::this_thread::sleep_for(milliseconds(150));
  start_node(publish_and_log);
  EXPECT_EQ(published.get().recipients().size(), 2U);
  EXPECT_TRUE(client.stats().connected);
}

TEST_F(ClientTest, WithoutAnAnswerTheOutcomeIsUnknownInTime) {
  start_node(no_answer);
  Options impatient = options();
  impatient.request_timeout = kShort;
  Client client(impatient);
  const auto begun = Clock::now();
  EXPECT_EQ(error_name([&] { static_cast<void>(client.publish(draft())); }), "unknown-outcome");
  EXPECT_LT(Clock::now() - begun, kShort + milliseconds(2000));
  EXPECT_EQ(client.stats().timeout_count, 1U);
}

TEST_F(ClientTest, ARequestWhoseConnectionWasLostIsSentAgainUnchanged) {
  start_node(no_answer);
  Client client(options());
  auto published = std::async(std::launch::async, [&] { return client.publish(draft()); });
  while (node_->requests().empty()) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  const std::string first = node_->requests().at(0).SerializeAsString();
  stop_node();
  start_node(publish_and_log);
  EXPECT_EQ(published.get().recipients().size(), 2U);
  EXPECT_EQ(node_->requests().at(0).SerializeAsString(), first);
  EXPECT_EQ(client.stats().resend_count, 1U);
  EXPECT_EQ(client.stats().connection_count, 2U);
}

TEST_F(ClientTest, ARefusedKeyIsSaidAtOnce) {
  node_ = std::make_unique<NodeEnd>(endpoint(), node_keys_, random_keys().public_key, no_answer);
  Client client(options());
  const auto begun = Clock::now();
  EXPECT_EQ(error_name([&] { static_cast<void>(client.publish(draft())); }), "unknown-key");
  EXPECT_LT(Clock::now() - begun, options().connect_timeout);
}

TEST_F(ClientTest, AnotherNodesKeyIsNoNode) {
  start_node(publish_and_log);
  Options wrong = options();
  wrong.node_key = random_keys().public_key;
  wrong.connect_timeout = kShort;
  Client client(wrong);
  EXPECT_EQ(error_name([&] { static_cast<void>(client.publish(draft())); }), "no-daemon");
}

TEST_F(ClientTest, AnswersAreMatchedByTheirIdAndNotByTheirOrder) {
  std::atomic<int> held = 0;
  v1::LocalRequest first;
  start_node([&](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    if (held++ == 0) {
      first = request;  // Answered by the reply to a later request, under its own id.
      return std::nullopt;
    }
    v1::LocalReply reply;
    const bool for_first = held == 2;
    const v1::LocalRequest& answered = for_first ? first : request;
    reply.set_request_id(answered.request_id());
    reply.mutable_cursor()->set_arrival(answered.cursor().arrival());
    return reply;
  });
  Client client(options());
  auto early = std::async(std::launch::async, [&] { return client.commit("c", {1, 0}); });
  while (held == 0) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  auto late = std::async(std::launch::async, [&] { return client.commit("c", {2, 0}); });
  EXPECT_EQ(early.get().arrival, 1U);
  EXPECT_EQ(client.commit("c", {3, 0}).arrival, 3U);
  stop_node();  // What was never answered is asked of the next node.
  start_node([](const v1::LocalRequest& request) {
    v1::LocalReply reply;
    reply.mutable_cursor()->set_arrival(request.cursor().arrival());
    return reply;
  });
  EXPECT_EQ(late.get().arrival, 2U);
}

TEST_F(ClientTest, AnAnswerThatComesTooLateIsNotTakenForAnother) {
  std::optional<v1::LocalReply> late;
  start_node([&](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    v1::LocalReply reply;
    if (!late) {
      late.emplace();
      late->set_request_id(request.request_id());
      late->mutable_cursor()->set_arrival(99);
      return std::nullopt;
    }
    if (late->request_id() != 0) {
      return std::exchange(late, v1::LocalReply());
    }
    reply.mutable_cursor()->set_arrival(request.cursor().arrival());
    return reply;
  });
  Options impatient = options();
  impatient.request_timeout = kShort;
  Client client(impatient);
  EXPECT_EQ(error_name([&] { client.commit("c", {1, 0}); }), "unknown-outcome");
  EXPECT_EQ(error_name([&] { client.commit("c", {2, 0}); }), "unknown-outcome");
  EXPECT_EQ(client.commit("c", {3, 0}).arrival, 3U);
  stop_node();  // It uses `late`.
}

// The limit of Options::request_count_max, and what of it is for the urgent: at each, and one over.
TEST_F(ClientTest, TakesAsManyRequestsAtOnceAsTheLimitAndNoMore) {
  start_node(no_answer);
  Options narrow = options();
  narrow.request_count_max = 9;
  narrow.request_timeout = std::chrono::seconds(1);
  Client client(narrow);
  const auto commit = [&] { return error_name([&] { client.commit("c", {1, 0}); }); };
  const auto publish = [&](Precedence precedence) {
    Draft notice = draft();
    notice.precedence = precedence;
    return error_name([&] { static_cast<void>(client.publish(notice)); });
  };
  std::vector<std::future<std::string>> calls;
  calls.reserve(9);
  const auto under_way = [&](std::size_t count) {
    while (client.stats().request_count < count) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  };
  for (int i = 0; i < 7; ++i) {
    calls.push_back(std::async(std::launch::async, commit));
  }
  under_way(7);
  EXPECT_EQ(commit(), "queue-full");
  EXPECT_EQ(publish(Precedence::kPriority), "queue-full");
  for (int i = 0; i < 2; ++i) {
    calls.push_back(std::async(std::launch::async, publish, Precedence::kImmediate));
  }
  under_way(9);
  EXPECT_EQ(publish(Precedence::kFlash), "queue-full");
  for (auto& call : calls) {
    EXPECT_EQ(call.get(), "unknown-outcome");
  }
}

// A node that answers nothing: the first is over when its time is, and only then another leaves.
TEST_F(ClientTest, ABatchIsUnderWayAsFarAsItsHalfOfTheLimitAndNoFurther) {
  constexpr std::size_t kAtOnce = 4;
  Options narrow = options();
  narrow.request_count_max = 2 * kAtOnce;
  narrow.request_timeout = kShort;
  Client client(narrow);
  std::atomic<std::size_t> got = 0;
  std::atomic<std::uint64_t> over_before_the_last = 0;
  start_node([&](const v1::LocalRequest&) -> std::optional<v1::LocalReply> {
    if (++got == kAtOnce + 1) {
      over_before_the_last = client.stats().timeout_count;
    }
    return std::nullopt;
  });
  const std::vector<BatchResult> results =
      client.publish_batch(std::vector<Draft>(kAtOnce + 1, draft()));
  stop_node();
  ASSERT_EQ(results.size(), kAtOnce + 1);
  for (const BatchResult& result : results) {
    EXPECT_EQ(why_not(result).name(), "unknown-outcome");
    EXPECT_FALSE(why_not(result).notice_id().empty());
  }
  EXPECT_EQ(got, kAtOnce + 1);
  EXPECT_GE(over_before_the_last, 1U);
}

// The first is answered once the second is there.
TEST_F(ClientTest, ABatchDoesNotWaitForOneToSendTheNext) {
  std::optional<std::uint64_t> first;
  start_node([&](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    if (!first.has_value()) {
      first = request.request_id();
      return std::nullopt;
    }
    v1::LocalReply reply = publish_and_log(request).value_or(v1::LocalReply());
    reply.set_request_id(*first);
    return reply;
  });
  Options impatient = options();
  impatient.request_timeout = kShort;
  Client client(impatient);
  const std::vector<BatchResult> results = client.publish_batch({draft(), draft()});
  stop_node();
  EXPECT_TRUE(results.at(0).ticket.has_value());
  EXPECT_TRUE(results.at(1).error.has_value());
}

TEST_F(ClientTest, OfABatchEachHasItsTicketOrItsError) {
  start_node([](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    const v1::Text text = must(exchange::parse_text("threat.alert", request.publish().text()));
    return text.subject() == "bad" ? error_reply(35, "not this one") : publish_and_log(request);
  });
  Client client(options());
  std::vector<Draft> drafts(200, draft());
  drafts[7].subject = "bad";
  drafts[9].kind = "no kind";
  drafts[11].id = new_notice_id();
  drafts[13].content_json =  // In a document of its own.
      R"({"category": "THREAT_CATEGORY_OTHER", "summary": ")" + std::string(2U << 20U, 's') + "\"}";
  const std::vector<BatchResult> results = client.publish_batch(drafts);
  ASSERT_EQ(results.size(), 200U);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const bool fails = i == 7 || i == 9 || i == 13;
    EXPECT_EQ(results[i].error.has_value(), fails) << i;
    EXPECT_EQ(results[i].ticket.has_value(), !fails) << i;
    ids.insert(id_of(results[i]));
  }
  EXPECT_EQ(ids.size(), 200U) << "an id for each, to ask for it again";
  EXPECT_EQ(why_not(results[7]).name(), "kind-not-granted");
  EXPECT_EQ(why_not(results[7]).number(), 35U);
  EXPECT_EQ(why_not(results[7]).detail(), "not this one");
  EXPECT_EQ(why_not(results[7]).retry_after(), milliseconds(250));
  EXPECT_EQ(why_not(results[9]).name(), "invalid-kind");
  EXPECT_EQ(id_of(results[11]), drafts[11].id);
  EXPECT_EQ(why_not(results[13]).name(), "limit-exceeded");
  if (const auto& ticket = results[11].ticket; ticket.has_value()) {
    EXPECT_EQ(ticket->wait(Stage::kLogged, milliseconds(4000)).verdict, Verdict::kReached);
  }
  EXPECT_TRUE(client.publish_batch({}).empty());
}

TEST_F(ClientTest, ABatchWaitsForRoomThatOthersTake) {
  std::atomic<bool> answers = false;
  start_node([&](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    return request.has_publish() && !answers.exchange(true) ? std::nullopt
                                                            : publish_and_log(request);
  });
  Options narrow = options();
  narrow.request_count_max = 1;
  narrow.request_timeout = kShort;
  Client client(narrow);
  // The only place is taken, and nothing of the batch is under way that could make room.
  auto other = std::async(std::launch::async, [&] {
    return error_name([&] { static_cast<void>(client.publish(draft())); });
  });
  while (client.stats().request_count == 0) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  const std::vector<BatchResult> refused = client.publish_batch({draft()});
  EXPECT_EQ(why_not(refused.at(0)).name(), "queue-full");
  EXPECT_EQ(other.get(), "unknown-outcome");
  const std::vector<BatchResult> taken = client.publish_batch({draft(), draft(), draft()});
  for (const BatchResult& result : taken) {
    EXPECT_TRUE(result.ticket.has_value());
  }
  client.close();
  EXPECT_EQ(why_not(client.publish_batch({draft()}).at(0)).name(), "client-closed");
}

TEST_F(ClientTest, WhatIsGivenBackIsSaidWithTheAttemptsThatItHad) {
  start_node([](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    v1::LocalReply reply;
    if (request.has_nack()) {
      v1::Deferral& deferral = *reply.mutable_nack()->add_deferrals();
      deferral.set_arrival(7);
      deferral.set_attempts(3);
      deferral.set_due_at_ms(1'700'000'000'123);
      deferral.set_quarantined_at_ms(request.nack().quarantine() ? 1'700'000'000'000 : 0);
      deferral.set_reason(request.nack().reason());
    } else if (request.has_redrive()) {
      reply.mutable_redrive()->set_count(4);
    } else {
      reply.mutable_cursor()->set_arrival(9);
    }
    return reply;
  });
  Client client(options());
  Notice fresh;
  fresh.arrival = 5;
  Notice again;
  again.arrival = 7;
  again.attempts = 2;
  const auto given = client.nack("c", {fresh, again}, {milliseconds(1500), 4, true, "why"});
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].attempts, 3U);
  EXPECT_TRUE(given[0].quarantined_at.has_value());
  EXPECT_EQ(given[0].reason, "why");
  EXPECT_FALSE(client.nack("c", {again}).at(0).quarantined_at.has_value());
  Page page;
  page.notices = {fresh, again};
  page.next = {8, 9};
  EXPECT_EQ(client.ack("c", page).arrival, 9U);
  client.ack("c", again);
  EXPECT_EQ(client.redrive("c", {5, 7}), 4U);
  EXPECT_EQ(client.redrive_all("c"), 4U);
  const auto requests = node_->requests();
  ASSERT_EQ(requests.size(), 6U);
  EXPECT_EQ(requests[0].nack().notices_size(), 2);
  EXPECT_EQ(requests[0].nack().notices(1).attempts(), 2U);
  EXPECT_EQ(requests[0].nack().delay_ms(), 1500U);
  EXPECT_EQ(requests[0].nack().attempts_max(), 4U);
  EXPECT_EQ(requests[2].cursor().arrival(), 8U);
  EXPECT_EQ(requests[2].cursor().arrival_urgent(), 9U);
  ASSERT_EQ(requests[2].cursor().done_size(), 1) << "of the others the cursor says it";
  EXPECT_EQ(requests[2].cursor().done(0).arrival(), 7U);
  EXPECT_EQ(requests[2].cursor().done(0).attempts(), 2U);
  EXPECT_EQ(requests[3].cursor().arrival(), 0U);
  EXPECT_EQ(requests[3].cursor().done_size(), 1);
  EXPECT_EQ(requests[4].redrive().notices_size(), 2);
  EXPECT_TRUE(requests[5].redrive().all());
}

TEST_F(ClientTest, ARequestHasAtMostSoManyBytes) {
  constexpr std::size_t kMost = exchange::kRequestBytesMax;
  start_node([](const v1::LocalRequest&) { return error_reply(0xffff, "read"); });
  Client client(options());
  const auto commit = [&](std::size_t size) {
    return error_name([&] { client.commit(std::string(size, 'c'), {1, 0}); });
  };
  std::size_t longest = kMost - 64;
  const std::string read = commit(longest);
  longest += kMost - node_->requests().at(0).ByteSizeLong();
  EXPECT_EQ(commit(longest), read);
  EXPECT_EQ(node_->requests().at(1).ByteSizeLong(), kMost);
  EXPECT_EQ(commit(longest + 1), "limit-exceeded");
  EXPECT_EQ(node_->requests().size(), 2U);
}

TEST_F(ClientTest, AnAnswerToSomethingElseIsAnErrorAndNoCrash) {
  start_node([](const auto&) { return await_reply(v1::STAGE_LOGGED); });
  Client client(options());
  EXPECT_EQ(error_name([&] { static_cast<void>(client.publish(draft())); }), "malformed");
  EXPECT_EQ(error_name([&] { static_cast<void>(client.inbox({})); }), "malformed");
  EXPECT_EQ(error_name([&] { static_cast<void>(client.show("1")); }), "malformed");
}

TEST_F(ClientTest, WaitIsReachedAtALaterStageToo) {
  start_node([](const v1::LocalRequest& request) {
    return request.has_publish() ? publish_reply() : await_reply(v1::STAGE_DELIVERED, 41);
  });
  Client client(options());
  const Outcome outcome = client.publish(draft()).wait(Stage::kLogged, milliseconds(2000));
  EXPECT_EQ(outcome.verdict, Verdict::kReached);
  EXPECT_EQ(outcome.stage, Stage::kDelivered);
  EXPECT_EQ(outcome.index, 41U);
}

TEST_F(ClientTest, ARefusalSaysWhy) {
  start_node([](const v1::LocalRequest&) {
    v1::LocalReply reply = await_reply(v1::STAGE_REFUSED);
    reply.mutable_await()->set_code(40);
    reply.mutable_await()->set_text("expired at 10:00");
    return reply;
  });
  Client client(options());
  const Outcome outcome = client.wait(new_notice_id(), Stage::kLogged, milliseconds(2000));
  EXPECT_EQ(outcome.verdict, Verdict::kRefused);
  EXPECT_EQ(outcome.code, "expired");
  EXPECT_EQ(outcome.text, error_info(ErrorCode::kExpired).text);
  EXPECT_EQ(outcome.detail, "expired at 10:00");
}

TEST_F(ClientTest, AWaitThatRunsOutOfTimeIsUnknownAndNoError) {
  start_node([](const v1::LocalRequest&) { return await_reply(v1::STAGE_QUEUED); });
  Client client(options());
  const auto begun = Clock::now();
  const Outcome outcome = client.wait(new_notice_id(), Stage::kLogged, kShort);
  EXPECT_EQ(outcome.verdict, Verdict::kUnknown);
  EXPECT_EQ(outcome.stage, Stage::kQueued);
  EXPECT_EQ(outcome.code, "unknown-outcome");
  EXPECT_GE(Clock::now() - begun, kShort - milliseconds(1));
  EXPECT_LT(node_->requests().size(), std::size_t{kShort / milliseconds(50)});  // Not in a loop.
}

TEST_F(ClientTest, AWaitWithoutANodeIsUnknownInTime) {
  Client client(options());
  const auto begun = Clock::now();
  const Outcome outcome = client.wait(new_notice_id(), Stage::kLogged, kShort);
  EXPECT_EQ(outcome.verdict, Verdict::kUnknown);
  EXPECT_EQ(outcome.code, "no-daemon");
  EXPECT_LT(Clock::now() - begun, kShort + milliseconds(2000));
}

TEST_F(ClientTest, AWaitGoesOnOverARestartOfTheNode) {
  start_node([](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    return request.has_publish() ? std::optional(publish_reply()) : std::nullopt;
  });
  Client client(options());
  const Ticket ticket = client.publish(draft());
  auto waited = std::async(std::launch::async,
                           [&] { return ticket.wait(Stage::kLogged, milliseconds(4000)); });
  while (node_->requests().size() < 2) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  stop_node();
  start_node(publish_and_log);
  EXPECT_EQ(waited.get().verdict, Verdict::kReached);
}

TEST_F(ClientTest, AWaitForWhatTheNodeDoesNotKnowIsAnError) {
  start_node([](const v1::LocalRequest&) { return error_reply(90, "no such notice"); });
  Client client(options());
  EXPECT_EQ(
      error_name([&] { static_cast<void>(client.wait(new_notice_id(), Stage::kLogged, kShort)); }),
      "not-found");
}

TEST_F(ClientTest, WhatIsPublishedUntilAStageGoesWithTheRequestToWaitForIt) {
  std::atomic<std::uint64_t> published = 0;
  start_node([&](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    if (request.has_publish()) {
      published = request.request_id();
      return std::nullopt;
    }
    v1::LocalReply reply = publish_reply();  // Only once it is waited for.
    reply.set_request_id(published);
    return reply;
  });
  Client client(options());
  const PublishOutcome done = client.publish_until(draft(), Stage::kLogged, milliseconds(0));
  EXPECT_EQ(done.ticket.recipients(), (std::vector<std::string>{"BY", "RU"}));
  EXPECT_EQ(done.outcome.verdict, Verdict::kUnknown);
  EXPECT_EQ(done.outcome.code, "unknown-outcome");
  stop_node();
}

TEST_F(ClientTest, WhatIsPublishedUntilAStageComesToIt) {
  start_node(publish_and_log);
  Client client(options());
  const PublishOutcome done = client.publish_until(draft(), Stage::kLogged, milliseconds(4000));
  EXPECT_EQ(done.outcome.verdict, Verdict::kReached);
  EXPECT_EQ(done.outcome.index, 7U);
  ASSERT_EQ(node_->requests().size(), 2U);
  EXPECT_EQ(uuid_text(as_bytes(node_->requests().at(0).publish().notice_id())), done.ticket.id());
  EXPECT_EQ(uuid_text(as_bytes(node_->requests().at(1).await().notice_id())), done.ticket.id());
}

TEST_F(ClientTest, AWaitForWhatIsPublishedGoesOnSliceBySlice) {
  start_node([](const v1::LocalRequest& request) {
    static std::atomic<int> asked = 0;
    return request.has_publish() ? publish_reply()
                                 : await_reply(++asked < 3 ? v1::STAGE_QUEUED : v1::STAGE_LOGGED);
  });
  Client client(options());
  EXPECT_EQ(client.publish_until(draft(), Stage::kLogged, milliseconds(4000)).outcome.verdict,
            Verdict::kReached);
  EXPECT_EQ(node_->requests().size(), 4U);
}

TEST_F(ClientTest, WhatIsNotPublishedIsNotWaitedFor) {
  start_node([](const v1::LocalRequest& request) {
    return request.has_publish() ? error_reply(35, "not this one") : error_reply(90, "no such");
  });
  Client client(options());
  const auto until_logged = [&](const Draft& draft) {
    static_cast<void>(client.publish_until(draft, Stage::kLogged, milliseconds(60'000)));
  };
  const auto begun = Clock::now();
  try {
    until_logged(draft());
    ADD_FAILURE() << "published";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "kind-not-granted");
    EXPECT_FALSE(error.notice_id().empty());
  }
  Draft bad = draft();
  bad.kind = "no kind";
  EXPECT_EQ(error_name([&] { until_logged(bad); }), "invalid-kind");
  EXPECT_EQ(node_->requests().size(), 2U) << "the second was not sent";
  EXPECT_LT(Clock::now() - begun, milliseconds(30'000));
}

TEST_F(ClientTest, TheWaitEndsWithWhatIsRefusedOrNotAnswered) {
  start_node([](const v1::LocalRequest& request) -> std::optional<v1::LocalReply> {
    const bool refused = request.has_publish() && request.publish().clear();
    return refused ? std::optional(error_reply(35, "not this one")) : std::nullopt;
  });
  Options impatient = options();
  impatient.request_timeout = kShort;
  Client client(impatient);
  const auto until_logged = [&](bool clear) {
    Draft one = draft();
    one.clear = clear;
    const auto begun = Clock::now();
    std::string name = error_name([&] {
      static_cast<void>(client.publish_until(one, Stage::kLogged, milliseconds(60'000)));
    });
    EXPECT_LT(Clock::now() - begun, milliseconds(15'000)) << "a slice of a wait is 20 s";
    return name;
  };
  EXPECT_EQ(until_logged(true), "kind-not-granted");
  EXPECT_EQ(until_logged(false), "unknown-outcome");
  EXPECT_EQ(client.stats().timeout_count, 1U);
  stop_node();
}

TEST_F(ClientTest, WhatKeepsItFromWaitingIsInTheOutcomeOfWhatWasPublished) {
  start_node([](const v1::LocalRequest& request) {
    return request.has_publish() ? publish_reply() : error_reply(90, "no such");
  });
  Client client(options());
  const PublishOutcome done = client.publish_until(draft(), Stage::kLogged, milliseconds(60'000));
  EXPECT_EQ(done.ticket.recipients().size(), 2U);
  EXPECT_EQ(done.outcome.verdict, Verdict::kUnknown);
  EXPECT_EQ(done.outcome.code, "not-found");
}

TEST_F(ClientTest, WhereOneRequestMayBeUnderWayTheWaitComesAfterIt) {
  start_node(publish_and_log);
  Options one = options();
  one.request_count_max = 1;
  Client client(one);
  EXPECT_EQ(client.publish_until(draft(), Stage::kLogged, milliseconds(4000)).outcome.index, 7U);
  EXPECT_EQ(node_->requests().size(), 2U);
}

TEST_F(ClientTest, ATicketOutlivesItsClient) {
  start_node(publish_and_log);
  std::optional<Client> client(options());
  const Ticket ticket = client->publish(draft());
  client.reset();
  EXPECT_EQ(ticket.wait(Stage::kLogged, milliseconds(2000)).index, 7U);
}

TEST_F(ClientTest, ReadUsesTheCursorAndCommitMovesIt) {
  start_node([](const v1::LocalRequest& request) {
    v1::LocalReply reply;
    if (request.has_cursor()) {
      reply.mutable_cursor()->set_arrival(request.cursor().arrival());
      reply.mutable_cursor()->set_arrival_urgent(request.cursor().arrival_urgent());
    } else {
      reply.mutable_inbox()->set_next_after(5);
      reply.mutable_inbox()->set_next_after_urgent(8);
    }
    return reply;
  });
  Client client(options());
  InboxQuery query;
  query.after = {3, 4};
  query.kinds = {"consultation.*"};
  EXPECT_EQ(client.read("archive", query).next, (Position{5, 8}));
  EXPECT_EQ(client.commit("archive", {5, 8}), (Position{5, 8}));
  const auto requests = node_->requests();
  EXPECT_EQ(requests.at(0).inbox().cursor(), "archive");
  EXPECT_EQ(requests.at(0).inbox().after(), 3U);
  EXPECT_EQ(requests.at(0).inbox().after_urgent(), 4U);
  EXPECT_EQ(requests.at(0).inbox().filter().kinds(0), "consultation.*");
  EXPECT_FALSE(requests.at(0).inbox().filter().actual()) << "none is all";
  EXPECT_EQ(requests.at(1).cursor().cursor(), "archive");
}

TEST_F(ClientTest, EachStatusIsAskedForByItsOwnFlag) {
  start_node([](const v1::LocalRequest&) {
    v1::LocalReply reply;
    reply.mutable_inbox();
    return reply;
  });
  Client client(options());
  std::string flags;
  for (const Status status : {Status::kActual, Status::kExercise, Status::kTest, Status::kDraft}) {
    InboxQuery query;
    query.statuses = {status};
    static_cast<void>(client.inbox(query));
    const v1::InboxFilter filter = node_->requests().back().inbox().filter();
    for (const bool flag : {filter.actual(), filter.exercise(), filter.test(), filter.draft()}) {
      flags += flag ? '1' : '0';
    }
    flags += ' ';
  }
  EXPECT_EQ(flags, "1000 0100 0010 0001 ");
}

TEST_F(ClientTest, AnInboxThatWaitsGetsTheTimeToDoSo) {
  start_node([](const v1::LocalRequest& request) {
    EXPECT_EQ(request.inbox().wait_ms(), 700U);
    std::this_thread::sleep_for(milliseconds(700));
    v1::LocalReply reply;
    reply.mutable_inbox()->set_next_after(9);
    return reply;
  });
  Options impatient = options();
  impatient.request_timeout = kShort;
  Client client(impatient);
  InboxQuery query;
  query.wait = milliseconds(700);
  EXPECT_EQ(client.inbox(query).next.arrival, 9U);
}

TEST_F(ClientTest, AnAddressThatIsNoneIsSaidWhenTheClientIsMade) {
  Options wrong = options();
  wrong.node = "http://example";
  EXPECT_EQ(error_name([&] { const Client client(wrong); }), "config-invalid");
}

}  // namespace
}  // namespace chancery::client
