#include "io/os/command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "io/os/clock.h"
#include "io/os/file.h"
#include "tests/unit/io/os/alive.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::os {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPlenty{20'000};  // Never reached where the code is right.

class CommandTest : public testing::Test {
 protected:
  CommandTest() { std::signal(SIGPIPE, SIG_IGN); }

  CommandEnd run(const std::string& script, const std::string& input = "",
                 milliseconds time_max = kPlenty, const std::stop_token& stop = {}) {
    Result<CommandEnd> end = run_command({"/bin/sh", "-c", script}, input, time_max, stop);
    EXPECT_TRUE(end.has_value()) << end.error().to_string();
    return end.value_or(CommandEnd{});
  }
  // -1 where it did not end by itself, or by a signal.
  static int code(const CommandEnd& end) {
    return end.status.value_or(ExitStatus{}).code.value_or(-1);
  }
  std::string content(const std::string& name) {
    return read_file(folder_ / name, std::size_t{1} << 20U).value_or("");
  }
  // Waits for it.
  bool appears(const std::string& name) {
    const auto until = steady_now() + kPlenty;
    while (!std::filesystem::exists(folder_ / name) && steady_now() < until) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    return std::filesystem::exists(folder_ / name);
  }
  pid_t number_in(const std::string& name) { return std::stoi(content(name)); }

  TemporaryFolder folder_;
};

TEST_F(CommandTest, IsHandedItsInputAndItsEnd) {
  const std::string input(300'000, 'x');  // More than a pipe holds.
  const CommandEnd end = run("cat > " + (folder_ / "got"), input);
  EXPECT_EQ(code(end), 0);
  EXPECT_EQ(content("got"), input);
}

TEST_F(CommandTest, NeedNotReadItsInput) {
  const std::string input(300'000, 'x');
  EXPECT_EQ(code(run("exit 3", input)), 3);
  EXPECT_EQ(code(run("exec <&-; sleep 0.1; exit 4", input)), 4);
}

TEST_F(CommandTest, SaysTheFirstLineOfItsErrorsCut) {
  EXPECT_EQ(run("echo out; echo >&2; echo one >&2; echo two >&2; exit 1").complaint, "one");
  EXPECT_EQ(run("printf '%0999d' 7 >&2").complaint, std::string(kComplaintBytesMax, '0'));
  EXPECT_EQ(run("head -c 1000000 /dev/zero | tr '\\0' '\\n' >&2; echo last >&2").complaint, "last");
}

TEST_F(CommandTest, HasNothingOfOursButPathAndLang) {
  ::setenv("CHANCERY_TEST_SECRET", "1", 1);
  std::array<int, 4> ours{};
  for (int& number : ours) {
    number = ::dup(STDIN_FILENO);  // As a library may leave them: without O_CLOEXEC.
  }
  const CommandEnd end = run("env > " + (folder_ / "env") + "; pwd > " + (folder_ / "pwd") +
                             "; for n in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo $n; "
                             "done > " +
                             (folder_ / "numbers") + "; true");
  ::unsetenv("CHANCERY_TEST_SECRET");
  for (const int number : ours) {
    ::close(number);
  }
  EXPECT_EQ(code(end), 0);
  const std::string variables = content("env");
  EXPECT_TRUE(variables.contains("PATH=/usr/local/bin:")) << variables;
  EXPECT_TRUE(variables.contains("LANG=C.UTF-8\n")) << variables;
  EXPECT_EQ(std::ranges::count(variables, '\n'), 3) << "the shell adds PWD: " << variables;
  EXPECT_EQ(content("pwd"), "/\n");
  EXPECT_EQ(content("numbers"), "");
}

TEST_F(CommandTest, IsEndedWithItsGroupWhenItsTimeIsUp) {
  const auto begun = steady_now();
  const CommandEnd end = run("trap '' TERM; sleep 300 & echo $! > " + (folder_ / "child") +
                                 "; echo no answer >&2; wait; sleep 300",
                             std::string(300'000, 'x'), milliseconds(1500));
  EXPECT_FALSE(end.status.has_value());
  EXPECT_EQ(end.complaint, "no answer");
  EXPECT_GE(steady_now() - begun, milliseconds(1500));
  EXPECT_TRUE(dies(number_in("child")));
}

TEST_F(CommandTest, MayCleanUpWhenItIsEnded) {
  std::stop_source stop;
  const std::jthread stopper([&] {
    appears("ready");
    stop.request_stop();
  });
  const CommandEnd end = run("trap 'touch " + (folder_ / "cleaned") + "; exit 0' TERM; touch " +
                                 (folder_ / "ready") + "; sleep 300 & wait",
                             "", std::chrono::hours(1), stop.get_token());
  EXPECT_FALSE(end.status.has_value()) << "it did not end by itself";
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cleaned"));
}

TEST_F(CommandTest, IsEndedWhenAStopIsAskedFor) {
  std::stop_source stop;
  const std::jthread stopper([&] {
    appears("child");
    stop.request_stop();
  });
  const CommandEnd end = run("sleep 300 & echo $! > " + (folder_ / "child") + "; wait", "",
                             std::chrono::hours(1), stop.get_token());
  EXPECT_FALSE(end.status.has_value());
  EXPECT_TRUE(dies(number_in("child")));
}

TEST_F(CommandTest, WhatItLeavesRunningIsNotWaitedFor) {
  const CommandEnd end = run("sleep 300 & echo $! > " + (folder_ / "child"));
  EXPECT_EQ(code(end), 0);
  EXPECT_EQ(::kill(number_in("child"), SIGKILL), 0);
}

TEST_F(CommandTest, ThatIsNotThereIsNamed) {
  const Result<CommandEnd> end = run_command({folder_ / "none"}, "", kPlenty);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().code, ErrorCode::kFileMissing);
}

}  // namespace
}  // namespace chancery::os
