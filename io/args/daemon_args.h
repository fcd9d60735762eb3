// The command line of the two daemons, which is the same: everything else stands in the file.
//
// Prints help, version and usage errors itself; main() returns the exit code that comes back.

#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace chancery::args {

struct DaemonArgs {
  std::string config_path;
  bool check_only = false;   // Read and check everything, then end: for configuration management.
  bool trust_clock = false;  // Though the store has seen a later time.
  bool log_json = false;
  std::string log_level = "info";  // debug, info, warn or error
};

struct Program {
  std::string name;     // "chancery-node"
  std::string brief;    // What it is, in a few words: the head of its manual page.
  std::string about;    // The same in one or more sentences; --help shows it.
  std::string version;  // "0.1.0"
};

// The arguments, or the exit code to end with: 0 after --help or --version (on stdout), 64 after a
// usage error (on stderr).
[[nodiscard]] std::expected<DaemonArgs, int> parse_daemon_args(int argc, const char* const* argv,
                                                               const Program& program);

}  // namespace chancery::args
