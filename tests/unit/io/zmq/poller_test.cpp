#include "io/zmq/poller.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>

#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

using std::chrono::milliseconds;

class PollerTest : public HubTest {
 protected:
  // Until this entry is ready; what else becomes ready is read away by `drain`.
  template <class Drain>
  static bool wait_for(Poller& poller, Poller::Token token, Drain drain) {
    return eventually([&] {
      if (must(poller.wait(milliseconds(100))) > 0 && poller.ready(token)) {
        return true;
      }
      drain();
      return false;
    });
  }
};

TEST_F(PollerTest, WakesForADescriptorAndSaysWhich) {
  const int wake_fd = eventfd(0, EFD_CLOEXEC);
  const int other_fd = eventfd(0, EFD_CLOEXEC);
  Poller poller;
  const Poller::Token wake = poller.add(wake_fd);
  const Poller::Token other = poller.add(other_fd);
  EXPECT_EQ(must(poller.wait(milliseconds(0))), 0U);
  EXPECT_FALSE(poller.ready(wake));

  ASSERT_EQ(eventfd_write(wake_fd, 1), 0);
  EXPECT_EQ(must(poller.wait(milliseconds(2000))), 1U);
  EXPECT_TRUE(poller.ready(wake));
  EXPECT_FALSE(poller.ready(other));

  poller.remove(wake);
  EXPECT_FALSE(poller.ready(wake));
  EXPECT_EQ(must(poller.wait(milliseconds(0))), 0U);
  close(wake_fd);
  close(other_fd);
}

TEST_F(PollerTest, WakesForAMessageAndForAnEvent) {
  Router router = bind();
  Dealer dealer = connect(router, member_);
  Poller poller;
  const Poller::Token link = poller.add(dealer);
  ASSERT_TRUE(wait_for(poller, link, [] {}));
  EXPECT_TRUE(reaches(dealer, LinkState::kConnected));

  while (router.receive()) {
  }
  const Poller::Token hub = poller.add(router);
  EXPECT_EQ(must(poller.wait(milliseconds(0))), 0U);
  ASSERT_TRUE(dealer.send({"x"}));
  ASSERT_TRUE(wait_for(poller, hub, [&] { (void)dealer.next_event(); }));
  EXPECT_EQ(next_message(router).frames, std::vector<std::string>{"x"});
  EXPECT_EQ(must(poller.wait(milliseconds(0))), 0U);
}

TEST_F(PollerTest, FollowsASocketThroughAReconnectAndForgetsItWhenItIsGone) {
  const Router router = bind();
  auto dealer = std::make_unique<Dealer>(connect(router));
  Poller poller;
  const Poller::Token link = poller.add(*dealer);
  ASSERT_TRUE(dealer->reconnect());
  ASSERT_TRUE(wait_for(poller, link, [] {}));
  EXPECT_TRUE(reaches(*dealer, LinkState::kConnected));
  Dealer moved = std::move(*dealer);
  dealer.reset();
  ASSERT_TRUE(moved.reconnect());
  ASSERT_TRUE(wait_for(poller, link, [] {}));
  {
    const Dealer ended = std::move(moved);
  }
  EXPECT_EQ(must(poller.wait(milliseconds(10))), 0U);
}

TEST_F(PollerTest, ReturnsWhenASignalComes) {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  struct sigaction before{};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  Poller poller;
  const Router router = bind();
  poller.add(router);
  std::atomic<bool> done{false};
  std::thread sender([&done, waiting = pthread_self()] {
    while (!done) {
      std::this_thread::sleep_for(milliseconds(20));
      pthread_kill(waiting, SIGUSR1);
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(must(poller.wait(milliseconds(10'000))), 0U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5000));
  done = true;
  sender.join();
  ASSERT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
}

}  // namespace
}  // namespace chancery::zmq
