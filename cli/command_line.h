// The command line of `chancery`: parses it, runs the verb that it names, reports what fails.

#pragma once

namespace chancery::cli {

// Gives the exit code: os::kExitDone and so on.
[[nodiscard]] int run_command_line(int argc, const char* const* argv);

}  // namespace chancery::cli
