// `chancery thread`: the thread of a notice as a tree, and what its workflows come to. Protocol
// chapters 15 to 17. `chancery show` says the second as well.

#pragma once

#include <string>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli {

struct ThreadOptions {
  std::string notice;  // By 8 digits of its N or more.
  DaemonOptions daemon;
};

// Harmless for a terminal. What it comes to, on lines of their own; nothing where there is no
// workflow in it.
[[nodiscard]] std::string standing_text(const v1::ThreadReply& thread);
// An entry a line, each below what it refers to.
[[nodiscard]] std::string tree_text(const v1::ThreadReply& thread);
[[nodiscard]] text::Json thread_json(const v1::ThreadReply& thread);

// 0 for what could be told, whatever it comes to.
[[nodiscard]] Result<int> run_thread(const ThreadOptions& options, const Shared& shared);

}  // namespace chancery::cli
