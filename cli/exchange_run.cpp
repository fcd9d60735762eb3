#include "cli/exchange_run.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/lookup.h"
#include "cli/terminal.h"
#include "core/exchange/names.h"
#include "io/os/clock.h"
#include "io/os/failure.h"
#include "io/os/file.h"
#include "io/os/process.h"
#include "io/os/signals.h"
#include "io/text/json.h"
#include "io/text/toml.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kExchangeFileBytesMax = 1U << 20U;
// Cyan, green, yellow, blue, magenta and their bright forms: red is left to what is wrong.
constexpr std::array kColours = {36, 32, 33, 34, 35, 96, 92, 93, 94, 95};

struct Process {
  std::string name;   // Also of its folder: "am".
  std::string party;  // "hub", or the member's code.
  os::Child child;
  bool ready = false;
  bool reported = false;  // That it ended.
};

Result<std::string> programs_folder(const ExchangeRunOptions& options) {
  if (!options.programs.empty()) {
    return options.programs;
  }
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) {
    return fail(ErrorCode::kIo, "/proc/self/exe: " + failed.message());
  }
  return self.parent_path().string();
}

std::string ending(const os::ExitStatus& status) {
  return status.code.has_value() ? "exit code " + std::to_string(*status.code)
                                 : "signal " + std::to_string(status.signal.value_or(0));
}

text::Json ended(const Process& process, const os::ExitStatus& status) {
  text::Json parts = {{"process", process.party}};
  if (status.code.has_value()) {
    parts["exit_code"] = *status.code;
  } else {
    parts["signal"] = status.signal.value_or(0);
  }
  return parts;
}

// Owns the children; one loop serves their output, their ends and the signals to us.
class Runner {
 public:
  Runner(const ExchangeRunOptions& options, std::FILE* out)
      : options_(options), out_(out), colour_(wants_colour(::fileno(out))) {}

  Result<void> start(const ExchangeFile& exchange);
  Result<bool> serve(os::SignalFd& signals);

 private:
  Result<void> spawn(const std::string& party, const std::string& program,
                     const std::string& config);
  // Our own words: as text, or as an event with its parts.
  void say(const char* event, const std::string& text,
           const text::Json& parts = text::Json::object());
  void show_line(std::size_t index, const std::string& line);
  void poll_once(const os::SignalFd& signals, int timeout_ms);
  void show_output();
  void notice_ends();
  Result<void> notice_ready();
  [[nodiscard]] bool any_alive() const;
  void stop();
  void stop_on_time();

  const ExchangeRunOptions& options_;
  std::FILE* out_;
  bool colour_;
  std::size_t width_ = std::string_view("exchange").size();
  std::vector<Process> processes_;
  bool all_ready_ = false;
  bool failed_ = false;                                           // A child ended by itself.
  std::optional<std::chrono::steady_clock::time_point> kill_at_;  // Set while we stop.
};

void Runner::say(const char* event, const std::string& text, const text::Json& parts) {
  if (options_.json) {
    text::Json object = {{"event", event}};
    object.update(parts);
    object["text"] = text;
    std::fprintf(out_, "%s\n", text::dump(object).c_str());
  } else {
    std::fprintf(out_, "%s\n", prefixed("exchange", width_, 0, colour_, text).c_str());
  }
  std::fflush(out_);
}

void Runner::show_line(std::size_t index, const std::string& line) {
  const Process& process = processes_[index];
  const std::string shown = options_.json
                                ? text::dump({{"process", process.party}, {"line", line}})
                                : prefixed(process.name, width_, index + 1, colour_, line);
  std::fprintf(out_, "%s\n", shown.c_str());
}

Result<void> Runner::spawn(const std::string& party, const std::string& program,
                           const std::string& config) {
  CHANCERY_TRY(const std::string programs, programs_folder(options_));
  CHANCERY_TRY(os::Child child, os::Child::spawn({programs + "/" + program, "--config", config,
                                                  "--log-level", options_.log_level}));
  processes_.push_back({.name = member_folder(party), .party = party, .child = std::move(child)});
  return {};
}

Result<void> Runner::start(const ExchangeFile& exchange) {
  CHANCERY_TRY_VOID(spawn("hub", "chancery-broker", options_.folder + "/hub/hub.toml"));
  for (const std::string& code : exchange.members) {
    CHANCERY_TRY_VOID(
        spawn(code, "chancery-node", options_.folder + "/" + member_folder(code) + "/node.toml"));
  }
  say("started",
      "started " + exchange.name + ": the hub at " + exchange.hub + " and " +
          std::to_string(exchange.members.size()) + " nodes",
      {{"name", exchange.name}, {"hub", exchange.hub}, {"members", exchange.members}});
  return {};
}

void Runner::poll_once(const os::SignalFd& signals, int timeout_ms) {
  std::vector<pollfd> waits = {{.fd = signals.fd(), .events = POLLIN, .revents = 0}};
  for (const Process& process : processes_) {
    // poll() passes over negative descriptors: outputs at their end, children that were reported.
    waits.push_back({.fd = process.child.output_fd(), .events = POLLIN, .revents = 0});
    waits.push_back(
        {.fd = process.reported ? -1 : process.child.exit_fd(), .events = POLLIN, .revents = 0});
  }
  ::poll(waits.data(), waits.size(), timeout_ms);
}

void Runner::show_output() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    Process& process = processes_[i];
    for (const std::string& line : process.child.read_lines()) {
      show_line(i, line);
      process.ready = process.ready || says_event(line, "ready");
    }
  }
  std::fflush(out_);
}

