#include "io/zmq/zap.h"

#include "core/base/bytes.h"
#include "io/zmq/socket.h"
#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

using std::chrono::milliseconds;

class ZapTest : public HubTest {
 protected:
  // What the handler answers to a request as libzmq would send it: {version, id, status, text,
  // user id, metadata} (RFC 27).
  std::vector<std::string> answer(const std::vector<std::string>& request) {
    Socket socket = must(Socket::open(context_, ZMQ_REQ));
    EXPECT_TRUE(socket.set(ZMQ_LINGER, "linger", 0));
    EXPECT_EQ(zmq_connect(socket.get(), "inproc://zeromq.zap.01"), 0);
    EXPECT_EQ(socket.send(nullptr, request), 0);
    std::optional<Multipart> reply;
    EXPECT_TRUE(
        eventually([&] { return (reply = socket.receive({.part_count_max = 8})).has_value(); }));
    return reply ? reply->frames : std::vector<std::string>(6);
  }

  [[nodiscard]] std::string key_text() const { return to_string(Bytes(member_.public_key)); }
};

TEST_F(ZapTest, AnswersInTheFormOfRfc27) {
  const std::vector<std::string> reply =
      answer({"1.0", "id 7", kDomain, "127.0.0.1", "", "CURVE", key_text()});
  EXPECT_EQ(reply, (std::vector<std::string>{"1.0", "id 7", "200", "", kUser, ""}));
}

TEST_F(ZapTest, RefusesWhateverIsNotACurveRequestForAKeyInTheTable) {
  const std::string key = key_text();
  const std::vector<std::vector<std::string>> requests = {
      {"1.1", "1", kDomain, "", "", "CURVE", key},
      {"1.0", "1", kDomain, "", "", "NULL"},
      {"1.0", "1", kDomain, "", "", "NULL", key},
      {"1.0", "1", kDomain, "", "", "PLAIN", "AM", "password"},
      {"1.0", "1", kDomain, "", "", "CURVE", key.substr(1)},
      {"1.0", "1", kDomain, "", "", "CURVE", key + "x"},
      {"1.0", "1", kDomain, "", "", "CURVE", key, key},
      {"1.0", "1", "", "", "", "CURVE", key},
      {"1.0", "1", "Member", "", "", "CURVE", key},
      {"1.0", "1", kDomain, "", "", "CURVE", std::string(32, '\0')},
      std::vector<std::string>(100, "1.0"),
      {"1.0", "1"}};
  for (const std::vector<std::string>& request : requests) {
    const std::vector<std::string> reply = answer(request);
    ASSERT_EQ(reply.size(), 6U);
    EXPECT_EQ(reply[2], "400") << request.size() << " parts";
    EXPECT_EQ(reply[4], "");
  }
  EXPECT_EQ(zap_->counters().refused_count, requests.size());
  EXPECT_EQ(zap_->counters().admitted_count, 0U);
}

TEST_F(ZapTest, RefusesAnUnknownKeyAndNothingOfItArrives) {
  Router router = bind();
  Dealer stranger = connect(router, random_keys());
  const LinkEvent event = next_event(stranger);
  EXPECT_EQ(event.state, LinkState::kRefused);
  EXPECT_EQ(event.status, 400);
  EXPECT_TRUE(event.final);
  const Result<> sent = stranger.send({"let me in"});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(router.receive());
}

