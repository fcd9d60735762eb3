// `chancery audit pair`: what two members sent each other, from the records of their nodes
// (core/exchange/pair_audit.h), each audited from its first entry on as `audit verify` does.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct PairOptions {
  std::string first{};  // Member codes.
  std::string second{};
  std::optional<std::uint64_t> from{};
  std::optional<std::uint64_t> to{};
  // Of one of the two or of both; none: those of the trial exchange.
  std::vector<std::string> stores{};
  std::vector<std::string> nodes{};  // node.toml
  std::string genesis{};
  bool list = false;
};

// 0 verified, 1 falsified (what differs is named), 2 could not tell.
[[nodiscard]] Result<int> run_audit_pair(const PairOptions& options, const Shared& shared);

}  // namespace chancery::cli
