// What a node tells over HTTP: its metrics, and when it is ready. docs/reference/metrics.md lists
// them.

#pragma once

#include "daemon/vitals.h"

namespace chancery::node {

[[nodiscard]] daemon::Vitals::Program vitals_program();

}  // namespace chancery::node
