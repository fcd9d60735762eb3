#include "io/zmq/router.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "io/zmq/connections.h"
#include "tests/unit/io/zmq/gate.h"
#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

using std::chrono::milliseconds;

class RouterTest : public HubTest {
 protected:
  // It has said "x", and reads one message and no more.
  std::unique_ptr<RawDealer> connect_slow(const Router& router) {
    auto slow = std::make_unique<RawDealer>(context_, member_, hub_.public_key);
    const int one = 1;
    slow->set(ZMQ_RCVHWM, &one, sizeof one);
    slow->connect(router.endpoint());
    EXPECT_TRUE(slow->send("x", false));
    return slow;
  }
  // A router for whose one peer so many messages may wait, and that peer.
  struct SlowPeer {
    Router router;
    std::unique_ptr<RawDealer> dealer;
    std::string id;
  };
  SlowPeer slow_peer_of(int send_count_max) {
    RouterOptions options = router_options();
    options.send_count_max = send_count_max;
    Router router = must(Router::bind(context_, options));
    std::unique_ptr<RawDealer> dealer = connect_slow(router);
    std::string id = next_message(router).routing_id;
    return {.router = std::move(router), .dealer = std::move(dealer), .id = std::move(id)};
  }
};

TEST_F(RouterTest, CarriesMessagesBothWaysUnderTheUserIdOfTheKey) {
  Router router = bind();
  Dealer dealer = connect(router);
  ASSERT_TRUE(dealer.send({"one", "", "three"}));

  const Received received = next_message(router);
  EXPECT_EQ(received.user_id, kUser);
  EXPECT_EQ(received.peer_address, "127.0.0.1");
  EXPECT_EQ(received.frames, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_GE(received.source_fd, 0);
  EXPECT_FALSE(received.oversized);

  ASSERT_TRUE(router.send(received.routing_id, {"to/AM", "answer"}));
  EXPECT_EQ(next_message(dealer), (std::vector<std::string>{"to/AM", "answer"}));
}

// The routing-id part loses its properties when the socket was polled before (libzmq 4.3.4): the
// user id has to be there all the same, on every message.
TEST_F(RouterTest, KnowsTheUserOfEveryMessageAlsoAfterPolling) {
  Router router = bind();
  Dealer dealer = connect(router);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(dealer.send({std::to_string(i)}));
  }
  for (int i = 0; i < 20; ++i) {
    const Received received = next_message(router);
    EXPECT_EQ(received.user_id, kUser);
    EXPECT_EQ(received.frames, std::vector<std::string>{std::to_string(i)});
  }
}

// A member says "I am KZ" by routing id. Neither the name nor the shape of libzmq's own ids helps.
TEST_F(RouterTest, DropsAPeerWithARoutingIdOfItsOwnChoosing) {
  const std::string squatted_ids[] = {"AM", std::string("\0\x12\x34\x56\x78", 5),
                                      std::string("\0KZ", 3), "12345"};
  for (const std::string& id : squatted_ids) {
    Router router = bind();
    RawDealer squatter(context_, member_, hub_.public_key);
    squatter.set(ZMQ_ROUTING_ID, id.data(), id.size());
    squatter.connect(router.endpoint());
    ASSERT_TRUE(squatter.send("from nobody", false));
    EXPECT_TRUE(eventually([&] {
      EXPECT_FALSE(router.receive());
      return router.counters().foreign_id_count == 1;
    }));

    Dealer dealer = connect(router);
    ASSERT_TRUE(dealer.send({"from AM"}));
    const Received received = next_message(router);
    EXPECT_EQ(received.frames, std::vector<std::string>{"from AM"});
  }
}

TEST_F(RouterTest, KnowsItsOwnRoutingIdsAfterManyConnections) {
  Router router = bind();
  for (int i = 0; i < 30; ++i) {
    Dealer dealer = connect(router);
    ASSERT_TRUE(dealer.send({"x"}));
    EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"x"}) << "connection " << i;
  }
  EXPECT_EQ(router.counters().foreign_id_count, 0U);
}

