// What a service tells its supervisor: sd_notify(3), the datagrams that systemd reads, without its
// library.
//
// Without NOTIFY_SOCKET in the environment nothing is sent. A supervisor that does not listen is no
// reason to stop, so nothing here fails. One thread.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "io/os/fd.h"

namespace chancery::os {

class Notify {
 public:
  // Says nothing to anybody.
  Notify() = default;
  // From NOTIFY_SOCKET (a path, or an abstract name after `@`) and, where it is meant for this
  // process, WATCHDOG_USEC. Takes them out of the environment: no child speaks for us.
  [[nodiscard]] static Notify from_environment();

  // What people see in `systemctl status`; also after reloading().
  void ready(std::string_view status);
  void status(std::string_view status);
  void reloading();
  void stopping(std::string_view status);
  // From each turn of the loop: tells the watchdog, at half of its time, that turns go on.
  void turned(std::chrono::steady_clock::time_point now);

  // How often turned() has to be called; nothing where nobody watches.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_every() const { return every_; }

 private:
  void send(std::string_view text) const;

  Fd socket_;
  std::string address_;  // As in sockaddr_un: the abstract ones begin with a zero byte.
  std::optional<std::chrono::microseconds> every_;
  std::chrono::steady_clock::time_point told_at_{};
};

}  // namespace chancery::os
