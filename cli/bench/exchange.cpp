#include "cli/bench/exchange.h"

#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/daemon.h"
#include "cli/exchange_init.h"
#include "cli/exchange_run.h"
#include "cli/profile.h"
#include "core/exchange/limits.h"
#include "io/os/clock.h"
#include "io/os/failure.h"
#include "io/os/file.h"
#include "io/os/random.h"

namespace chancery::cli::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLinesKept = 8;
constexpr int kWatchMs = 50;
constexpr milliseconds kReadyMax{60'000};
constexpr milliseconds kStopMax{30'000};
constexpr milliseconds kLook{1};

std::vector<std::string> codes(char letter, std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 1; i <= count; ++i) {
    all.push_back(letter + std::to_string(i));
  }
  return all;
}

Result<std::string> make_root(std::string parent) {
  if (parent.empty()) {
    const char* const given = std::getenv("TMPDIR");
    parent = given == nullptr || *given == '\0' ? "/tmp" : given;
  }
  std::string path = parent + "/chancery-bench.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return os::system_failure("mkdtemp", path);
  }
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  return failed ? path : absolute.string();
}

}  // namespace

Result<std::string> this_program() {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? fail(ErrorCode::kIo, "/proc/self/exe: " + failed.message())
                : Result<std::string>(self.string());
}

std::vector<std::string> recipient_codes(std::size_t count) {
  return codes('R', count);
}

std::optional<SinkCount> sink_count_of(const std::string& line) {
  if (!says_event(line, "count")) {
    return std::nullopt;
  }
  SinkCount count;
  const auto number = [&line](const std::string& name) {
    const std::size_t at = line.find(name);
    return at == std::string::npos ? 0
                                   : std::strtoull(line.c_str() + at + name.size(), nullptr, 10);
  };
  count.least = number(" least=");
  count.all = number(" all=");
  return count;
}

std::string profile_of(std::size_t origin_count, std::size_t recipient_count, bool with_spares) {
  std::vector<std::string> all = codes('O', origin_count);
  std::ranges::move(recipient_codes(recipient_count), std::back_inserter(all));
  const std::size_t members = std::min(all.size(), exchange::kSignatureCountMax);
  const std::size_t faulty = (members - 1) / 3;
  std::string text = "name = \"Benchmark\"\norigin_line = \"bench.exchange.example/log\"\n";
  text += "assent = " + std::to_string((members / 2) + 1) + "\n";
  text += "faulty_max = " + std::to_string(faulty) + "\n";
  text += "classifications = [\"public\"]\nsealed_kinds = []\n";
  text += "[rights.member]\npublish = [\"*\"]\nreceive = [\"*\"]\nceiling = \"public\"\n";
  text += "[rights.institution]\npublish = [\"*\"]\nreceive = [\"*\"]\nceiling = \"public\"\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    text.append("[[member]]\ncode = \"").append(all[i]).append("\"\nname = \"").append(all[i]);
    text.append("\"\nrole = \"").append(i < members ? "member" : "institution").append("\"\n");
  }
  if (with_spares) {
    for (const std::string_view code : {kSpareOrigin, kSpareRecipient}) {
      text.append("[[member]]\ncode = \"").append(code).append("\"\nname = \"Spare\"\n");
      text += "role = \"institution\"\n";
    }
  }
  return text;
}

Exchange::Exchange(const ExchangeSetup& setup, std::string programs, std::string root,
                   os::SignalFd signals)
    : setup_(setup),
      programs_(std::move(programs)),
      root_(std::move(root)),
      origins_(codes('O', setup.origin_count)),
      recipients_(recipient_codes(setup.recipient_count)),
      signals_(std::move(signals)),
      watcher_([this](const std::stop_token& stop) { watch(stop); }) {}

Exchange::~Exchange() {
  // Nodes first: none of them then looks for the hub in vain.
  std::vector<std::string> all = names();
  std::ranges::reverse(all);
  for (const std::string& name : all) {
    const std::scoped_lock lock(mutex_);
    const auto found = daemons_.find(name);
    if (found != daemons_.end() && found->second.child != nullptr) {
      found->second.stopping = true;
      found->second.child->terminate();
    }
  }
  for (const std::string& name : all) {
    static_cast<void>(end(name, std::chrono::duration_cast<milliseconds>(kStopTime)));
  }
  watcher_.request_stop();
  watcher_.join();
  daemons_.clear();  // Kills what still runs.
  if (!setup_.keep) {
    std::error_code failed;
    std::filesystem::remove_all(root_, failed);
  }
}