TEST_F(RouterTest, TakesAFrameOfExactlyTheLimitAndDropsTheConnectionOfALargerOne) {
  RouterOptions options = router_options();
  options.frame_bytes_max = 4096;
  Router router = must(Router::bind(context_, options));
  Dealer dealer = connect(router);
  ASSERT_TRUE(dealer.send({std::string(4096, 'x')}));
  const Received at_limit = next_message(router);
  EXPECT_EQ(at_limit.frames, std::vector<std::string>{std::string(4096, 'x')});

  ASSERT_TRUE(dealer.send({std::string(4097, 'x')}));
  EXPECT_TRUE(reaches(dealer, LinkState::kDisconnected));
  EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
  EXPECT_FALSE(router.receive());
  ASSERT_TRUE(dealer.send({"again"}));
  const Received after = next_message(router);
  EXPECT_EQ(after.frames, std::vector<std::string>{"again"});
}

TEST_F(RouterTest, MarksAMessageOfMorePartsThanTheLimitAndKeepsOnlyThatMany) {
  Router router = bind();
  Dealer dealer = connect(router);
  ASSERT_TRUE(dealer.send({"1", "2", "3", "4"}));
  ASSERT_TRUE(dealer.send({"1", "2", "3", "4", "5", "6"}));
  ASSERT_TRUE(dealer.send({"next"}));

  const Received at_limit = next_message(router);
  EXPECT_FALSE(at_limit.oversized);
  EXPECT_EQ(at_limit.frames.size(), 4U);
  const Received over = next_message(router);
  EXPECT_TRUE(over.oversized);
  EXPECT_EQ(over.frames.size(), 4U);
  EXPECT_EQ(router.counters().oversized_count, 1U);
  const Received next = next_message(router);
  EXPECT_EQ(next.frames, std::vector<std::string>{"next"});
}

TEST_F(RouterTest, SaysThatAPeerIsGone) {
  Router router = bind();
  const Result<> never = router.send(std::string("\0\1\2\3\4", 5), {"x"});
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, ErrorCode::kNotFound);

  std::string routing_id;
  {
    Dealer dealer = connect(router);
    ASSERT_TRUE(dealer.send({"x"}));
    routing_id = next_message(router).routing_id;
    ASSERT_TRUE(router.send(routing_id, {"x"}));
  }
  EXPECT_TRUE(eventually([&] {
    const Result<> sent = router.send(routing_id, {"x"});
    return !sent && sent.error().code == ErrorCode::kNotFound;
  }));
}

TEST_F(RouterTest, NamesTheConnectionsThatEnded) {
  Router router = bind();
  Dealer stays = connect(router);
  std::optional<Dealer> goes = connect(router);
  ASSERT_TRUE(stays.send({"x"}));
  next_message(router);
  ASSERT_TRUE(goes->send({"x"}));
  const std::string routing_id = next_message(router).routing_id;
  EXPECT_TRUE(router.take_gone().empty());
  goes.reset();
  std::vector<std::string> gone;
  EXPECT_TRUE(eventually([&] {
    EXPECT_FALSE(router.receive());
    gone = router.take_gone();
    return !gone.empty();
  }));
  EXPECT_EQ(gone, std::vector<std::string>{routing_id});
  EXPECT_TRUE(router.take_gone().empty()) << "once";
}

// Who comes after it can be told from it: what ended is known before the other's first word.
TEST_F(RouterTest, NamesAnEndedConnectionBeforeItGivesAWordOfALaterOne) {
  Router router = bind();
  for (int i = 0; i < 20; ++i) {
    std::string routing_id;
    {
      // The end of its context waits for the end of its connection, which a socket's does not.
      Context own = must(Context::create());
      Dealer first = must(Dealer::connect(own, dealer_options(router, member_)));
      ASSERT_TRUE(reaches(first, LinkState::kConnected));
      ASSERT_TRUE(first.send({"x"}));
      routing_id = next_message(router).routing_id;
    }
    Dealer second = connect(router);
    ASSERT_TRUE(second.send({"y"}));
    std::optional<Received> word;  // Nothing is asked of the router before it is there.
    ASSERT_TRUE(eventually([&] { return (word = router.receive()).has_value(); }));
    const std::vector<std::string> gone = router.take_gone();
    EXPECT_NE(std::ranges::find(gone, routing_id), gone.end()) << i;
  }
}

TEST_F(RouterTest, SaysThatAPeerDoesNotRead) {
  SlowPeer slow = slow_peer_of(4);
  const std::string frame(1U << 20U, 'x');
  EXPECT_EQ(code_of_first_failure(200, [&] { return slow.router.send(slow.id, {frame}); }),
            ErrorCode::kQueueFull);
}

