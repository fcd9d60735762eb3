#include "tests/system/support/daemon.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "io/os/file.h"
#include "tests/support/keys.h"

namespace chancery::test {
namespace {

constexpr std::chrono::milliseconds kNap{5};
constexpr std::size_t kJsonDepthMax = 16;
constexpr std::chrono::milliseconds kCommandTime{40'000};

std::string read_all(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(kNap);
  }
  return true;
}

Folder::Folder() : path_("/tmp/chs-XXXXXX") {
  CHANCERY_CHECK(::mkdtemp(path_.data()) != nullptr);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::operator/(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

void Folder::make(std::string_view name) const {
  must(os::make_private_folder(*this / name));
}

void Folder::write(std::string_view name, std::string_view bytes) const {
  must(os::replace_file(*this / name, bytes, 0600));
}

Daemon::Daemon(std::string program, std::string config, std::string log)
    : program_(std::move(program)), config_(std::move(config)), log_(std::move(log)) {}

// The log goes to a file: a pipe that the test reads late would stop the daemon.
void Daemon::start() {
  log_start_ = read_all(log_).size();
  child_ = std::make_unique<os::Child>(must(os::Child::spawn(
      {"/bin/sh", "-c", R"(exec "$0" --config "$1" >>"$2" 2>&1)", program_, config_, log_},
      {.capture_output = false, .folder = {}})));
}

std::optional<int> Daemon::stop() {
  child_->terminate();
  const std::optional<os::ExitStatus> status = child_->wait(kStopTime);
  return status.has_value() ? status->code : std::nullopt;
}

void Daemon::kill() {
  child_->kill();
  EXPECT_TRUE(child_->wait(kStopTime).has_value());
}

bool Daemon::runs() {
  return child_ != nullptr && !child_->wait(std::chrono::milliseconds(0)).has_value();
}

bool Daemon::says(const std::vector<std::string>& words, std::chrono::milliseconds patience) const {
  return eventually(
      [&] {
        std::istringstream lines(log());
        std::string line;
        while (std::getline(lines, line)) {
          if (std::ranges::all_of(words, [&](const std::string& word) {
                return line.find(word) != std::string::npos;
              })) {
            return true;
          }
        }
        return false;
      },
      patience);
}

std::string Daemon::line_of(std::string_view event) const {
  std::istringstream lines(log());
  std::string line;
  const std::string wanted = " " + std::string(event) + " ";
  while (std::getline(lines, line)) {
    if (const std::size_t at = line.find(wanted); at != std::string::npos) {
      return line.substr(at + wanted.size());
    }
  }
  return {};
}

std::string Daemon::log() const {
  return read_all(log_).substr(log_start_);
}

std::uint64_t Daemon::resident_kib() const {
  std::istringstream status(read_all("/proc/" + std::to_string(child_->pid()) + "/status"));
  std::string word;
  std::uint64_t kib = 0;
  while (status >> word && word != "VmRSS:") {
  }
  status >> kib;
  return kib;
}

text::Json Ran::json() const {
  const Result<text::Json> parsed = text::parse_json(output, kJsonDepthMax);
  return parsed.has_value() ? *parsed : text::Json(nullptr);
}

Ran chancery(std::vector<std::string> words) {
  words.insert(words.begin(), CHANCERY_COMMAND);
  os::Child child = must(os::Child::spawn(words));
  Ran ran;
  const bool ended = eventually(
      [&] {
        for (const std::string& line : child.read_lines()) {
          ran.output += line;  // Long lines come in pieces; JSON is one line.
        }
        return child.output_fd() < 0;
      },
      kCommandTime);
  const std::optional<os::ExitStatus> status = child.wait(kStopTime);
  if (ended && status.has_value()) {
    ran.code = status->code.value_or(-1);
  }
  return ran;
}

}  // namespace chancery::test
