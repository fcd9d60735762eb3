#include "cli/audit.h"

#include <unistd.h>

#include <iostream>

#include "cli/display.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "core/base/encoding.h"
#include "core/exchange/audit.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

// What damages a store falsifies it; that a daemon or disk does not answer proves nothing.
bool falsifies(ErrorCode code) {
  return code == ErrorCode::kStoreDamaged || code == ErrorCode::kMalformed ||
         code == ErrorCode::kNotCanonical;
}

}  // namespace

Result<exchange::AuditReport> audit_all(const AuditSource& source, bool json) {
  exchange::Auditor auditor(source.genesis);
  Progress progress(std::cerr, !json && is_terminal(STDERR_FILENO), os::steady_now());
  std::uint64_t from = 0;
  std::uint64_t size = 0;
  std::string root;
  bool going_on = true;
  while (going_on) {
    Result<v1::AuditPageReply> page = source.pages(from);
    if (!page.has_value()) {
      progress.end();
      if (!falsifies(page.error().code)) {
        return std::unexpected(page.error());
      }
      exchange::AuditReport report = auditor.finish(size);
      report.findings.push_back({std::nullopt, page.error()});
      return report;
    }
    size = page->size();
    root = page->root();
    for (const v1::AuditBatch& batch : page->batches()) {
      if (!auditor.batch(batch)) {
        going_on = false;
        break;
      }
      progress.show("verifying entries", batch.first_index(), size, "", os::steady_now());
    }
    if (page->next_index() == 0) {
      auditor.last_page(*page);
    }
    from = page->next_index();
    going_on = going_on && from != 0;
  }
  progress.end();
  exchange::AuditReport report = auditor.finish(size, root);
  // Where the entries are good it may be what finds them that is not: indexes, the head, the list
  // of directory entries.
  if (report.passed() && source.check) {
    if (const Result<void> checked = source.check(); !checked.has_value()) {
      if (!falsifies(checked.error().code)) {
        return std::unexpected(checked.error());
      }
      report.findings.push_back({std::nullopt, checked.error()});
    }
  }
  return report;
}

text::Json as_json(const exchange::AuditReport& report, const DaemonTarget& target,
                   const AuditSource& source) {
  text::Json json{{"verified", report.passed()},
                  {"name", target.name},
                  {"source", source.from},
                  {"genesis", hex(source.genesis)},
                  {"size", report.size},
                  {"root", hex(report.root)},
                  {"batches", report.batch_count},
                  {"directory_entries", report.directory_entry_count},
                  {"envelopes", report.envelope_count},
                  {"erased", report.erased_count},
                  {"absent", report.absent_count},
                  {"void", report.void_count},
                  {"head_unsigned", report.head_unsigned},
                  {"findings", text::Json::array()}};
  for (const exchange::AuditFinding& finding : report.findings) {
    json["findings"].push_back(
        {{"index", finding.index.has_value() ? text::Json(*finding.index) : text::Json(nullptr)},
         {"code", error_info(finding.error.code).name},
         {"detail", finding.error.detail}});
  }
  return json;
}

void print(const exchange::AuditReport& report, const DaemonTarget& target,
           const AuditSource& source) {
  std::cout << (report.passed() ? "verified: " : "FALSE: ") << harmless(target.name) << " ("
            << source.from << ")\n"
            << "  log         " << report.size << " entries in " << report.batch_count
            << " batches, " << report.directory_entry_count << " of them directory entries\n"
            << "  root        " << hex(report.root) << "\n"
            << "  envelopes   " << report.envelope_count << " verified, " << report.absent_count
            << " not held here, " << report.void_count << " void and kept as evidence\n";
  if (report.erased_count > 0) {
    std::cout << "  erased      " << report.erased_count
              << " of these have no body any more, as the roster asks\n";
  }
  if (report.head_unsigned) {
    std::cout << "  the last batch is stored and not signed yet: not part of what is verified\n";
  }
  for (const exchange::AuditFinding& finding : report.findings) {
    std::cout << "  at fault    "
              << (finding.index.has_value() ? "entry " + std::to_string(*finding.index) : "the log")
              << ": " << harmless(finding.error.to_string()) << "\n";
  }
}

namespace {

Result<int> verify(const DaemonOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options, shared));
  CHANCERY_TRY(const AuditSource source, open_audit(target));
  CHANCERY_TRY(const exchange::AuditReport report, audit_all(source, shared.json));
  if (shared.json) {
    std::cout << json_line(as_json(report, target, source)) << "\n";
  } else {
    print(report, target, source);
  }
  return report.passed() ? os::kExitDone : os::kExitFalse;
}

}  // namespace

Result<int> no_verdict(Result<int> code, const Shared& shared) {
  // Nothing was found false where nothing could be read: a busy or missing store is no verdict.
  if (!code.has_value() && code.error().code != ErrorCode::kUsage &&
      !falsifies(code.error().code)) {
    report(code.error(), shared.json);
    return os::kExitUnknown;
  }
  return code;
}

Result<int> run_audit_verify(const DaemonOptions& options, const Shared& shared) {
  return no_verdict(verify(options, shared), shared);
}

}  // namespace chancery::cli
