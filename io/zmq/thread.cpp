#include "io/zmq/thread.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace chancery::zmq {

Result<Thread> Thread::start(const char* name, std::function<void(int stop_fd)> run) {
  Thread made;
  made.stop_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made.stop_fd_ < 0) {
    return fail(ErrorCode::kUnavailable,
                std::string(name) + ": " + std::generic_category().message(errno));
  }
  // The new thread inherits the mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::string refusal;
  try {
    made.thread_ = std::thread([name, run = std::move(run), stop_fd = made.stop_fd_] {
      pthread_setname_np(pthread_self(), name);
      run(stop_fd);
    });
  } catch (const std::system_error& error) {
    refusal = error.what();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!refusal.empty()) {
    return fail(ErrorCode::kUnavailable, "the thread " + std::string(name) + ": " + refusal);
  }
  return made;
}

Result<Thread> Thread::repeat(const char* name, std::chrono::milliseconds interval,
                              std::function<void()> run, int wake_fd) {
  return start(name, [interval, run = std::move(run), wake_fd](int stop_fd) {
    std::array<pollfd, 2> fds = {pollfd{.fd = stop_fd, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = wake_fd, .events = POLLIN, .revents = 0}};
    while (true) {
      const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(interval.count()));
      if ((ready > 0 && fds[0].revents != 0) || (ready < 0 && errno != EINTR)) {
        return;
      }
      run();
    }
  });
}

Thread::Thread(Thread&& other) noexcept
    : stop_fd_(std::exchange(other.stop_fd_, -1)), thread_(std::move(other.thread_)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this != &other) {
    stop();
    stop_fd_ = std::exchange(other.stop_fd_, -1);
    thread_ = std::move(other.thread_);
  }
  return *this;
}

Thread::~Thread() {
  stop();
}

void Thread::stop() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the thread wakes as well.
    [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
    thread_.join();
  }
  if (stop_fd_ >= 0) {
    ::close(std::exchange(stop_fd_, -1));
  }
}

}  // namespace chancery::zmq
