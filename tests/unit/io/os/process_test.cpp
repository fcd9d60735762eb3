#include "io/os/process.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "io/os/clock.h"
#include "io/os/signals.h"
#include "tests/unit/io/os/alive.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::os {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong{20'000};  // Never reached where the code is right.

Child shell(const std::string& script, const ChildOptions& options = {}) {
  auto child = Child::spawn({"sh", "-c", script}, options);
  EXPECT_TRUE(child) << child.error().detail;
  return std::move(child).value();
}

// Waits until the output ends, or until there are so many lines.
std::vector<std::string> lines_of(Child& child, std::size_t count_max = SIZE_MAX) {
  std::vector<std::string> all;
  const auto deadline = steady_now() + kLong;
  while (child.output_fd() >= 0 && all.size() < count_max && steady_now() < deadline) {
    pollfd readable = {.fd = child.output_fd(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, 100);
    for (std::string& line : child.read_lines()) {
      all.push_back(std::move(line));
    }
  }
  return all;
}

// Neither a code nor a signal where it does not end.
ExitStatus end_of(Child& child) {
  return child.wait(kLong).value_or(ExitStatus{});
}

TEST(ProcessTest, ReadsOutputAndErrorsInOrderLineByLine) {
  Child child = shell("echo one; echo two >&2; printf 'three\\n\\nno end'");
  EXPECT_EQ(lines_of(child), (std::vector<std::string>{"one", "two", "three", "", "no end"}));
  EXPECT_EQ(child.output_fd(), -1);
  EXPECT_TRUE(end_of(child).ok());
}

TEST(ProcessTest, CutsLinesThatNeverEnd) {
  Child child = shell("head -c 20000 /dev/zero | tr '\\0' x");
  const auto lines = lines_of(child);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].size(), kOutputLineSizeMax);
  EXPECT_EQ(lines[1].size(), kOutputLineSizeMax);
  EXPECT_EQ(lines[2].size(), 20'000 - 2 * kOutputLineSizeMax);
}

TEST(ProcessTest, ReturnsFromReadLinesThoughTheChildNeverStopsWriting) {
  Child child = shell("yes");
  EXPECT_FALSE(lines_of(child, 1).empty());
  child.kill();
  EXPECT_TRUE(child.wait(kLong));
}

TEST(ProcessTest, TellsExitCodesFromSignals) {
  Child failed = shell("exit 3");
  EXPECT_FALSE(failed.exit_status().has_value());
  EXPECT_EQ(end_of(failed).code, 3);
  EXPECT_EQ(end_of(failed).signal, std::nullopt);
  EXPECT_FALSE(end_of(failed).ok());

  Child killed = shell("kill -9 $$");
  const ExitStatus status = end_of(killed);
  EXPECT_EQ(status.code, std::nullopt);
  EXPECT_EQ(status.signal, SIGKILL);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(killed.wait(milliseconds(0)));  // Again, and the same.
}