void Runner::notice_ends() {
  for (Process& process : processes_) {
    const std::optional<os::ExitStatus> status =
        process.reported ? std::nullopt : process.child.wait(std::chrono::milliseconds(0));
    if (!status.has_value()) {
      continue;
    }
    process.reported = true;
    if (!kill_at_.has_value()) {
      say("process-ended",
          process.name + " ended by itself (" + ending(*status) + "): stopping the others",
          ended(process, *status));
      failed_ = true;
    } else if (!status->ok()) {
      say("process-ended", process.name + " ended with " + ending(*status),
          ended(process, *status));
      failed_ = true;
    }
  }
}

Result<void> Runner::notice_ready() {
  if (all_ready_ || !std::ranges::all_of(processes_, &Process::ready)) {
    return {};
  }
  all_ready_ = true;
  std::string lines;
  text::Json pids = text::Json::object();
  for (const Process& process : processes_) {
    lines += process.name + " " + std::to_string(process.child.pid()) + "\n";
    pids[process.party] = process.child.pid();
  }
  say("ready",
      "all " + std::to_string(processes_.size()) +
          " processes are ready for notices; Ctrl-C stops them",
      {{"pids", pids}});
  if (options_.ready_file.empty()) {
    return {};
  }
  return os::replace_file(options_.ready_file, lines, 0600);
}

bool Runner::any_alive() const {
  return std::ranges::any_of(processes_, [](const Process& process) {
    return !process.reported || process.child.output_fd() >= 0;
  });
}

void Runner::stop() {
  if (kill_at_.has_value()) {
    return;
  }
  kill_at_ = os::steady_now() + kStopTime;
  for (Process& process : processes_) {
    process.child.terminate();
  }
}

void Runner::stop_on_time() {
  if (!kill_at_.has_value() || os::steady_now() < *kill_at_) {
    return;
  }
  for (Process& process : processes_) {
    if (!process.reported) {
      say("killed", process.name + " did not end in time: killed", {{"process", process.party}});
      failed_ = true;
      process.child.kill();
    }
  }
  kill_at_ = os::steady_now() + kStopTime;
}

Result<bool> Runner::serve(os::SignalFd& signals) {
  constexpr int kPollMs = 500;
  while (any_alive()) {
    poll_once(signals, kPollMs);
    show_output();
    notice_ends();
    if (failed_) {
      stop();
    } else if (const Result<void> told = notice_ready(); !told.has_value()) {
      say("ready-file-failed", "the ready file: " + told.error().to_string());
      failed_ = true;
      stop();
    }
    while (const std::optional<int> number = signals.next()) {
      if (!kill_at_.has_value()) {
        say("stopping", *number == SIGHUP ? "the terminal went: stopping" : "stopping");
      }
      stop();
    }
    stop_on_time();
  }
  say("ended", failed_ ? "stopped, not as it should be" : "stopped", {{"as_asked", !failed_}});
  return !failed_;
}

}  // namespace

std::string member_folder(std::string_view code) {
  std::string folder(code);
  std::ranges::transform(folder, folder.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return folder;
}

Result<ExchangeFile> read_exchange_file(const std::string& folder) {
  const std::string path = folder + "/exchange.toml";
  CHANCERY_TRY(const std::string text,
               expecting("the folder of a trial exchange, as chancery exchange init makes it",
                         os::read_file(path, kExchangeFileBytesMax)));
  CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, path));
  ExchangeFile file;
  CHANCERY_TRY(file.name, root.text("name"));
  CHANCERY_TRY(file.genesis, root.text("genesis"));
  CHANCERY_TRY(file.hub, root.text("hub"));
  CHANCERY_TRY(file.members, root.texts("members"));
  CHANCERY_TRY_VOID(root.finish());
  // They become parts of paths.
  for (const std::string& code : file.members) {
    if (!exchange::is_member_code(code)) {
      return root.fail_at("members", "'" + code + "' is not 1 to 8 of A-Z 0-9");
    }
  }
  return file;
}

bool says_event(std::string_view line, std::string_view event) {
  // 2006-01-02T15:04:05.123Z INFO ready name=value ...
  constexpr std::string_view kLevel = " INFO ";
  const std::size_t level = line.find(' ');
  if (level == std::string_view::npos || !line.substr(level).starts_with(kLevel)) {
    return false;
  }
  const std::string_view rest = line.substr(level + kLevel.size());
  return rest.substr(0, rest.find(' ')) == event;
}

std::string prefixed(std::string_view name, std::size_t width, std::size_t number, bool colour,
                     std::string_view line) {
  std::string prefix(name);
  prefix.resize(std::max(width, name.size()), ' ');
  prefix += " |";
  if (colour) {
    prefix =
        "\033[" + std::to_string(kColours[number % kColours.size()]) + "m" + prefix + "\033[0m";
  }
  return prefix + " " + std::string(line);
}

Result<bool> run_exchange(const ExchangeRunOptions& options, std::FILE* out) {
  CHANCERY_TRY(const ExchangeFile exchange, read_exchange_file(options.folder));
  // Before anything is spawned: from here on no signal ends us and leaves children behind.
  CHANCERY_TRY(os::SignalFd signals, os::SignalFd::open());
  Runner runner(options, out);
  CHANCERY_TRY_VOID(runner.start(exchange));
  return runner.serve(signals);
}

}  // namespace chancery::cli
