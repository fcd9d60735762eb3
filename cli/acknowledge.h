// `chancery acknowledge`: people read a notice, or acted on it, and its origin is to know.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

struct AcknowledgeOptions {
  std::string name;  // A notice, an index or a notice id.
  bool read = false;
  bool actioned = false;
  std::string remark;
  std::string timeout = "30s";
};

[[nodiscard]] Result<int> run_acknowledge(const AcknowledgeOptions& options, const Shared& shared);

}  // namespace chancery::cli
