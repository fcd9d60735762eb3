#include "cli/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace chancery::cli {
namespace {

constexpr std::uint64_t kBarWidth = 24;

std::string_view terminal_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1 && terminal_variable("TERM") != "dumb";
}

bool wants_colour(int descriptor) {
  return is_terminal(descriptor) && terminal_variable("NO_COLOR").empty();
}

std::size_t columns(int descriptor) {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  const bool says = is_terminal(descriptor) && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0;
  return says && size.ws_col > 0 ? size.ws_col : kUsual;
}

void end_with_reader() {
  std::thread([] {
    // An error or a hang-up is told whatever is asked for.
    pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
    while (::poll(&out, 1, -1) < 0 && errno == EINTR) {
    }
    if ((out.revents & (POLLERR | POLLHUP)) != 0) {
      static_cast<void>(::kill(::getpid(), SIGPIPE));
    }
  }).detach();
}

std::string progress_line(std::string_view doing, std::uint64_t done, std::uint64_t all,
                          std::string_view unit) {
  std::string out(doing);
  if (all > 0) {
    const double part = static_cast<double>(std::min(done, all)) / static_cast<double>(all);
    const auto full = static_cast<std::size_t>(part * static_cast<double>(kBarWidth));
    out += " [" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]";
  }
  out += " " + std::to_string(done);
  out += all > 0 ? " of " + std::to_string(all) : "";
  return unit.empty() ? out : out + " " + std::string(unit);
}

void Progress::show(std::string_view doing, std::uint64_t done, std::uint64_t all,
                    std::string_view unit, Time now) {
  if (wanted_ && now - shown_at_ >= kEvery) {
    shown_at_ = now;
    shown_ = true;
    out_ << "\r\033[K" << progress_line(doing, done, all, unit) << std::flush;
  }
}

void Progress::end() {
  if (shown_) {
    shown_ = false;
    out_ << "\r\033[K" << std::flush;
  }
}

}  // namespace chancery::cli
