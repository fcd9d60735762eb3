// `chancery doctor`: what is wrong with a hub or a node and what to do about it, from its
// configuration, its keys, its store and what it says of itself. For people; with --check for
// Nagios and what speaks its plugin protocol; with --bundle as a file for whoever is to help.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli {

struct DoctorOptions {
  DaemonOptions daemon;
  bool check = false;
  std::string log_age_max;          // A duration; empty where the age is no matter.
  std::uint64_t unshown_known = 0;  // As in StatusOptions.
  std::string bundle;               // A file that is not there yet; empty for none.
};

// The numbers are the exit codes of Nagios plugins.
enum class Health : std::uint8_t { kGood = 0, kWarning = 1, kBad = 2, kUnknown = 3 };

struct Finding {
  std::string part;  // "disk"
  Health health = Health::kGood;
  std::string detail;
  std::string remedy{};  // Where something is to be done.
};

struct Expectations {
  std::uint64_t now_ms = 0;
  std::uint64_t log_age_max_ms = 0;  // 0: any.
  std::uint64_t unshown_known = 0;
};

// Of the status of a running daemon: one finding for each part. Pure.
[[nodiscard]] std::vector<Finding> findings_of(const text::Json& status,
                                               const Expectations& expectations);

// 0 where all is well, 1 where something is not. With --check the exit code of a plugin.
[[nodiscard]] Result<int> run_doctor(const DoctorOptions& options, const Shared& shared);

}  // namespace chancery::cli
