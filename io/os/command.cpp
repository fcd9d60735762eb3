#include "io/os/command.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "io/os/clock.h"

namespace chancery::os {
namespace {

constexpr std::chrono::milliseconds kStopLookedForEvery{50};

// False where nobody reads any more, or all is handed over.
bool hand_over(const Fd& input, std::string_view& left) {
  const ssize_t count = ::write(input.get(), left.data(), left.size());
  if (count < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  left.remove_prefix(static_cast<std::size_t>(count));
  return !left.empty();
}

void hear(Child& child, std::string& complaint) {
  for (const std::string& line : child.read_lines()) {
    if (complaint.empty()) {
      complaint = line.substr(0, kComplaintBytesMax);
    }
  }
}

// Whoever is left of its group then is killed with the Child.
void ask_to_end(Child& child) {
  child.terminate();
  pollfd ended = {.fd = child.exit_fd(), .events = POLLIN, .revents = 0};
  ::poll(&ended, 1, static_cast<int>(kCommandGrace.count()));
}

}  // namespace

Result<CommandEnd> run_command(const std::vector<std::string>& argv, std::string_view input,
                               std::chrono::milliseconds time_max, const std::stop_token& stop) {
  const auto until = steady_now() + time_max;
  CHANCERY_TRY(Child child,
               Child::spawn(argv, {.errors_only = true,
                                   .with_input = true,
                                   .folder = "/",
                                   .environment = {{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin",
                                                    "LANG=C.UTF-8"}}}));
  Fd to = child.take_input();
  CommandEnd end;
  while (!stop.stop_requested() && steady_now() < until) {
    std::array<pollfd, 3> ends = {{{.fd = to.get(), .events = POLLOUT, .revents = 0},
                                   {.fd = child.output_fd(), .events = POLLIN, .revents = 0},
                                   {.fd = child.exit_fd(), .events = POLLIN, .revents = 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_now());
    ::poll(ends.data(), ends.size(),
           static_cast<int>(std::clamp(left, {}, kStopLookedForEvery).count()));
    if (ends[0].revents != 0 && !hand_over(to, input)) {
      to.reset();
    }
    hear(child, end.complaint);
    if (ends[2].revents != 0) {
      end.status = child.wait({});
      return end;
    }
  }
  ask_to_end(child);
  return end;
}

}  // namespace chancery::os