Result<std::unique_ptr<Exchange>> Exchange::make(const ExchangeSetup& setup, os::SignalFd signals) {
  std::string programs = setup.programs;
  if (programs.empty()) {
    CHANCERY_TRY(const std::string self, this_program());
    programs = std::filesystem::path(self).parent_path().string();
  }
  CHANCERY_TRY(std::string root, make_root(setup.folder));
  std::unique_ptr<Exchange> exchange(
      new Exchange(setup, std::move(programs), std::move(root), std::move(signals)));
  CHANCERY_TRY_VOID(exchange->write());
  return exchange;
}

Result<void> Exchange::write() {
  CHANCERY_TRY(const Profile profile,
               parse_profile(profile_of(setup_.origin_count, setup_.recipient_count,
                                        setup_.prefill_count > 0),
                             "bench"));
  CHANCERY_TRY(const std::uint16_t port, os::free_tcp_port());
  CHANCERY_TRY(const ExchangePlan plan,
               plan_exchange(profile, "tcp://127.0.0.1:" + std::to_string(port), os::unix_us(),
                             os::random_bytes));
  CHANCERY_TRY_VOID(write_exchange(plan, folder()));
  return setup_.single_signatures ? sign_singly() : Result<void>{};
}

Result<void> Exchange::sign_singly() {
  constexpr std::size_t kConfigBytesMax = 64U << 10U;
  for (const std::string& code : origins_) {
    const std::string file = folder() + "/" + member_folder(code) + "/node.toml";
    CHANCERY_TRY(const std::string config, os::read_file(file, kConfigBytesMax));
    // Before all tables of it.
    CHANCERY_TRY_VOID(os::rewrite_file(file, "batch_size_max = 1\n" + config));
  }
  return {};
}

std::vector<std::string> Exchange::names() const {
  std::vector<std::string> all = {std::string(kHub)};
  all.insert(all.end(), origins_.begin(), origins_.end());
  if (has_sink()) {
    all.emplace_back(kSink);
  } else {
    all.insert(all.end(), recipients_.begin(), recipients_.end());
  }
  return all;
}

Result<void> Exchange::start() {
  for (const std::string& name : names()) {
    CHANCERY_TRY_VOID(begin(name));
  }
  for (const std::string& name : names()) {
    CHANCERY_TRY_VOID(wait_ready(name));
  }
  return {};
}

std::string Exchange::client_file(const std::string& member) const {
  return folder() + "/" + member_folder(member) + "/apps/desk/client.toml";
}

std::string Exchange::store_file(const std::string& name) const {
  return folder() +
         (name == kHub ? "/hub/store/hub.db" : "/" + member_folder(name) + "/store/node.db");
}

Result<void> Exchange::check() {
  const std::scoped_lock lock(mutex_);
  if (signal_.has_value()) {
    return fail(ErrorCode::kUnavailable, "stopped by a signal");
  }
  if (ended_.has_value()) {
    return std::unexpected(*ended_);
  }
  return {};
}

std::optional<int> Exchange::signal() {
  const std::scoped_lock lock(mutex_);
  return signal_;
}

void Exchange::read_lines(Daemon& daemon) {
  for (std::string& line : daemon.child->read_lines()) {
    daemon.ready = daemon.ready || says_event(line, "ready");
    if (const std::optional<SinkCount> count = sink_count_of(line)) {
      sink_count_ = *count;
      continue;
    }
    daemon.last_lines.push_back(std::move(line));
    if (daemon.last_lines.size() > kLinesKept) {
      daemon.last_lines.pop_front();
    }
  }
}

void Exchange::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> waits = {{.fd = signals_.fd(), .events = POLLIN, .revents = 0}};
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& [name, daemon] : daemons_) {
        if (daemon.child != nullptr) {
          waits.push_back({.fd = daemon.child->output_fd(), .events = POLLIN, .revents = 0});
        }
      }
    }
    ::poll(waits.data(), waits.size(), kWatchMs);
    const std::scoped_lock lock(mutex_);
    while (const std::optional<int> number = signals_.next()) {
      signal_ = signal_.value_or(*number);
    }
    for (auto& [name, daemon] : daemons_) {
      if (daemon.child == nullptr) {
        continue;
      }
      read_lines(daemon);
      if (!daemon.stopping && !ended_.has_value() &&
          daemon.child->wait(milliseconds(0)).has_value()) {
        std::string last = name + " ended by itself:";
        for (const std::string& line : daemon.last_lines) {
          last.append("\n  ").append(line);
        }
        ended_ = Error{ErrorCode::kInternal, std::move(last)};
      }
    }
  }
}

