#include "io/zmq/dealer.h"

#include <filesystem>

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
    return {std::move(dealer), next_message(router).routing_id};
  }
};

TEST_F(DealerTest, TakesNothingBeforeThereIsAConnection) {
  auto router = std::make_unique<Router>(bind());
  const DealerOptions options = dealer_options(*router, member_);
  router.reset();
  Dealer dealer = must(Dealer::connect(context_, options));
  const Result<> sent = dealer.send({"x"});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kUnavailable);
}

TEST_F(DealerTest, ComesBackByItselfWhenTheHubWasAway) {
  auto router = std::make_unique<Router>(bind());
  RouterOptions again = router_options();
  again.endpoint = router->endpoint();
  Dealer dealer = connect(*router);
  router.reset();
  EXPECT_TRUE(reaches(dealer, LinkState::kDisconnected));
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
  std::string name = (std::filesystem::temp_directory_path() / "chancery-XXXXXX").string();
  const std::string folder = mkdtemp(name.data());
  RouterOptions options = router_options();
  options.endpoint = "ipc://" + folder + "/hub.sock";
  options.receive_count_max = 1;
  const Router router = must(Router::bind(context_, options));
  DealerOptions small = dealer_options(router, member_);
  small.send_count_max = 4;
  Dealer dealer = must(Dealer::connect(context_, small));
  ASSERT_TRUE(reaches(dealer, LinkState::kConnected));
  const std::string frame(1U << 20U, 'x');
  EXPECT_EQ(code_of_first_failure(200, [&] { return dealer.send({frame}); }),
            ErrorCode::kQueueFull);
  std::filesystem::remove_all(folder);
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

TEST_F(DealerTest, KeepsTheNewestEventsWhenNobodyAsks) {
  Router router = bind();
  DealerOptions options = dealer_options(router, member_);
  options.reconnect_min = milliseconds(2);
  Dealer dealer = must(Dealer::connect(context_, options));
  // Each turn is two events: connected, lost. What is sent into a dying connection is lost, so it
  // is sent until it arrives.
  for (std::size_t i = 0; i < kLinkEventCountMax; ++i) {
    const std::vector<std::string> turn = {std::to_string(i)};
    ASSERT_TRUE(eventually([&] {
      (void)dealer.send(turn);
      const std::optional<Received> received = router.receive();
      if (!received || received->frames != turn) {
        return false;
      }
      router.disconnect(received->routing_id, received->source_fd);
      return true;
    }));
  }
  // The queue is bounded while nobody asks; what still happens while it is read comes on top.
  std::size_t count = 0;
  while (dealer.next_event()) {
    ++count;
  }
  EXPECT_GE(count, kLinkEventCountMax);
  EXPECT_LE(count, kLinkEventCountMax + 2);
}

}  // namespace
}  // namespace chancery::zmq