// As many at once as the burst; then it is closed without a word, and comes in when its time has
// come. Of another key nothing is asked.
TEST_F(ZapTest, AKeyThatComesTooOftenWaitsAndComesInByItself) {
  const CurveKeyPair other = random_keys();
  const AdmissionTable table{{member_.public_key, kUser}, {other.public_key, "KZ"}};
  const Rate rate{.per_second = 2, .burst = 2};
  zap_->allow(kDomain, table, rate);
  const Router router = bind();
  Dealer first = connect(router, member_);
  Dealer second = connect(router, member_);
  ASSERT_TRUE(reaches(first, LinkState::kConnected));
  ASSERT_TRUE(reaches(second, LinkState::kConnected));
  const std::vector<std::string> reply =
      answer({"1.0", "1", kDomain, "127.0.0.1", "", "CURVE", key_text()});
  EXPECT_EQ(reply, (std::vector<std::string>{"1.0", "1", "300", "", "", ""}));
  zap_->allow(kDomain, table, rate);  // The same rate fills no bucket.
  EXPECT_EQ(answer({"1.0", "1", kDomain, "", "", "CURVE", key_text()}).at(2), "300");
  EXPECT_EQ(zap_->counters().too_often_count, 2U);
  EXPECT_EQ(zap_->counters().refused_count, 0U);
  Dealer stranger = connect(router, other);
  EXPECT_TRUE(reaches(stranger, LinkState::kConnected));
  Dealer third = connect(router, member_);
  EXPECT_TRUE(reaches(third, LinkState::kConnected)) << "libzmq tries again";
}

// After a refusal libzmq is silent for ever: reconnect() is the way back.
TEST_F(ZapTest, AdmitsAKeyAllowedAtRunTimeAfterReconnect) {
  Router router = bind();
  const CurveKeyPair newcomer = random_keys();
  Dealer dealer = connect(router, newcomer);
  ASSERT_TRUE(reaches(dealer, LinkState::kRefused));

  zap_->allow(kDomain, {{member_.public_key, kUser}, {newcomer.public_key, "KZ"}});
  EXPECT_FALSE(reaches(dealer, LinkState::kConnected, milliseconds(200)));
  ASSERT_TRUE(dealer.reconnect());
  ASSERT_TRUE(reaches(dealer, LinkState::kConnected));
  ASSERT_TRUE(dealer.send({"hello"}));
  const Received received = next_message(router);
  EXPECT_EQ(received.user_id, "KZ");
}

TEST_F(ZapTest, RefusesAKeyOfAnotherDomain) {
  RouterOptions options = router_options();
  options.zap_domain = "application";
  zap_->allow("application", {{random_keys().public_key, "console"}});
  const Router router = must(Router::bind(context_, options));
  Dealer dealer = connect(router, member_);
  EXPECT_TRUE(reaches(dealer, LinkState::kRefused));
}

TEST_F(ZapTest, ReplacesTheWholeTableOfADomain) {
  const CurveKeyPair other = random_keys();
  zap_->allow(kDomain, {{other.public_key, "KZ"}});
  const Router router = bind();
  Dealer old = connect(router, member_);
  EXPECT_TRUE(reaches(old, LinkState::kRefused));
  Dealer fresh = connect(router, other);
  EXPECT_TRUE(reaches(fresh, LinkState::kConnected));
}

TEST_F(ZapTest, AdmitsNobodyUnderAnEmptyUserId) {
  zap_->allow(kDomain, {{member_.public_key, ""}});
  const Router router = bind();
  Dealer dealer = connect(router, member_);
  EXPECT_TRUE(reaches(dealer, LinkState::kRefused));
}

TEST_F(ZapTest, HasOneHandlerPerContext) {
  const Result<ZapHandler> second = ZapHandler::start(context_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAddressInUse);
  zap_.reset();
  EXPECT_TRUE(eventually([&] { return ZapHandler::start(context_).has_value(); }));
}

// Without option 93 libzmq would admit every key here.
TEST_F(ZapTest, AdmitsNobodyOnceTheHandlerIsGone) {
  const Router router = bind();
  zap_.reset();
  Dealer dealer = connect(router, member_);
  EXPECT_FALSE(reaches(dealer, LinkState::kConnected, milliseconds(300)));
}

TEST_F(ZapTest, TakesNewTablesWhilePeersConnect) {
  const Router router = bind();
  std::thread changing([this] {
    for (int i = 0; i < 2000; ++i) {
      zap_->allow(kDomain, {{member_.public_key, kUser}, {random_keys().public_key, "KZ"}});
    }
  });
  for (int i = 0; i < 20; ++i) {
    const Dealer dealer = connect(router);
  }
  changing.join();
  EXPECT_EQ(zap_->counters().refused_count, 0U);
}

}  // namespace
}  // namespace chancery::zmq
