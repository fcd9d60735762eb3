// This process and its children: what `chancery exchange run` needs to run a hub and its nodes, and
// run_command() (io/os/command.h) to run anything else.
//
// A child has a process group of its own, a clean signal mask, stdin from /dev/null and one pipe
// for stdout and stderr, unless ChildOptions say otherwise. It gets SIGTERM when the *thread* that
// spawned it ends (prctl(2), PR_SET_PDEATHSIG): spawn from one that outlives it. No shell, no
// change of user, no restarts.
// One owner, one thread.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/os/fd.h"

namespace chancery::os {

constexpr std::size_t kOutputLineSizeMax = 8192;  // Longer lines are handed out in pieces.

struct ChildOptions {
  bool capture_output = true;  // Otherwise the child writes where we write.
  bool errors_only = false;    // Of captured output: stdout goes to /dev/null.
  bool with_input = false;     // stdin is a pipe, of which take_input() has our end.
  std::string folder{};        // Where the child runs; ours if empty.
  std::optional<std::vector<std::string>> environment{};  // Of "NAME=value"; else it has ours.
};

// Exactly one of the two is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;

  [[nodiscard]] bool ok() const { return code == 0; }
};

class Child {
 public:
  // argv[0] is looked up in PATH unless it has a slash. kFileMissing if there is no such program.
  [[nodiscard]] static Result<Child> spawn(const std::vector<std::string>& argv,
                                           const ChildOptions& options = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  // Kills the group where it still runs.

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Readable when the child has ended: for poll().
  [[nodiscard]] int exit_fd() const { return pidfd_.get(); }

  // Where to write to its stdin, without waiting; it ends when the descriptor goes. Once.
  [[nodiscard]] Fd take_input() { return std::move(input_); }

  // Readable when read_lines() has something; -1 if not captured or at its end.
  [[nodiscard]] int output_fd() const { return output_.get(); }
  // The whole lines that came since, without their ends; never waits. At the end of the output,
  // which output_fd() == -1 tells, also what had no line end. A pipe that nobody reads stops the
  // child.
  [[nodiscard]] std::vector<std::string> read_lines();

  void terminate();  // SIGTERM to the group.
  void kill();       // SIGKILL to the group.
  // Nothing if it still runs when the time is up.
  [[nodiscard]] std::optional<ExitStatus> wait(std::chrono::milliseconds timeout);
  [[nodiscard]] std::optional<ExitStatus> exit_status() const { return exit_status_; }
  // Of user and system, of one that wait() said has ended, with its own children; else 0.
  [[nodiscard]] std::chrono::microseconds cpu_time() const { return cpu_time_; }

 private:
  Child() = default;
  void signal_group(int signal) const;
  void take_lines(std::vector<std::string>& lines);
  void end();

  pid_t pid_ = -1;
  Fd pidfd_;
  Fd input_;
  Fd output_;
  std::string partial_;
  std::optional<ExitStatus> exit_status_;
  std::chrono::microseconds cpu_time_{};
};

// A port of 127.0.0.1 that nobody listens on now; somebody may a moment later. For tests and
// trials.
[[nodiscard]] Result<std::uint16_t> free_tcp_port();

// No core dumps, no ptrace and no /proc/PID/mem by other processes of this user, and files that
// only we can read: a daemon holds keys. Before any file is written.
[[nodiscard]] Result<void> harden_process();

inline constexpr std::uint64_t kDescriptorsMax = 1U << 16U;

// As many descriptors as the system lets this process have, up to kDescriptorsMax.
[[nodiscard]] Result<std::uint64_t> raise_descriptor_limit();

}  // namespace chancery::os