// One that does not read has as much as the others are left, and a third gets what is for it.
TEST_F(RouterTest, WhatWaitsForPeersThatDoNotReadIsBoundedInBytes) {
  constexpr std::size_t kMost = 6U << 20U;
  RouterOptions options = router_options();
  options.leaving_bytes_max = kMost;
  Router router = must(Router::bind(context_, options));
  std::vector<std::unique_ptr<RawDealer>> slow;
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    slow.push_back(connect_slow(router));
    ids.push_back(next_message(router).routing_id);
  }
  Dealer third = connect(router);
  ASSERT_TRUE(third.send({"x"}));
  ids.push_back(next_message(router).routing_id);
  const std::string frame(256U << 10U, 'x');
  for (const std::size_t left : {kMost / 2, kMost / 4}) {  // By the first, and by the second.
    const std::string& id = left == kMost / 2 ? ids[0] : ids[1];
    EXPECT_EQ(code_of_first_failure(200, [&] { return router.send(id, {frame}); }),
              ErrorCode::kQueueFull);
    EXPECT_LE(router.leaving().bytes, kMost - left);
    EXPECT_GT(router.leaving().messages, 0U);
  }
  EXPECT_TRUE(eventually([&] {  // While the kernel takes some more.
    static_cast<void>(router.send(ids[0], {frame}));
    return !router.has_room(ids[0], frame.size());
  }));
  EXPECT_TRUE(router.has_room(ids[2], frame.size()));
  EXPECT_TRUE(router.send(ids[2], {"a word"}));
  EXPECT_EQ(next_message(third).at(0), "a word");
  // Whether it is read or goes with its connection, all of it is given back.
  slow.erase(slow.begin());
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(slow.front()->receive_part());
    static_cast<void>(router.receive());
    return router.leaving().messages == 0;
  }));
  EXPECT_EQ(router.leaving().bytes, 0U);
}

// libzmq counts messages, and takes none of who has its number: pages leave room for what is not
// one.
TEST_F(RouterTest, PagesLeaveRoomForOtherMessages) {
  SlowPeer slow = slow_peer_of(8);
  const std::string frame(256U << 10U, 'x');
  ASSERT_TRUE(eventually([&] {  // While libzmq and the kernel take some.
    static_cast<void>(slow.router.send(slow.id, {frame}));
    return !slow.router.has_room(slow.id, frame.size());
  }));
  EXPECT_LE(slow.router.leaving().messages, 5U);
  EXPECT_TRUE(slow.router.send(slow.id, {"a word"}));
}

TEST_F(RouterTest, RefusesAnAddressThatIsTakenAndTakesOneThatWasJustLeft) {
  auto first = std::make_unique<Router>(bind());
  RouterOptions options = router_options();
  options.endpoint = first->endpoint();
  options.bind_max = milliseconds(60);
  const Result<Router> second = Router::bind(context_, options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAddressInUse);

  first.reset();
  options.bind_max = milliseconds(2000);
  EXPECT_TRUE(Router::bind(context_, options));
}

TEST_F(RouterTest, RefusesOptionsThatCannotBe) {
  const auto code = [&](auto change) {
    RouterOptions options = router_options();
    change(options);
    const Result<Router> router = Router::bind(context_, options);
    return router ? ErrorCode::kInternal : router.error().code;
  };
  // An empty domain would let libzmq skip the ZAP handler.
  EXPECT_EQ(code([](RouterOptions& o) { o.zap_domain.clear(); }), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.endpoint = "pgm://x"; }), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.endpoint = "tcp://nonsense"; }),
            ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.frame_bytes_max = 0; }), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.send_count_max = 0; }), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.part_count_max = 0; }), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.connection_count_max = 0; }), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code([](RouterOptions& o) { o.handshake_max = milliseconds(0); }),
            ErrorCode::kConfigInvalid);
}

