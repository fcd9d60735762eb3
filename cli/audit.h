// `chancery audit verify`: everything in a log checked again from the stored bytes: of a daemon, a
// store, or an export (audit_check.h).

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/audited_head.h"
#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"
#include "core/exchange/audit.h"
#include "io/text/json.h"

namespace chancery::cli {

struct VerifyOptions {
  DaemonOptions daemon{};  // `name` may be the word `live`, or the path of a folder: an export.
  std::string folder{};    // An export.
  std::string contradiction{};  // A file of `audit compare`.
  std::string vkey{};           // Of the log, as the caller knows it.
  bool since_last = false;
  bool log_signed = false;  // An export whose checkpoint has no quorum will do.
};

// 0 verified, 1 falsified (the entry or the file at fault is named), 2 could not tell.
[[nodiscard]] Result<int> run_audit_verify(const VerifyOptions& options, const Shared& shared);

// All of a source audited. kIo and the like where it could not be read; what is wrong with the log
// or the store is a finding, also that it does not extend `since`. Into `newest`, where that is
// given, its newest checkpoint; to `on_batch` each batch that was found good.
using OnBatch = std::function<void(const v1::AuditBatch& batch, exchange::Auditor& auditor)>;
[[nodiscard]] Result<exchange::AuditReport> audit_all(const AuditSource& source, bool json,
                                                      const AuditedHead* since = nullptr,
                                                      std::string* newest = nullptr,
                                                      const OnBatch& on_batch = nullptr);
[[nodiscard]] text::Json as_json(const exchange::AuditReport& report, const DaemonTarget& target,
                                 const AuditSource& source);
void print(const exchange::AuditReport& report, const DaemonTarget& target,
           const AuditSource& source);
[[nodiscard]] text::Json findings_json(const std::vector<exchange::AuditFinding>& findings);
// An error of reading as an exit code: 2 where it says nothing of the log.
[[nodiscard]] Result<int> no_verdict(Result<int> code, const Shared& shared);

}  // namespace chancery::cli
