#include "io/os/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::os {
namespace {

using std::chrono::microseconds;
using Texts = std::vector<std::string>;

// What systemd is to a service: a datagram socket at a path or under an abstract name.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') {
      address.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }

  [[nodiscard]] Texts heard() const {
    Texts texts;
    std::array<char, 4096> text{};
    while (true) {
      const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
      if (size < 0) {
        return texts;
      }
      texts.emplace_back(text.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  Fd socket_;
};

class NotifyTest : public testing::Test {
 protected:
  NotifyTest() {
    for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      ::unsetenv(name);
    }
  }
  [[nodiscard]] std::string path() const { return folder_ / "notify"; }

  TemporaryFolder folder_;
};

TEST_F(NotifyTest, TellsTheWholeStoryAtAPathAndAtAnAbstractName) {
  for (const std::string& name : {path(), "@chancery-notify-" + std::to_string(::getpid())}) {
    const Supervisor supervisor(name);
    Notify notify = Notify::from_environment();
    notify.ready("of 7 entries");
    notify.status("of 8 entries");
    notify.stopping("as asked");
    EXPECT_EQ(supervisor.heard(), (Texts{"READY=1\nSTATUS=of 7 entries", "STATUS=of 8 entries",
                                         "STOPPING=1\nSTATUS=as asked"}))
        << name;
  }
}

// systemd takes a reload for done only where READY comes after this time.
TEST_F(NotifyTest, AReloadHasTheTimeOfTheMonotonicClock) {
  const Supervisor supervisor(path());
  Notify notify = Notify::from_environment();
  const auto now_us = [] {
    return std::chrono::duration_cast<microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  const auto before = now_us();
  notify.reloading();
  const auto after = now_us();
  const Texts heard = supervisor.heard();
  ASSERT_EQ(heard.size(), 1U);
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(heard[0].starts_with(prefix)) << heard[0];
  const auto said = std::stoll(heard[0].substr(prefix.size()));
  EXPECT_LE(before, said);
  EXPECT_LE(said, after);
}

TEST_F(NotifyTest, TheWatchdogIsToldAtHalfOfItsTime) {
  const Supervisor supervisor(path());
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  Notify notify = Notify::from_environment();
  EXPECT_EQ(notify.watchdog_every(), microseconds(1'500'000));
  const std::chrono::steady_clock::time_point start{std::chrono::hours(1)};
  notify.turned(start);
  EXPECT_EQ(supervisor.heard(), Texts{"WATCHDOG=1"});
  notify.turned(start + microseconds(1'499'999));
  EXPECT_EQ(supervisor.heard(), Texts{});
  notify.turned(start + microseconds(1'500'000));
  notify.turned(start + microseconds(1'500'001));
  EXPECT_EQ(supervisor.heard(), Texts{"WATCHDOG=1"});
}

TEST_F(NotifyTest, AWatchdogOfAnotherProcessIsNotOurs) {
  const Supervisor supervisor(path());
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getppid()).c_str(), 1);
  Notify notify = Notify::from_environment();
  notify.turned(std::chrono::steady_clock::time_point(std::chrono::hours(1)));
  EXPECT_EQ(supervisor.heard(), Texts{});
}

TEST_F(NotifyTest, ChildrenDoNotSpeakForUs) {
  const Supervisor supervisor(path());
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  const Notify notify = Notify::from_environment();
  for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

TEST_F(NotifyTest, WithoutASupervisorNothingHappens) {
  Notify nobody = Notify::from_environment();
  nobody.ready("alone");
  for (const std::string& name : {std::string("relative"), std::string("/"), std::string("@"),
                                  "/" + std::string(200, 'x'), path()}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    Notify notify = Notify::from_environment();
    notify.ready("nobody listens there");
    notify.turned(std::chrono::steady_clock::now());
  }
}

}  // namespace
}  // namespace chancery::os
