// A command that is handed its input and ends, or is ended: what a node's hooks run.
//
// It has no shell, runs in the root folder, in a process group of its own, with PATH and LANG for
// an environment, and no descriptor of ours: stdin is a pipe with its input, stdout goes to
// /dev/null, and of stderr the first line is kept. What it leaves running when it ends by itself is
// not looked after. SIGPIPE is to be ignored (io/os/signals.h): a command need not read its input.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/os/process.h"

namespace chancery::os {

inline constexpr std::size_t kComplaintBytesMax = 256;
// Between SIGTERM to the group of a command whose time is up, and SIGKILL.
inline constexpr std::chrono::milliseconds kCommandGrace{500};

struct CommandEnd {
  std::optional<ExitStatus> status;  // Nothing where it was ended.
  std::string complaint;             // The first line on its stderr that is not empty, cut; raw.
};

// Returns when it has ended by itself, or soon after its time was up or a stop was asked for: then
// its whole group is ended. kFileMissing, kIo where it was not begun.
[[nodiscard]] Result<CommandEnd> run_command(const std::vector<std::string>& argv,
                                             std::string_view input,
                                             std::chrono::milliseconds time_max,
                                             const std::stop_token& stop = {});

}  // namespace chancery::os
