// `chancery audit verify`: everything in a log checked again from the stored bytes.

#pragma once

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

// 0 verified, 1 falsified (the entry at fault is named), 2 could not tell.
[[nodiscard]] Result<int> run_audit_verify(const DaemonOptions& options, const Shared& shared);

}  // namespace chancery::cli
