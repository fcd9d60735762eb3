// `chancery audit verify`: everything in a log checked again from the stored bytes.

#pragma once

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"
#include "core/exchange/audit.h"
#include "io/text/json.h"

namespace chancery::cli {

// 0 verified, 1 falsified (the entry at fault is named), 2 could not tell.
[[nodiscard]] Result<int> run_audit_verify(const DaemonOptions& options, const Shared& shared);

// All of a source audited. kIo and the like where it could not be read; what is wrong with the log
// or the store is a finding.
[[nodiscard]] Result<exchange::AuditReport> audit_all(const AuditSource& source, bool json);
[[nodiscard]] text::Json as_json(const exchange::AuditReport& report, const DaemonTarget& target,
                                 const AuditSource& source);
void print(const exchange::AuditReport& report, const DaemonTarget& target,
           const AuditSource& source);
// An error of reading as an exit code: 2 where it says nothing of the log.
[[nodiscard]] Result<int> no_verdict(Result<int> code, const Shared& shared);

}  // namespace chancery::cli