// ZAP judges handshakes only: a key that is revoked keeps its connection until it is cut.
TEST_F(RouterTest, CutsTheLiveConnectionOfARevokedKey) {
  Router router = bind();
  Dealer dealer = connect(router);
  ASSERT_TRUE(dealer.send({"before"}));
  const Received before = next_message(router);

  zap_->allow(kDomain, {});
  ASSERT_TRUE(dealer.send({"still here"}));
  EXPECT_EQ(next_message(router).user_id, kUser);

  router.disconnect(before.routing_id, before.source_fd);
  EXPECT_TRUE(reaches(dealer, LinkState::kDisconnected));
  EXPECT_TRUE(reaches(dealer, LinkState::kRefused));
  EXPECT_EQ(router.send(before.routing_id, {"x"}).error().code, ErrorCode::kNotFound);
}

TEST_F(RouterTest, LeavesDescriptorsAloneThatAreNotItsConnections) {
  Router router = bind();
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  router.disconnect("", pair[0]);
  router.disconnect("", -1);
  EXPECT_EQ(write(pair[0], "x", 1), 1);
  close(pair[0]);
  close(pair[1]);
}

TEST_F(RouterTest, CutsTheNewestConnectionOverTheLimitWhereTheOthersHaveSpoken) {
  RouterOptions options = router_options();
  options.connection_count_max = 2;
  Router router = must(Router::bind(context_, options));
  Dealer first = connect(router);
  Dealer second = connect(router);
  for (Dealer* const dealer : {&first, &second}) {
    ASSERT_TRUE(dealer->send({"a word"}));
    EXPECT_EQ(next_message(router).user_id, kUser);
  }
  EXPECT_EQ(router.connection_count(), 2U);
  EXPECT_EQ(router.counters().connection_over_count, 0U) << "at the limit";
  Dealer third = connect(router, member_);
  EXPECT_TRUE(eventually([&] {
    EXPECT_FALSE(router.receive());
    return router.counters().connection_over_count > 0;
  }));
  // Cut before or after its handshake: either way it does not stay.
  const LinkEvent event = next_event(third);
  EXPECT_TRUE(event.state == LinkState::kHandshakeFailed ||
              reaches(third, LinkState::kDisconnected));
  ASSERT_TRUE(first.send({"first"}));
  EXPECT_EQ(next_message(router).user_id, kUser);
  ASSERT_TRUE(second.send({"second"}));
  EXPECT_EQ(next_message(router).user_id, kUser);
}

TEST_F(RouterTest, CutsTheOldestSilentConnectionFirst) {
  RouterOptions options = router_options();
  options.connection_count_max = 3;
  Router router = must(Router::bind(context_, options));
  DealerOptions once = dealer_options(router, member_);
  once.reconnect_min = once.reconnect_max = milliseconds(60'000);
  const auto connected = [&] {
    Dealer dealer = must(Dealer::connect(context_, once));
    EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
    return dealer;
  };
  Dealer speaking = connected();  // The oldest of all.
  ASSERT_TRUE(speaking.send({"a word"}));
  EXPECT_EQ(next_message(router).user_id, kUser);
  Dealer silent_1 = connected();
  Dealer silent_2 = connected();
  EXPECT_EQ(router.connection_count(), 3U);
  EXPECT_EQ(router.counters().connection_over_count, 0U) << "at the limit";

  Dealer newest = connected();
  EXPECT_TRUE(eventually([&] { return router.connection_count() == 3; }));
  EXPECT_EQ(next_event(silent_1).state, LinkState::kDisconnected);
  EXPECT_EQ(router.counters().connection_over_count, 1U) << "one for one";
  for (Dealer* const dealer : {&speaking, &silent_2, &newest}) {
    ASSERT_TRUE(dealer->send({"still here"}));
    EXPECT_EQ(next_message(router).user_id, kUser);
  }
}

// Nobody calls receive() meanwhile: the descriptors are needed.
TEST_F(RouterTest, CutsConnectionsOverTheLimitAlsoWhileItsOwnerIsBusy) {
  RouterOptions options = router_options();
  options.connection_count_max = 3;
  options.handshake_max = milliseconds(60'000);
  const Router router = must(Router::bind(context_, options));
  std::vector<int> peers;
  peers.reserve(8);
  for (int i = 0; i < 8; ++i) {
    peers.push_back(connect_local(router.endpoint()));
  }
  EXPECT_TRUE(eventually([&] {
    return std::ranges::count_if(peers, [](int fd) {
             std::array<char, 128> greeting{};
             ssize_t size = 1;
             while (size > 0) {
               size = ::recv(fd, greeting.data(), greeting.size(), MSG_DONTWAIT);
             }
             return size == 0 || errno == ECONNRESET;
           }) == 5;
  }));
  for (const int fd : peers) {
    ::close(fd);
  }
}

// Descriptors are used again at once: who came after the peer that is meant is not cut for it.
TEST_F(RouterTest, DoesNotCutTheConnectionThatGotTheDescriptorOfAnother) {
  Router router = bind();
  std::optional<Dealer> first = connect(router);
  ASSERT_TRUE(first->send({"one"}));
  const Received before = next_message(router);
  first.reset();
  ASSERT_TRUE(eventually([&] { return router.connection_count() == 0; }));
  Dealer second = connect(router);
  ASSERT_TRUE(second.send({"two"}));
  router.disconnect(before.routing_id, next_message(router).source_fd);  // As if it were the same.
  ASSERT_TRUE(second.send({"three"}));
  EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"three"});
}

