// `chancery exchange run`: the hub and every node of a trial exchange as children of one command.
//
// Starts chancery-broker and one chancery-node per member from DIR/exchange.toml, shows their log
// lines with the name of who wrote them, and ends all of them together: on Ctrl-C, on SIGTERM, or
// when one of them ends by itself. It restarts nothing: for service, each daemon has a unit of its
// own. To be called from the main thread, before any other is started (io/os/process.h).

#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace chancery::cli {

// How long the children have between SIGTERM and SIGKILL.
inline constexpr std::chrono::seconds kStopTime{10};

// DIR/exchange.toml.
struct ExchangeFile {
  std::string name;
  std::string genesis;  // Hexadecimal.
  std::string hub;
  std::vector<std::string> members;
};
[[nodiscard]] Result<ExchangeFile> read_exchange_file(const std::string& folder);

// "AM" -> "am": the folder of a member in a trial exchange.
[[nodiscard]] std::string member_folder(std::string_view code);

struct ExchangeRunOptions {
  std::string folder;
  std::string programs;  // Where chancery-broker and chancery-node are; empty: beside this program.
  std::string log_level = "info";
  // Gets "NAME PID" for each process once all say "ready", the nodes in step with the log:
  // from then on notices can be published. Needs a log level that shows these events.
  std::string ready_file;
  bool json = false;  // One object per line instead of text; docs/reference/cli.md has the fields.
};

// Whether a line of a daemon's log says this event at level info, in the text form of io/log.
[[nodiscard]] bool says_event(std::string_view line, std::string_view event);

// "\033[36mhub  |\033[0m line" or "hub  | line".
[[nodiscard]] std::string prefixed(std::string_view name, std::size_t width, std::size_t number,
                                   bool colour, std::string_view line);

// Returns when all children have ended: true where that was asked for, false where one ended by
// itself. Writes to `out`; colours only in text, on a terminal and where NO_COLOR is not set.
[[nodiscard]] Result<bool> run_exchange(const ExchangeRunOptions& options, std::FILE* out);

}  // namespace chancery::cli
