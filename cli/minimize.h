// `chancery minimize`: whether an exchange keeps its lines free, and a member's word that it is to.
//
// The state is an entry of the directory, signed by the authority of a member that the roster names
// for it, or by as many as change the roster. Any node hands it in, and the hub's operator can.
// Protocol chapter 18.

#pragma once

#include <string>
#include <vector>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct MinimizeOptions {
  std::string value{};                     // Empty: show it.
  std::vector<std::string> authorities{};  // Private keys (PEM).
  DaemonOptions daemon{};
};

[[nodiscard]] Result<int> run_minimize(const MinimizeOptions& options, const Shared& shared);

}  // namespace chancery::cli
