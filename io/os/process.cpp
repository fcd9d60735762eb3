#include "io/os/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "io/os/clock.h"
#include "io/os/failure.h"

namespace chancery::os {
namespace {

std::chrono::microseconds micros_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_failure("pipe2", "for a child");
  }
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// What the child has to know between fork() and exec(), where nothing may be allocated: another
// thread may have held the allocator's lock at the fork.
struct Plan {
  char* const* argv;
  char** environment;  // Null: ours.
  const char* folder;  // The same.
  int input_fd;
  int output_fd;  // -1: ours.
  int errors_fd;  // The same.
  int failure_fd;
  pid_t parent;
};

[[noreturn]] void become_child(const Plan& plan) {
  const auto give_up = [&] {
    const int number = errno;
    // Nobody is left to tell where this fails; the exit code then says as much as it can.
    [[maybe_unused]] const ssize_t written = ::write(plan.failure_fd, &number, sizeof number);
    ::_exit(127);
  };
  if (::setpgid(0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
    give_up();
  }
  // Had the parent died before prctl(), its death would pass unnoticed.
  if (::getppid() != plan.parent) {
    ::_exit(127);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int ignored : {SIGPIPE, SIGXFSZ}) {
    ::signal(ignored, SIG_DFL);  // NOLINT(bugprone-unused-return-value): cannot fail.
  }

  if (::dup2(plan.input_fd, STDIN_FILENO) < 0 ||
      (plan.output_fd >= 0 && ::dup2(plan.output_fd, STDOUT_FILENO) < 0) ||
      (plan.errors_fd >= 0 && ::dup2(plan.errors_fd, STDERR_FILENO) < 0) ||
      (plan.folder != nullptr && ::chdir(plan.folder) != 0)) {
    give_up();
  }
  // Ours are O_CLOEXEC, but a library may have opened some, and we may have inherited others.
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    give_up();
  }
  if (plan.environment != nullptr) {
    ::environ = plan.environment;
  }
  ::execvp(plan.argv[0], plan.argv);
  give_up();
  ::_exit(127);
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));  // exec() only reads them.
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<Child> Child::spawn(const std::vector<std::string>& argv, const ChildOptions& options) {
  if (argv.empty()) {
    return fail(ErrorCode::kUsage, "no program to run");
  }
  const std::vector<char*> arguments = pointers_to(argv);
  std::vector<char*> variables;
  if (options.environment.has_value()) {
    variables = pointers_to(*options.environment);
  }

  CHANCERY_TRY(Pipe failure, make_pipe());
  CHANCERY_TRY(Pipe output, options.capture_output ? make_pipe() : Result<Pipe>(Pipe{}));
  CHANCERY_TRY(Pipe input, options.with_input ? make_pipe() : Result<Pipe>(Pipe{}));
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) {
    return system_failure("open", "/dev/null");
  }
  const Plan plan = {.argv = arguments.data(),
                     .environment = variables.empty() ? nullptr : variables.data(),
                     .folder = options.folder.empty() ? nullptr : options.folder.c_str(),
                     .input_fd = options.with_input ? input.read_end.get() : null.get(),
                     .output_fd = options.errors_only ? null.get() : output.write_end.get(),
                     .errors_fd = output.write_end.get(),
                     .failure_fd = failure.write_end.get(),
                     .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) {
    return system_failure("fork", argv[0]);
  }
  if (pid == 0) {
    become_child(plan);
  }
  failure.write_end.reset();
  output.write_end.reset();
  input.read_end.reset();

  Child child;
  child.pid_ = pid;
  // The C library's own function, as Debian 12 has it, is not declared for C++.
  child.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  // The pipe closes by itself when exec() succeeds.
  int number = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure.read_end.get(), &number, sizeof number);
  } while (got < 0 && errno == EINTR);
  if (got != 0) {
    return system_failure("run", argv[0], got == sizeof number ? number : EIO);
  }
  if (!child.pidfd_) {
    return system_failure("pidfd_open", argv[0]);
  }
  if (options.capture_output) {
    ::fcntl(output.read_end.get(), F_SETFL, O_NONBLOCK);
    child.output_ = std::move(output.read_end);
  }
  if (options.with_input) {
    ::fcntl(input.write_end.get(), F_SETFL, O_NONBLOCK);
    child.input_ = std::move(input.write_end);
  }
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      partial_(std::move(other.partial_)),
      exit_status_(std::exchange(other.exit_status_, std::nullopt)),
      cpu_time_(other.cpu_time_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    partial_ = std::move(other.partial_);
    exit_status_ = std::exchange(other.exit_status_, std::nullopt);
    cpu_time_ = other.cpu_time_;
  }
  return *this;
}