// libzmq holds the parts of an unfinished message without limit; a member must not be able to use
// that. (A DEALER of libzmq sends once it has the last part, so this message has an end, far off.)
class EndlessTest : public RouterTest {
 protected:
  void expect_cut(const RouterOptions& options, bool has_spoken) {
    Router router = must(Router::bind(context_, options));
    Dealer honest = connect(router);
    RawDealer endless(context_, member_, hub_.public_key);
    const int reconnect_ms = 60'000;
    endless.set(ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms);
    endless.connect(router.endpoint());
    if (has_spoken) {
      ASSERT_TRUE(endless.send("its first", false));
      EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"its first"});
    }
    const std::string part(3000, 'x');
    for (int i = 0; i < 20'000; ++i) {
      ASSERT_TRUE(endless.send(part, true));
    }
    ASSERT_TRUE(endless.send("the end", false));
    EXPECT_TRUE(eventually([&] {
      EXPECT_TRUE(honest.send({"still served"}));
      while (const std::optional<Received> received = router.receive()) {
        EXPECT_EQ(received->frames, std::vector<std::string>{"still served"});
      }
      return router.counters().waiting_cut_count > 0;
    }));
    EXPECT_TRUE(honest.send({"still served"}));
    EXPECT_EQ(next_message(router).user_id, kUser);
    // libzmq aborts when a socket is closed at the moment that its connection breaks in the middle
    // of a message of several parts: the other end is closed some time after.
    EXPECT_TRUE(eventually([&] { return router.connection_count() == 1; }));
    std::this_thread::sleep_for(milliseconds(20));
  }
  RouterOptions small_frames() {
    RouterOptions options = router_options();
    options.frame_bytes_max = 4096;
    options.waiting_bytes_max = 1U << 30U;
    options.first_bytes_max = 1U << 30U;
    return options;
  }
};

TEST_F(EndlessTest, CutsAConnectionWhoseMessageDoesNotEnd) {
  RouterOptions options = small_frames();
  options.waiting_bytes_max = 1U << 20U;
  expect_cut(options, /*has_spoken=*/true);
}

TEST_F(EndlessTest, CutsAConnectionSoonerThatHasNotSpokenYet) {
  RouterOptions options = small_frames();
  options.first_bytes_max = 64U << 10U;
  expect_cut(options, /*has_spoken=*/false);
}

// So many that the limit would be passed by far, were those that were taken counted as well: there
// is always one more, so that the queue is never seen empty.
TEST_F(RouterTest, DoesNotCutAMemberForManyMessagesThatAreTaken) {
  RouterOptions options = router_options();
  options.waiting_bytes_max = 1U << 20U;
  Router router = must(Router::bind(context_, options));
  Dealer dealer = connect(router);
  const std::string frame(100'000, 'x');
  ASSERT_TRUE(dealer.send({frame}));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(dealer.send({frame}));
    std::this_thread::sleep_for(milliseconds(2));
    EXPECT_EQ(next_message(router).frames, std::vector<std::string>{frame});
  }
  EXPECT_EQ(router.counters().waiting_cut_count, 0U);
}

