// The programs as processes, for system tests: a short private folder, a daemon with its log in a
// file, and a command that runs to its end.
//
// Nothing is left behind: whoever goes out of scope kills what it started, and nothing else. One
// thread, the test's.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/os/process.h"
#include "io/text/json.h"

namespace chancery::test {

inline constexpr std::chrono::milliseconds kPatience{10'000};  // Only a failing test waits so long.
inline constexpr std::chrono::milliseconds kStopTime{5'000};

[[nodiscard]] bool eventually(const std::function<bool()>& condition,
                              std::chrono::milliseconds patience = kPatience);

// Under /tmp whatever TMPDIR says: paths of sockets have at most 107 bytes.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder();

  [[nodiscard]] std::string operator/(std::string_view name) const;
  void make(std::string_view name) const;  // A private folder in it.
  // 0600; replaces what is there.
  void write(std::string_view name, std::string_view bytes) const;

 private:
  std::string path_;
};

class Daemon {
 public:
  Daemon(std::string program, std::string config, std::string log);

  void start();
  // SIGTERM; the exit code, or nothing where it does not end in kStopTime or ends by a signal.
  [[nodiscard]] std::optional<int> stop();
  void kill();
  [[nodiscard]] bool runs();

  // Whether a line of the log since the last start has all of these; waits for it.
  [[nodiscard]] bool says(const std::vector<std::string>& words,
                          std::chrono::milliseconds patience = kPatience) const;
  // The rest of the first line with this event, since the last start.
  [[nodiscard]] std::string line_of(std::string_view event) const;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::uint64_t resident_kib() const;

 private:
  std::string program_;
  std::string config_;
  std::string log_;
  std::size_t log_start_ = 0;
  std::unique_ptr<os::Child> child_;  // Null before the first start.
};

struct Ran {
  int code = -1;  // -1: it ended by a signal, or not in time.
  std::string output;
  [[nodiscard]] text::Json json() const;  // Null where the output is none.
};

// The command `chancery` with these words.
[[nodiscard]] Ran chancery(std::vector<std::string> words);

}  // namespace chancery::test
