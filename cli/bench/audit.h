// `chancery bench audit`: what it takes to verify a log: `chancery audit verify` of the hub's store
// and of a node's, `audit export`, and `audit verify` of the export, each as its user runs it.
//
// No daemon runs meanwhile.

#pragma once

#include <cstdint>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

struct AuditOptions {
  CommonOptions common{.setup = {.recipient_count = 3, .prefill_count = 50'000}};
  std::uint64_t count = 1000;  // Notices that go through the exchange, beside those before.
  std::uint32_t rounds = 3;    // Of each command.
};

[[nodiscard]] Result<int> run_audit(const AuditOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
