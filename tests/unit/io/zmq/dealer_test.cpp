#include "io/zmq/dealer.h"

#include "tests/unit/io/os/temporary_folder.h"
#include "tests/unit/io/zmq/gate.h"
#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

using std::chrono::milliseconds;

class DealerTest : public HubTest {
 protected:
  // With a limit of 1 MiB, and known to the router under this id.
  std::pair<Dealer, std::string> connect_limited(Router& router) {
    DealerOptions options = dealer_options(router, member_);
    options.waiting_bytes_max = 1U << 20U;
    Dealer dealer = must(Dealer::connect(context_, options));
    EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
    EXPECT_TRUE(dealer.send({"x"}));
    received_ = next_message(router);
    return {std::move(dealer), received_.routing_id};
  }

  Received received_;  // By that router, of that dealer.
};

TEST_F(DealerTest, TakesNothingBeforeThereIsAConnection) {
  const os::TemporaryFolder folder;  // A port that was free may be another test's by now.
  const Router router = bind();
  DealerOptions options = dealer_options(router, member_);
  options.endpoint = "ipc://" + (folder / "nobody");
  Dealer dealer = must(Dealer::connect(context_, options));
  const Result<> sent = dealer.send({"x"});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kUnavailable);
}

TEST_F(DealerTest, ComesBackWhenItsOwnerSaysSoAndTheHubWasAway) {
  auto router = std::make_unique<Router>(bind());
  RouterOptions again = router_options();
  again.endpoint = router->endpoint();
  Dealer dealer = connect(*router);
  router.reset();
  const LinkEvent lost = next_event(dealer);
  EXPECT_EQ(lost.state, LinkState::kDisconnected);
  EXPECT_TRUE(lost.final);
  EXPECT_EQ(dealer.send({"x"}).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(dealer.receive());
  ASSERT_TRUE(dealer.reconnect());
  EXPECT_EQ(dealer.send({"x"}).error().code, ErrorCode::kUnavailable);

  router = std::make_unique<Router>(must(Router::bind(context_, again)));
  EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
  ASSERT_TRUE(dealer.send({"back"}));
  EXPECT_EQ(next_message(*router).frames, std::vector<std::string>{"back"});
}

TEST_F(DealerTest, DoesNotConnectToAServerWithAnotherKey) {
  Router router = bind();
  DealerOptions options = dealer_options(router, member_);
  options.server_public = random_keys().public_key;
  Dealer dealer = must(Dealer::connect(context_, options));
  const LinkEvent event = next_event(dealer);
  EXPECT_EQ(event.state, LinkState::kHandshakeFailed);
  EXPECT_FALSE(router.receive());
}

TEST_F(DealerTest, SaysThatTheHubDoesNotRead) {
  const os::TemporaryFolder folder;
  RouterOptions options = router_options();
  options.endpoint = "ipc://" + folder / "hub.sock";
  options.waiting_bytes_max = 2U << 20U;
  const Router router = must(Router::bind(context_, options));
  DealerOptions small = dealer_options(router, member_);
  small.send_count_max = 4;
  Dealer dealer = must(Dealer::connect(context_, small));
  ASSERT_TRUE(reaches(dealer, LinkState::kConnected));
  const std::string frame(1U << 20U, 'x');
  EXPECT_EQ(code_of_first_failure(200, [&] { return dealer.send({frame}); }),
            ErrorCode::kQueueFull);
}

// As a Router, nobody calls receive() meanwhile.
TEST_F(DealerTest, CutsAConnectionThatBringsMoreThanIsTaken) {
  Router router = bind();
  auto [dealer, routing_id] = connect_limited(router);
  EXPECT_TRUE(eventually([&] {
    (void)router.send(routing_id, {std::string(100'000, 'x')});
    const std::optional<LinkEvent> event = dealer.next_event();
    return event && event->state == LinkState::kFlooded;
  }));
  EXPECT_TRUE(reaches(dealer, LinkState::kDisconnected));
  EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
}

// Each 100th part that is read libzmq looks at what became of its connections: here between two
// parts of a message, and the connection is gone.
TEST_F(DealerTest, LivesThroughAConnectionThatEndsWhileMessagesOfTwoPartsWait) {
  Router router = bind();
  auto [dealer, routing_id] = connect_limited(router);
  EXPECT_FALSE(dealer.receive());
  ASSERT_TRUE(router.send(routing_id, {"of", "three", "parts"}));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(router.send(routing_id, {"topic", "message"}));
  }
  EXPECT_TRUE(eventually([&] { return dealer.waiting_bytes() > 16'000; }));
  EXPECT_EQ(next_message(dealer).size(), 3U);
  router.disconnect(routing_id, received_.source_fd);
  EXPECT_TRUE(eventually([&] { return router.connection_count() == 0; }));
  std::this_thread::sleep_for(milliseconds(50));
  while (const auto message = dealer.receive()) {
    EXPECT_EQ(message->size(), 2U);
  }
  EXPECT_TRUE(reaches(dealer, LinkState::kDisconnected));
}

TEST_F(DealerTest, ReadsManyMessagesThatAreTaken) {
  Router router = bind();
  auto [dealer, routing_id] = connect_limited(router);
  const std::string frame(100'000, 'x');
  ASSERT_TRUE(router.send(routing_id, {frame}));
  for (int i = 0; i < 200; ++i) {  // There is always one more.
    ASSERT_TRUE(router.send(routing_id, {frame}));
    std::this_thread::sleep_for(milliseconds(2));
    EXPECT_EQ(next_message(dealer), std::vector<std::string>{frame});
  }
  EXPECT_FALSE(dealer.next_event());
}

TEST_F(DealerTest, DropsAMessageOfTooManyParts) {
  Router router = bind();
  Dealer dealer = connect(router);
  ASSERT_TRUE(dealer.send({"x"}));
  const std::string routing_id = next_message(router).routing_id;
  ASSERT_TRUE(router.send(routing_id, {"1", "2", "3", "4", "5"}));
  ASSERT_TRUE(router.send(routing_id, {"1", "2", "3", "4"}));
  EXPECT_EQ(next_message(dealer).size(), 4U);
  EXPECT_EQ(dealer.oversized_count(), 1U);
}

TEST_F(DealerTest, RefusesAddressesThatCannotBe) {
  for (const char* endpoint : {"", "127.0.0.1:5555", "inproc://x", "tcp://", "tcp://x"}) {
    const Result<Dealer> dealer = Dealer::connect(context_, {.endpoint = endpoint, .own = member_});
    ASSERT_FALSE(dealer) << endpoint;
    EXPECT_EQ(dealer.error().code, ErrorCode::kConfigInvalid) << endpoint;
  }
}

// Each handshake fails, and libzmq goes on.
TEST_F(DealerTest, KeepsTheNewestEventsWhenNobodyAsks) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listener, as_address(address), &size), 0);
  Dealer dealer = must(Dealer::connect(
      context_, {.endpoint = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                 .own = member_,
                 .server_public = hub_.public_key,
                 .reconnect_min = milliseconds(1),
                 .reconnect_max = milliseconds(1)}));
  for (std::size_t i = 0; i < kLinkEventCountMax + 10; ++i) {
    ::close(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  }
  ::close(listener);
  std::this_thread::sleep_for(milliseconds(50));
  std::size_t count = 0;
  while (const std::optional<LinkEvent> event = dealer.next_event()) {
    EXPECT_EQ(event->state, LinkState::kHandshakeFailed);
    ++count;
  }
  EXPECT_EQ(count, kLinkEventCountMax);
}

}  // namespace
}  // namespace chancery::zmq
