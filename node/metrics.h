// What a node tells over HTTP: its metrics, and when it is ready. docs/reference/metrics.md lists
// them.

#pragma once

#include <cstdint>

#include "daemon/vitals.h"

namespace chancery::node {

// Entries on the way are no reason to call a node out of step.
inline constexpr std::uint64_t kBehindMax = 1024;

[[nodiscard]] daemon::Vitals::Program vitals_program();

}  // namespace chancery::node