Child::~Child() {
  end();
}

void Child::end() {
  if (pid_ > 0 && !exit_status_) {
    kill();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

void Child::take_lines(std::vector<std::string>& lines) {
  std::size_t from = 0;
  while (from < partial_.size()) {
    const std::size_t end = partial_.find('\n', from);
    const std::size_t size = std::min(end, partial_.size()) - from;
    if (size > kOutputLineSizeMax) {
      lines.push_back(partial_.substr(from, kOutputLineSizeMax));
      from += kOutputLineSizeMax;
    } else if (end != std::string::npos) {
      lines.push_back(partial_.substr(from, size));
      from = end + 1;
    } else {
      break;
    }
  }
  partial_.erase(0, from);
}

std::vector<std::string> Child::read_lines() {
  // Bounded, so that a child that never stops writing does not keep the caller here.
  constexpr int kReadsMax = 16;
  std::vector<std::string> lines;
  std::array<char, 4096> chunk{};
  for (int i = 0; i < kReadsMax && output_; ++i) {
    const ssize_t got = ::read(output_.get(), chunk.data(), chunk.size());
    if (got > 0) {
      partial_.append(chunk.data(), static_cast<std::size_t>(got));
      take_lines(lines);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      break;
    } else {
      output_.reset();
      if (!partial_.empty()) {
        lines.push_back(std::exchange(partial_, {}));
      }
    }
  }
  return lines;
}

void Child::signal_group(int signal) const {
  // Not once it was waited for: the number may then be that of another group.
  if (pid_ > 0 && !exit_status_) {
    ::kill(-pid_, signal);
  }
}

void Child::terminate() {
  signal_group(SIGTERM);
}

void Child::kill() {
  signal_group(SIGKILL);
}

std::optional<ExitStatus> Child::wait(std::chrono::milliseconds timeout) {
  if (pid_ <= 0 || exit_status_) {
    return exit_status_;
  }
  const auto deadline = steady_now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now());
    pollfd ended = {.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    const int count =
        ::poll(&ended, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000)));
    int status = 0;
    rusage used{};
    if (count > 0 && ::wait4(pid_, &status, WNOHANG, &used) == pid_) {
      cpu_time_ = micros_of(used.ru_utime) + micros_of(used.ru_stime);
      exit_status_ = WIFEXITED(status)
                         ? ExitStatus{.code = WEXITSTATUS(status), .signal = std::nullopt}
                         : ExitStatus{.code = std::nullopt, .signal = WTERMSIG(status)};
      return exit_status_;
    }
    if (steady_now() >= deadline) {
      return std::nullopt;
    }
  }
}

Result<std::uint16_t> free_tcp_port() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return system_failure("socket", "127.0.0.1");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, size) != 0 ||
      ::getsockname(socket.get(), generic, &size) != 0) {
    return system_failure("bind", "127.0.0.1");
  }
  return ntohs(address.sin_port);
}

Result<std::uint64_t> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return system_failure("getrlimit", "RLIMIT_NOFILE");
  }
  const rlim_t most = std::min<rlim_t>(limit.rlim_max, kDescriptorsMax);
  if (limit.rlim_cur < most) {
    limit.rlim_cur = most;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      return system_failure("setrlimit", "RLIMIT_NOFILE");
    }
  }
  return limit.rlim_cur;
}

Result<void> harden_process() {
  const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    return system_failure("setrlimit", "RLIMIT_CORE");
  }
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) {
    return system_failure("prctl", "PR_SET_DUMPABLE");
  }
  ::umask(S_IRWXG | S_IRWXO);
  return {};
}

}  // namespace chancery::os
