#include "io/os/signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

namespace chancery::os {
namespace {

bool is_readable(int fd) {
  pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) == 1;
}

TEST(SignalsTest, HandsOutEachSignalOnceInsteadOfEndingTheProcess) {
  auto signals = SignalFd::open();
  ASSERT_TRUE(signals);
  EXPECT_FALSE(is_readable(signals->fd()));
  EXPECT_EQ(signals->next(), std::nullopt);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ASSERT_EQ(::kill(::getpid(), number), 0);
    EXPECT_TRUE(is_readable(signals->fd()));
    EXPECT_EQ(signals->next(), number);
    EXPECT_EQ(signals->next(), std::nullopt);
  }
}

TEST(SignalsTest, HandsOutSignalsThatCameTogether) {
  auto signals = SignalFd::open();
  ASSERT_TRUE(signals);
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  std::vector<int> got;
  while (const auto number = signals->next()) {
    got.push_back(*number);
  }
  std::ranges::sort(got);
  EXPECT_EQ(got, (std::vector<int>{SIGHUP, SIGTERM}));
}

TEST(SignalsTest, WritingToAPeerThatHungUpIsAnErrorAndNotTheEnd) {
  const auto signals = SignalFd::open();
  ASSERT_TRUE(signals);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

}  // namespace
}  // namespace chancery::os
