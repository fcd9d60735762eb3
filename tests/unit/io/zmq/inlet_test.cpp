#include "io/zmq/inlet.h"

#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "io/zmq/connections.h"
#include "tests/unit/io/os/temporary_folder.h"
#include "tests/unit/io/zmq/support.h"
#include "tests/unit/io/zmq/withholding.h"

namespace chancery::zmq {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFrame = 256U << 10U;
constexpr std::size_t kWindow = 400U << 10U;
constexpr std::size_t kAll = 2U << 20U;
constexpr milliseconds kStuckMax{1'500};
constexpr std::size_t kHalf = 200U << 10U;  // Of a frame, and the handshake.

std::size_t descriptor_count() {
  DIR* const folder = ::opendir("/proc/self/fd");
  std::size_t count = 0;
  while (::readdir(folder) != nullptr) {
    ++count;
  }
  ::closedir(folder);
  return count;
}

// An application at the socket file, as HubTest's peers are at a port.
class InletTest : public HubTest {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "local.sock"; }
  [[nodiscard]] RouterOptions options() const {
    RouterOptions options = router_options();
    options.endpoint = "ipc://" + path();
    options.frame_bytes_max = kFrame;
    options.waiting_bytes_max = kWindow;
    options.all_waiting_bytes_max = kAll;
    options.stuck_max = kStuckMax;
    return options;
  }
  Router bind_file() { return must(Router::bind(context_, options())); }

  static std::string one_frame(Router& router) {
    const Received received = next_message(router);
    return received.frames.empty() ? std::string() : received.frames.front();
  }

  std::unique_ptr<RawDealer> raw(const std::string& endpoint, bool reads_one = false) {
    auto dealer = std::make_unique<RawDealer>(context_, member_, hub_.public_key);
    const int never = -1;
    const int no_limit = 0;
    dealer->set(ZMQ_RECONNECT_IVL, &never, sizeof never);
    dealer->set(ZMQ_SNDHWM, &no_limit, sizeof no_limit);
    if (reads_one) {
      const int one = 1;
      dealer->set(ZMQ_RCVHWM, &one, sizeof one);
    }
    dealer->connect(endpoint);
    return dealer;
  }

  os::TemporaryFolder folder_;
};

// What was received before the beginning of a message that never ends may be much.
TEST(BacklogTest, OfWhatWasNotTakenNoMoreCountsAsTakenThanAHandshakeHas) {
  Backlog backlog;
  backlog.took(100);
  backlog.drained(300);
  EXPECT_EQ(backlog.waiting(300), 0U);
  backlog.took(100);
  backlog.drained(1'000'000);
  EXPECT_EQ(backlog.waiting(1'000'000), 1'000'000 - 400 - kNoMessagesBytesMax);
  backlog.took(2'000'000);  // It did end.
  EXPECT_EQ(backlog.waiting(2'000'000), 0U);
  backlog.drained(2'000'000);
  EXPECT_EQ(backlog.waiting(2'000'100), 100U);
}

// What came in is no less than this, and no more after some time than it was: it stands.
template <class Bytes>
std::uint64_t standing(std::uint64_t least, Bytes bytes) {
  std::uint64_t before = 0;
  EXPECT_TRUE(eventually([&] {
    const std::uint64_t now = bytes();
    std::this_thread::sleep_for(milliseconds(100));
    return std::exchange(before, now) == now && now >= least;
  })) << before
      << " bytes came of " << least;
  return before;
}

TEST_F(InletTest, WhoSendsMoreThanIsTakenWaitsAndNothingIsLost) {
  Router router = bind_file();
  Dealer dealer = connect(router);
  const std::string frame(kFrame, 'x');
  std::size_t sent_count = 0;
  while (sent_count < 40) {  // 10 MiB.
    sent_count += dealer.send({frame}) ? 1U : 0U;
  }
  EXPECT_EQ(standing(kWindow, [&] { return router.all_waiting_bytes(); }), kWindow);
  for (std::size_t i = 0; i < sent_count; ++i) {
    ASSERT_EQ(next_message(router).frames, std::vector<std::string>{frame}) << i;
  }
  EXPECT_EQ(router.counters().waiting_cut_count, 0U);
  EXPECT_EQ(router.connection_count(), 1U);
  EXPECT_TRUE(eventually([&] {  // The handshake's bytes too.
    (void)router.receive();
    return router.all_waiting_bytes() == 0;
  }));
}

// More begin a frame than there is room for frames: one after the other is let in to its end.
TEST_F(InletTest, ManyThatSendAtOnceShareOneBoundAndAllComeThrough) {
  RouterOptions options = this->options();
  options.all_waiting_bytes_max = kWindow;
  Router router = must(Router::bind(context_, options));
  constexpr std::size_t kPeers = 32;
  constexpr std::size_t kEach = 5;
  std::vector<std::unique_ptr<RawDealer>> peers;
  const std::string frame(kFrame, 'x');
  for (std::size_t i = 0; i < kPeers; ++i) {
    peers.push_back(raw(router.endpoint()));
    ASSERT_TRUE(peers.back()->send("its first", false));
  }
  for (std::size_t i = 0; i < kPeers; ++i) {
    ASSERT_EQ(one_frame(router), "its first");
  }
  for (std::size_t i = 0; i < kPeers * kEach; ++i) {
    ASSERT_TRUE(peers[i % kPeers]->send(frame, false));
  }
  // Nobody takes anything for longer than anybody would be cut after.
  const std::uint64_t stands = standing(kWindow, [&] { return router.all_waiting_bytes(); });
  EXPECT_LE(stands, 2 * kWindow + kPeers * kSmallBytes);
  std::this_thread::sleep_for(kStuckMax + milliseconds(200));
  for (std::size_t i = 0; i < kPeers * kEach; ++i) {
    EXPECT_LE(router.all_waiting_bytes(), 2 * kWindow + kPeers * kSmallBytes);
    ASSERT_TRUE(one_frame(router) == frame)
        << i << " came, " << router.counters().waiting_cut_count << " were cut, "
        << router.all_waiting_bytes() << " bytes wait";
  }
  EXPECT_EQ(router.counters().waiting_cut_count, 0U);
}

TEST_F(InletTest, AMessageThatDoesNotEndGetsNoFartherThanItsLimitAndIsCut) {
  Router router = bind_file();
  Dealer honest = connect(router);
  const std::unique_ptr<RawDealer> endless = raw(router.endpoint());
  ASSERT_TRUE(endless->send("its first", false));
  EXPECT_EQ(one_frame(router), "its first");
  const std::string part(3000, 'x');
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(endless->send(part, true));
  }
  ASSERT_TRUE(endless->send("the end", false));
  EXPECT_TRUE(eventually([&] {
    EXPECT_LE(router.all_waiting_bytes(), kWindow + 20'000);
    EXPECT_TRUE(honest.send({"still served"}));
    EXPECT_EQ(one_frame(router), "still served");
    return router.counters().waiting_cut_count == 1;
  }));
  EXPECT_TRUE(eventually([&] { return router.connection_count() == 1; }));
  EXPECT_TRUE(eventually([&] {
    (void)router.receive();
    return router.all_waiting_bytes() == 0;
  }));
}

// None has as much in there as it may, and together they have all the room.
TEST_F(InletTest, WhoKeepsTheRoomOfAllWithWhatDoesNotEndIsCutAndTheHonestIsServed) {
  Router router = bind_file();
  Dealer honest = connect(router);
  ASSERT_TRUE(honest.send({"its first"}));
  EXPECT_EQ(one_frame(router), "its first");
  std::vector<std::unique_ptr<Withholding>> ways;
  std::vector<std::unique_ptr<RawDealer>> crowd;
  for (std::size_t i = 0; i < 12; ++i) {
    ways.push_back(std::make_unique<Withholding>(folder_ / std::to_string(i), path(), kHalf));
    crowd.push_back(raw("ipc://" + folder_ / std::to_string(i)));
    ASSERT_TRUE(crowd.back()->send(std::string(kFrame, 'x'), false));
  }
  EXPECT_TRUE(eventually([&] { return router.all_waiting_bytes() >= crowd.size() * kHalf; }));
  ASSERT_TRUE(honest.send({"small"}));
  EXPECT_EQ(one_frame(router), "small");
  ASSERT_TRUE(honest.send({std::string(kFrame, 'x')}));
  EXPECT_EQ(one_frame(router).size(), kFrame);
  EXPECT_TRUE(eventually([&] {
    (void)router.receive();
    return router.all_waiting_bytes() < kAll + crowd.size() * kSmallBytes;
  }));
  EXPECT_GE(router.counters().waiting_cut_count, 1U);
  EXPECT_LE(router.counters().waiting_cut_count, 2U);  // No more of them than it takes.
  ASSERT_TRUE(honest.send({"still served"}));
  EXPECT_EQ(one_frame(router), "still served");
}

// Nobody takes anything, and all there is room for is taken up.
TEST_F(InletTest, WhoComesWhereAllTheRoomIsTakenIsLetInAndHeard) {
  Router router = bind_file();
  std::vector<std::unique_ptr<RawDealer>> crowd;
  for (std::size_t i = 0; i < 20; ++i) {
    crowd.push_back(raw(router.endpoint()));
    ASSERT_TRUE(crowd.back()->send(std::string(kFrame, 'x'), false));
    ASSERT_TRUE(crowd.back()->send(std::string(kFrame, 'x'), false));
  }
  standing(kAll, [&] { return router.all_waiting_bytes(); });
  Dealer late = connect(router);
  ASSERT_TRUE(late.send({"small"}));
  std::size_t before = 0;
  EXPECT_TRUE(eventually([&] {
    const std::optional<Received> received = router.receive();
    before += received ? 1U : 0U;
    return received && received->frames.front() == "small";
  }));
  EXPECT_LE(before, 22U);  // One of each at most: it did not wait for the others' second.
}

// Who began and stands still has its time, also where that holds others up.
TEST_F(InletTest, WhoIsSlowIsNotCut) {
  RouterOptions options = this->options();
  options.stuck_max = milliseconds(60'000);
  Router router = must(Router::bind(context_, options));
  std::vector<std::unique_ptr<Withholding>> ways;
  std::vector<std::unique_ptr<RawDealer>> crowd;
  for (std::size_t i = 0; i < 12; ++i) {
    ways.push_back(std::make_unique<Withholding>(folder_ / std::to_string(i), path(), kHalf));
    crowd.push_back(raw("ipc://" + folder_ / std::to_string(i)));
    ASSERT_TRUE(crowd.back()->send(std::string(kFrame, 'x'), false));
  }
  standing(kAll, [&] {  // And found empty again and again.
    EXPECT_FALSE(router.receive());
    return router.all_waiting_bytes();
  });
  for (const std::unique_ptr<Withholding>& way : ways) {
    way->let_through();
  }
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    EXPECT_EQ(one_frame(router).size(), kFrame);
  }
  EXPECT_EQ(router.counters().waiting_cut_count, 0U);
}

// Its time begins when nobody holds it up, though it has been waiting for longer by then.
TEST_F(InletTest, WhoWaitedForRoomIsNotCutForIt) {
  RouterOptions options = this->options();
  options.all_waiting_bytes_max = kWindow;
  options.stuck_max = milliseconds(3'000);
  Router router = must(Router::bind(context_, options));
  const std::string frame(kFrame, 'x');
  std::vector<std::unique_ptr<Withholding>> ways;
  std::vector<std::unique_ptr<RawDealer>> crowd;
  const auto begin = [&](std::uint64_t bytes) {
    const std::string place = folder_ / std::to_string(ways.size());
    ways.push_back(std::make_unique<Withholding>(place, path(), bytes));
    crowd.push_back(raw("ipc://" + place));
    EXPECT_TRUE(crowd.back()->send(frame, false));
  };
  const auto stands = [&](std::uint64_t least) {  // And found empty again and again.
    return standing(least, [&] {
      EXPECT_FALSE(router.receive());
      return router.all_waiting_bytes();
    });
  };
  for (int i = 0; i < 4; ++i) {
    begin(kHalf);
  }
  EXPECT_EQ(stands(4 * kHalf), 4 * kHalf);
  constexpr std::uint64_t kMost = kHalf + 20'000;
  begin(kMost);
  EXPECT_EQ(stands(4 * kHalf + kSmallBytes), 4 * kHalf + kSmallBytes);
  const auto finds_nothing_for = [&](milliseconds time) {
    EXPECT_FALSE(eventually([&] { return router.receive().has_value(); }, time));
  };
  finds_nothing_for(milliseconds(1'500));
  ways.front()->let_through();
  EXPECT_EQ(one_frame(router), frame);
  EXPECT_EQ(stands(3 * kHalf + kMost), 3 * kHalf + kMost);
  finds_nothing_for(milliseconds(1'500));
  EXPECT_EQ(router.counters().waiting_cut_count, 0U);
  ways.back()->let_through();
  EXPECT_EQ(one_frame(router), frame);
}

// Whose messages are whole all the time has its turn as the others have.
TEST_F(InletTest, WhoSendsWithoutEndKeepsNobodyFromBeingHeard) {
  RouterOptions options = this->options();
  options.all_waiting_bytes_max = kWindow;
  Router router = must(Router::bind(context_, options));
  const std::string frame(kFrame, 'x');
  const std::string endless(kFrame - 1, 'e');
  const std::unique_ptr<RawDealer> flooding = raw(router.endpoint());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(flooding->send(endless, false));
  }
  std::vector<std::unique_ptr<RawDealer>> honest;
  for (std::size_t i = 0; i < 8; ++i) {
    honest.push_back(raw(router.endpoint()));
    ASSERT_TRUE(honest.back()->send(frame, false));
    ASSERT_TRUE(honest.back()->send(frame, false));
  }
  std::size_t heard_count = 0;
  std::size_t endless_count = 0;
  EXPECT_TRUE(eventually([&] {
    if (const std::optional<Received> received = router.receive()) {
      const bool is_endless = received->frames.front() == endless;
      heard_count += is_endless ? 0U : 1U;
      endless_count += is_endless ? 1U : 0U;
      EXPECT_TRUE(!is_endless || flooding->send(endless, false));  // As many as were taken.
    }
    EXPECT_LE(router.all_waiting_bytes(), router.all_waiting_bytes_max());
    return heard_count == 16;
  })) << heard_count
      << " of 16, and " << endless_count << " of the one without end";
  EXPECT_EQ(router.counters().waiting_cut_count, 0U);
}

// What those left who came, handed something in and went counts until it was taken.
TEST_F(InletTest, WhatThoseLeftWhoWentCountsUntilItIsTaken) {
  Router router = bind_file();
  const std::string frame(kFrame, 'x');
  for (int i = 0; i < 20; ++i) {
    const std::unique_ptr<RawDealer> peer = raw(router.endpoint());
    const int patience_ms = 200;
    peer->set(ZMQ_LINGER, &patience_ms, sizeof patience_ms);
    ASSERT_TRUE(peer->send(frame, false));
  }
  const std::uint64_t stands = standing(kFrame, [&] { return router.all_waiting_bytes(); });
  EXPECT_LE(stands, router.all_waiting_bytes_max());
  EXPECT_TRUE(eventually([&] { return router.connection_count() <= 20; }));
  std::uint64_t bytes = 0;
  EXPECT_TRUE(eventually([&] {
    if (const std::optional<Received> received = router.receive()) {
      bytes += received->frames.front().size();
    }
    return router.all_waiting_bytes() == 0;
  }));
  EXPECT_GE(bytes, kFrame);  // Handed in is handed in, where it is whole.
}

TEST_F(InletTest, AConnectionThatEndsAtOneEndEndsAtTheOther) {
  Router router = bind_file();
  const std::size_t before = descriptor_count();
  {
    Dealer dealer = connect(router);
    ASSERT_TRUE(dealer.send({"one"}));
    const Received received = next_message(router);
    router.disconnect(received.routing_id, received.source_fd);
    EXPECT_TRUE(reaches(dealer, LinkState::kDisconnected));
    ASSERT_TRUE(reaches(dealer, LinkState::kConnected));
    ASSERT_TRUE(dealer.send({"two"}));
    EXPECT_EQ(one_frame(router), "two");
  }
  for (int i = 0; i < 100; ++i) {
    const int fd = connect_file(path());
    if (i % 2 == 0) {
      ::shutdown(fd, SHUT_WR);
    }
    ::close(fd);
  }
  EXPECT_TRUE(eventually([&] { return router.connection_count() == 0; }));
  EXPECT_TRUE(eventually([&] { return descriptor_count() <= before; })) << descriptor_count();
}

// 1 MiB and more in both directions at once, and the end of it is there though the Router is gone.
TEST_F(InletTest, WhatWasSentAtTheEndArrives) {
  auto router = std::make_unique<Router>(bind_file());
  Dealer dealer = connect(*router);
  ASSERT_TRUE(dealer.send({"ask"}));
  const std::string to = next_message(*router).routing_id;
  const std::string answer(900'000, 'y');
  ASSERT_TRUE(router->send(to, {answer}));
  ASSERT_TRUE(router->send(to, {"the last"}));
  std::thread reader([&] {
    EXPECT_EQ(next_message(dealer), std::vector<std::string>{answer});
    EXPECT_EQ(next_message(dealer), std::vector<std::string>{"the last"});
  });
  router.reset();
  reader.join();
}

// The destructor comes back: what libzmq had for it is given up after its linger time.
TEST_F(InletTest, WhoDoesNotReadDoesNotKeepARouterFromEnding) {
  auto router = std::make_unique<Router>(bind_file());
  const std::unique_ptr<RawDealer> slow = raw(router->endpoint(), /*reads_one=*/true);
  ASSERT_TRUE(slow->send("ask", false));
  const std::string to = next_message(*router).routing_id;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(router->send(to, {std::string(kFrame, 'y')}));
  }
  router.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(InletTest, RefusesALimitThatOneFrameWouldPass) {
  RouterOptions options = this->options();
  options.waiting_bytes_max = kFrame;
  EXPECT_EQ(Router::bind(context_, options).error().code, ErrorCode::kConfigInvalid);
  options.waiting_bytes_max = kAll + 1;
  EXPECT_EQ(Router::bind(context_, options).error().code, ErrorCode::kConfigInvalid);
}

}  // namespace
}  // namespace chancery::zmq