// Nobody calls receive() meanwhile.
TEST_F(RouterTest, CutsAConnectionThatSendsMoreThanIsTaken) {
  RouterOptions options = router_options();
  options.waiting_bytes_max = 1U << 20U;
  Router router = must(Router::bind(context_, options));
  Dealer honest = connect(router);
  Dealer flooding = connect(router);
  ASSERT_TRUE(honest.send({"its first"}));
  ASSERT_TRUE(flooding.send({"its first"}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"its first"});
  }
  ASSERT_TRUE(honest.send({"still served"}));
  EXPECT_TRUE(eventually([&] {
    while (flooding.send({std::string(100'000, 'x')})) {
    }
    const std::optional<LinkEvent> event = flooding.next_event();
    return event && event->state == LinkState::kDisconnected;
  }));
  EXPECT_GE(router.counters().waiting_cut_count, 1U);
  EXPECT_GT(router.waiting_bytes(), 0U);  // The word of the honest one, if nothing else.
  EXPECT_TRUE(eventually([&] {
    const std::optional<Received> received = router.receive();
    return received && received->frames == std::vector<std::string>{"still served"};
  }));
  EXPECT_TRUE(honest.send({"still served"}));
  EXPECT_TRUE(eventually([&] {
    const std::optional<Received> received = router.receive();
    return received && received->frames == std::vector<std::string>{"still served"};
  }));
  EXPECT_TRUE(eventually([&] {  // The handshakes' bytes count for nothing once all is read.
    (void)router.receive();
    return router.waiting_bytes() == 0;
  }));
}

class ManyUsersTest : public RouterTest {
 protected:
  ManyUsersTest() {
    zap_->allow(kDomain, {{member_.public_key, kUser}, {other_.public_key, "another"}});
  }

  [[nodiscard]] RouterOptions small_options() const {
    RouterOptions options = router_options();
    options.all_waiting_bytes_max = 3U << 20U;
    options.frame_bytes_max = 200'000;
    return options;
  }

  Dealer speak(const CurveKeyPair& keys) {
    Dealer dealer = connect(router_, keys);
    EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
    EXPECT_TRUE(dealer.send({"its first"}));
    EXPECT_EQ(next_message(router_).frames, std::vector<std::string>{"its first"});
    return dealer;
  }

  std::vector<Dealer> speak(const CurveKeyPair& keys, std::size_t count) {
    std::vector<Dealer> dealers;
    dealers.reserve(count);
    while (dealers.size() < count) {
      dealers.push_back(speak(keys));
    }
    return dealers;
  }

  // In messages of 100,000 bytes, each beginning with `mark`.
  static void send_bytes(Dealer& dealer, std::size_t count, char mark) {
    for (std::size_t i = 0; i < count / 100'000; ++i) {
      ASSERT_TRUE(dealer.send({std::string(100'000, mark)}));
    }
  }

  bool so_many_are_cut(std::uint64_t count) {
    return eventually([&] { return router_.counters().waiting_cut_count >= count; });
  }

  static bool was_cut(Dealer& dealer) {
    while (const std::optional<LinkEvent> event = dealer.next_event()) {
      if (event->state == LinkState::kDisconnected) {
        return true;
      }
    }
    return false;
  }

  // How many there are to take of the messages with this mark.
  bool taken_are(char mark, int count) {
    return eventually([&] {
      while (const std::optional<Received> received = router_.receive()) {
        ++taken_[received->frames.at(0).at(0)];
      }
      return taken_[mark] == count;
    });
  }

  CurveKeyPair other_ = random_keys();
  Router router_ = must(Router::bind(context_, small_options()));
  std::map<char, int> taken_;
};

// No connection has more than it may, and who shares it out among many has no more for it.
TEST_F(ManyUsersTest, OfAllThatWaitTheUserWithMostIsCut) {
  std::vector<Dealer> many = speak(other_, 3);
  Dealer honest = speak(member_);
  send_bytes(honest, 1'200'000, 'h');
  send_bytes(many[0], 800'000, 'm');
  send_bytes(many[1], 800'000, 'm');
  EXPECT_TRUE(eventually([&] { return router_.all_waiting_bytes() > 2'800'000; }));
  EXPECT_EQ(router_.counters().waiting_cut_count, 0U) << "not more than there may be";
  send_bytes(many[2], 800'000, 'm');
  ASSERT_TRUE(so_many_are_cut(1));
  EXPECT_TRUE(taken_are('h', 12)) << "though no connection had more";
  EXPECT_FALSE(was_cut(honest));
}

// What it left is taken first, and costs nobody else a connection.
TEST_F(ManyUsersTest, WhatTheyLeftWhoWentCountsUntilItIsTaken) {
  std::vector<Dealer> many = speak(other_, 12);
  Dealer honest = speak(member_);
  send_bytes(honest, 200'000, 'h');
  for (Dealer& one : many) {
    send_bytes(one, 900'000, 'm');
  }
  ASSERT_TRUE(so_many_are_cut(12)) << "until none is left, as nothing is taken";
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_TRUE(taken_are('h', 2));
  Dealer back = speak(other_);
  send_bytes(back, 1'000'000, 'b');
  EXPECT_TRUE(eventually([&] { return router_.waiting_bytes() > 1'000'000; }));
  EXPECT_TRUE(taken_are('b', 10));
  EXPECT_FALSE(was_cut(honest));
  EXPECT_FALSE(was_cut(back)) << "who comes back has its room";
}

// Of so many only a part is looked at each time: none is passed over.
TEST_F(RouterTest, OfManyConnectionsEachIsCutThatLetsTooMuchWait) {
  constexpr int kMany = 5 * static_cast<int>(Connections::kLookedAtTogether) / 2;
  RouterOptions options = router_options();
  options.connection_count_max = 2 * kMany;
  options.waiting_bytes_max = 100'000;
  Router router = must(Router::bind(context_, options));
  const Context many = must(Context::create({.socket_count_max = 4 * kMany}));
  std::deque<RawDealer> dealers;
  for (int i = 0; i < kMany; ++i) {
    RawDealer& dealer = dealers.emplace_back(many, member_, hub_.public_key);
    dealer.connect(router.endpoint());
    ASSERT_TRUE(dealer.send("its first", false));
    ASSERT_EQ(next_message(router).frames, std::vector<std::string>{"its first"});
  }
  // Once one is cut, those after it stand one place before.
  std::uint64_t cut = 0;
  for (const std::size_t place : {std::size_t{20}, std::size_t{40}, std::size_t{80}}) {
    ASSERT_TRUE(dealers[place].send(std::string(150'000, 'x'), false));
    ++cut;
    EXPECT_TRUE(eventually([&] { return router.counters().waiting_cut_count == cut; })) << place;
  }
}

// libzmq ends the process where it reads a PING on a connection that broke while it read no more of
// it, for a full queue: it must never stop reading.
TEST_F(RouterTest, LivesThroughAPingBehindMessagesThatWaitAndAReset) {
  Router router = bind();
  Gate gate(router.endpoint());
  RawDealer hostile(context_, member_, hub_.public_key);
  const int heartbeat_ms = 10;
  const int patience_ms = 60'000;
  hostile.set(ZMQ_HEARTBEAT_IVL, &heartbeat_ms, sizeof heartbeat_ms);
  hostile.set(ZMQ_HEARTBEAT_TIMEOUT, &patience_ms, sizeof patience_ms);
  hostile.connect(gate.endpoint());
  ASSERT_TRUE(hostile.send("its first", false));
  EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"its first"});

  gate.hold();
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(hostile.send("x", false));
  }
  EXPECT_TRUE(eventually([&] { return gate.held_bytes() > 2000; }));  // With PINGs behind them.
  gate.let_through_and_reset();
  int received_count = 0;
  EXPECT_TRUE(eventually([&] {
    while (router.receive()) {
      ++received_count;
    }
    return received_count >= 30;
  }));
  Dealer honest = connect(router);
  EXPECT_TRUE(honest.send({"still served"}));
  EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"still served"});
}

TEST_F(RouterTest, EndsCleanlyUnderLoad) {
  auto router = std::make_unique<Router>(bind());
  std::atomic<bool> stop{false};
  std::vector<std::thread> members;
  members.reserve(3);
  for (int i = 0; i < 3; ++i) {
    members.emplace_back([this, &stop, options = dealer_options(*router, member_)] {
      Dealer dealer = must(Dealer::connect(context_, options));
      while (!stop) {
        if (!dealer.send({std::string(2000, 'x')})) {
          std::this_thread::yield();
        }
        (void)dealer.receive();
      }
    });
  }
  for (int i = 0; i < 2000; ++i) {
    const Received received = next_message(*router);
    (void)router->send(received.routing_id, {"ok"});
  }
  const auto begin = std::chrono::steady_clock::now();
  router.reset();
  zap_.reset();
  stop = true;
  for (std::thread& member : members) {
    member.join();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
}  // namespace chancery::zmq
