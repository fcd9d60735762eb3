#include "io/os/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "io/os/failure.h"

namespace chancery::os {

Result<SignalFd> SignalFd::open() {
  sigset_t mask;
  sigemptyset(&mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&mask, number);
  }
  if (const int number = ::pthread_sigmask(SIG_BLOCK, &mask, nullptr); number != 0) {
    return system_failure("pthread_sigmask", "of this thread", number);
  }
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR || std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
    return system_failure("signal", "SIGPIPE and SIGXFSZ");
  }
  Fd fd(::signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) {
    return system_failure("signalfd", "of this process");
  }
  return SignalFd(std::move(fd));
}

std::optional<int> SignalFd::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

}  // namespace chancery::os
