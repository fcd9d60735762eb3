#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <string>

namespace chancery::cli {
namespace {

using std::chrono::milliseconds;

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() : terminal_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
  }
  void TearDown() override { ::close(terminal_); }

  int terminal_;
};

TEST_F(TerminalTest, ColoursAreForTerminalsWhereNobodyDeclinesThem) {
  ASSERT_GE(terminal_, 0);
  EXPECT_TRUE(wants_colour(terminal_));
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(wants_colour(terminal_)) << "an empty one declines nothing";
  ::setenv("NO_COLOR", "0", 1);
  EXPECT_FALSE(wants_colour(terminal_));
  EXPECT_TRUE(is_terminal(terminal_));
}

TEST_F(TerminalTest, ADumbTerminalAndAPipeGetNeither) {
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(is_terminal(terminal_));
  EXPECT_FALSE(wants_colour(terminal_));
  ::setenv("TERM", "xterm", 1);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  EXPECT_FALSE(is_terminal(ends[1]));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(TerminalTest, ItIsAsWideAsItSaysAndElse80) {
  EXPECT_EQ(columns(terminal_), 80U) << "it does not say";
  const winsize size{.ws_row = 40, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(terminal_, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(columns(terminal_), 132U);
  ::setenv("TERM", "dumb", 1);
  EXPECT_EQ(columns(terminal_), 80U);
}

TEST(ProgressTest, TheBarIsFullAtTheEndAndNeverFuller) {
  const std::string none(24, '.');
  const std::string full(24, '#');
  EXPECT_EQ(progress_line("entries", 0, 9, ""), "entries [" + none + "] 0 of 9");
  EXPECT_EQ(progress_line("copying", 9, 9, "MiB"), "copying [" + full + "] 9 of 9 MiB");
  EXPECT_EQ(progress_line("entries", 10, 9, ""), "entries [" + full + "] 10 of 9");
  EXPECT_EQ(progress_line("e", 1, 2, ""),
            "e [" + std::string(12, '#') + std::string(12, '.') + "] 1 of 2");
  EXPECT_EQ(progress_line("entries", 7, 0, ""), "entries 7");
}

TEST(ProgressTest, ShowsLongWorkAndTakesItsLineAway) {
  std::ostringstream out;
  const Progress::Time begun{};
  {
    Progress progress(out, true, begun);
    progress.show("1", 0, 0, "", begun + milliseconds(499));
    EXPECT_EQ(out.str(), "");
    progress.show("2", 0, 0, "", begun + milliseconds(500));
    progress.show("3", 0, 0, "", begun + milliseconds(999));
    progress.show("4", 0, 0, "", begun + milliseconds(1000));
    EXPECT_EQ(out.str(), "\r\033[K2 0\r\033[K4 0");
  }
  EXPECT_EQ(out.str(), "\r\033[K2 0\r\033[K4 0\r\033[K");
}

TEST(ProgressTest, IsSilentWhereItIsNotWanted) {
  std::ostringstream out;
  const Progress::Time begun{};
  {
    Progress progress(out, false, begun);
    progress.show("1", 0, 0, "", begun + milliseconds(5000));
  }
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace chancery::cli