TEST(ProcessTest, FailsAtOnceWhereThereIsNoSuchProgramOrFolder) {
  const auto missing = Child::spawn({"/no/such/program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kFileMissing);
  EXPECT_NE(missing.error().detail.find("/no/such/program"), std::string::npos);
  EXPECT_FALSE(Child::spawn({"true"}, {.folder = "/no/such/folder"}));
  EXPECT_FALSE(Child::spawn({"/etc/passwd"}));
  EXPECT_FALSE(Child::spawn({}));
}

TEST(ProcessTest, WaitsNoLongerThanAsked) {
  Child child = shell("exec sleep 100");
  const auto start = steady_now();
  EXPECT_EQ(child.wait(milliseconds(50)), std::nullopt);
  EXPECT_GE(steady_now() - start, milliseconds(50));
  EXPECT_LT(steady_now() - start, kLong);
  child.terminate();
  EXPECT_EQ(end_of(child).signal, SIGTERM);
}

TEST(ProcessTest, TellsTheCpuOfAChildThatEnded) {
  Child child = shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
  EXPECT_EQ(child.cpu_time().count(), 0);
  ASSERT_TRUE(child.wait(kLong));
  EXPECT_GT(child.cpu_time().count(), 0);
  const Child moved = std::move(child);
  EXPECT_GT(moved.cpu_time().count(), 0);
}

TEST(ProcessTest, ExitFdIsReadableOnceTheChildEnded) {
  Child child = shell("read line");  // stdin is empty: read ends at once.
  pollfd ended = {.fd = child.exit_fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, static_cast<int>(kLong.count())), 1);
  EXPECT_TRUE(child.wait(milliseconds(0)));
}

TEST(ProcessTest, EndsTheWholeGroup) {
  Child child = shell("sleep 100 & echo $!; wait");
  const auto lines = lines_of(child, 1);
  ASSERT_EQ(lines.size(), 1U);
  const pid_t grandchild = std::stoi(lines[0]);
  EXPECT_TRUE(is_alive(grandchild));
  child.terminate();
  EXPECT_TRUE(child.wait(kLong));
  EXPECT_TRUE(dies(grandchild));
}

TEST(ProcessTest, KillsWhoeverIgnoresTermination) {
  Child child = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done");
  ASSERT_EQ(lines_of(child, 1).size(), 1U);
  child.terminate();
  EXPECT_EQ(child.wait(milliseconds(200)), std::nullopt);
  child.kill();
  EXPECT_EQ(end_of(child).signal, SIGKILL);
}

TEST(ProcessTest, LeavesNoChildBehindWhenItGoes) {
  pid_t pid = -1;
  {
    Child child = shell("exec sleep 100");
    pid = child.pid();
    const Child moved = std::move(child);
    EXPECT_TRUE(is_alive(pid));
  }
  EXPECT_FALSE(is_alive(pid));
}

TEST(ProcessTest, GivesTheChildACleanSignalMask) {
  const auto signals = SignalFd::open();
  ASSERT_TRUE(signals);
  Child child = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  const auto lines = lines_of(child);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "SigBlk:\t0000000000000000");
  EXPECT_EQ(lines[1], "SigIgn:\t0000000000000000");
}

TEST(ProcessTest, GivesTheChildNoOtherFilesOfOurs) {
  Child child = shell("ls /proc/self/fd | tr '\\n' ' '");
  const auto lines = lines_of(child);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "0 1 2 3 ");  // 3 is the folder that ls reads.
}

TEST(ProcessTest, RunsWhereItIsTold) {
  const TemporaryFolder folder;
  Child child = Child::spawn({"pwd"}, {.folder = folder.path()}).value();
  EXPECT_EQ(lines_of(child), std::vector<std::string>{folder.path()});
}

// A daemon that crashed must not leave nodes behind that hold the ports and the stores.
TEST(ProcessTest, ChildrenDieWithTheirParent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto child = Child::spawn({"sleep", "100"});
    const pid_t pid = child ? child->pid() : -1;
    [[maybe_unused]] const ssize_t written = ::write(ends[1], &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
  }
  pid_t orphan = -1;
  ASSERT_EQ(::read(ends[0], &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
  ::close(ends[0]);
  ::close(ends[1]);
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  ASSERT_GT(orphan, 0);
  EXPECT_TRUE(dies(orphan));
}

TEST(ProcessTest, FindsAPortThatCanBeBound) {
  const auto port = free_tcp_port();
  ASSERT_TRUE(port);
  const Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(*port);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

TEST(ProcessTest, HardeningForbidsCoreDumpsTracingAndReadableFiles) {
  const pid_t pid = ::fork();  // It cannot be taken back.
  if (pid == 0) {
    rlimit limit{};
    const bool hardened = harden_process().has_value();
    ::getrlimit(RLIMIT_CORE, &limit);
    const bool ok = hardened && limit.rlim_cur == 0 && limit.rlim_max == 0 &&
                    ::prctl(PR_GET_DUMPABLE) == 0 && ::umask(0) == 0077;
    ::_exit(ok ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace chancery::os