Result<std::vector<std::string>> Exchange::command_of(const std::string& name) const {
  if (name == kSink) {
    CHANCERY_TRY(const std::string program, this_program());
    return std::vector<std::string>{program,
                                    "bench",
                                    "sink",
                                    "--exchange",
                                    folder(),
                                    "--recipients",
                                    std::to_string(recipients_.size()),
                                    "--output",
                                    received_folder()};
  }
  const bool is_hub = name == kHub;
  return std::vector<std::string>{
      programs_ + (is_hub ? "/chancery-broker" : "/chancery-node"), "--config",
      folder() + (is_hub ? "/hub/hub.toml" : "/" + member_folder(name) + "/node.toml")};
}

Result<void> Exchange::begin(const std::string& name) {
  CHANCERY_TRY(const std::vector<std::string> command, command_of(name));
  CHANCERY_TRY(os::Child child, os::Child::spawn(command));
  const std::scoped_lock lock(mutex_);
  Daemon& daemon = daemons_[name];
  daemon = Daemon{};
  daemon.child = std::make_unique<os::Child>(std::move(child));
  return {};
}

Result<void> Exchange::wait_ready(const std::string& name) {
  // A node without a store follows the whole log first.
  constexpr std::uint64_t kFollowedInMs = 5;  // At least.
  const milliseconds most = kReadyMax + milliseconds(setup_.prefill_count / kFollowedInMs);
  const auto start = os::steady_now();
  while (true) {
    CHANCERY_TRY_VOID(check());
    {
      const std::scoped_lock lock(mutex_);
      Daemon& daemon = daemons_[name];
      if (daemon.child != nullptr) {
        read_lines(daemon);
      }
      if (daemon.ready) {
        return {};
      }
    }
    if (os::steady_now() - start > most) {
      return fail(ErrorCode::kUnavailable, name + " did not become ready in time");
    }
    std::this_thread::sleep_for(kLook);
  }
}

Result<std::chrono::microseconds> Exchange::run(const std::string& name) {
  const auto start = os::steady_now();
  CHANCERY_TRY_VOID(begin(name));
  CHANCERY_TRY_VOID(wait_ready(name));
  return std::chrono::duration_cast<std::chrono::microseconds>(os::steady_now() - start);
}

Result<void> Exchange::end(const std::string& name, milliseconds patience) {
  const auto until = os::steady_now() + patience;
  while (true) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = daemons_.find(name);
      if (found == daemons_.end() || found->second.child == nullptr) {
        return {};
      }
      read_lines(found->second);
      if (const auto status = found->second.child->wait(milliseconds(0)); status.has_value()) {
        found->second.child.reset();
        return status->ok() ? Result<void>{}
                            : fail(ErrorCode::kInternal, name + " did not end as it should");
      }
      if (os::steady_now() > until) {
        return fail(ErrorCode::kUnavailable, name + " did not end in time");
      }
    }
    std::this_thread::sleep_for(kLook);
  }
}

Result<void> Exchange::stop(const std::string& name) {
  const double cpu = usage(name).cpu_us;
  {
    const std::scoped_lock lock(mutex_);
    Daemon& daemon = daemons_[name];
    if (daemon.child == nullptr) {
      return {};
    }
    cpu_of_the_gone_us_ += cpu;
    daemon.stopping = true;
    daemon.child->terminate();
  }
  return end(name, kStopMax);
}

void Exchange::kill(const std::string& name) {
  const double cpu = usage(name).cpu_us;
  {
    const std::scoped_lock lock(mutex_);
    Daemon& daemon = daemons_[name];
    if (daemon.child == nullptr) {
      return;
    }
    cpu_of_the_gone_us_ += cpu;
    daemon.stopping = true;
    daemon.child->kill();
  }
  static_cast<void>(end(name, kStopMax));
}

Usage Exchange::usage(const std::string& name) {
  pid_t pid = -1;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = daemons_.find(name);
    if (found == daemons_.end() || found->second.child == nullptr) {
      return {};
    }
    pid = found->second.child->pid();
  }
  return usage_of(pid);
}

double Exchange::cpu_us() {
  double sum = 0;
  for (const std::string& name : names()) {
    sum += usage(name).cpu_us;
  }
  const std::scoped_lock lock(mutex_);
  return sum + cpu_of_the_gone_us_;
}

SinkCount Exchange::sink_count() {
  const std::scoped_lock lock(mutex_);
  return sink_count_;
}

Result<text::Json> Exchange::status(const std::string& name) {
  Shared shared;
  shared.exchange = folder();
  CHANCERY_TRY(const DaemonTarget target, find_daemon({.name = name}, shared));
  CHANCERY_TRY(const std::string status, ask_status(target));
  return text::parse_json(status, kStatusDepthMax);
}

}  // namespace chancery::cli::bench
