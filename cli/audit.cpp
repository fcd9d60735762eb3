#include "cli/audit.h"

#include <unistd.h>

#include <iostream>
#include <string_view>
#include <utility>

#include "cli/audit_check.h"
#include "cli/audit_compare.h"
#include "cli/display.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "core/base/encoding.h"
#include "core/exchange/audit.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/scratch_file.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

constexpr std::string_view kLiveName = "live";  // The daemon itself, and not its store.

// What damages a store falsifies it; that a daemon or disk does not answer proves nothing.
bool falsifies(ErrorCode code) {
  return code == ErrorCode::kStoreDamaged || code == ErrorCode::kMalformed ||
         code == ErrorCode::kNotCanonical;
}

}  // namespace

Result<exchange::AuditReport> audit_all(const AuditSource& source, bool json,
                                        const AuditedHead* since, std::string* newest,
                                        const OnBatch& on_batch) {
  os::ScratchFile scratch;
  exchange::Auditor auditor(
      source.genesis,
      {.append = [&](std::string_view bytes) { return scratch.append(bytes); },
       .read = [&](std::uint64_t offset, std::size_t n) { return scratch.read(offset, n); }});
  Progress progress(std::cerr, !json && is_terminal(STDERR_FILENO), os::steady_now());
  std::uint64_t from = 0;
  std::uint64_t size = 0;
  std::string root;
  bool going_on = true;
  v1::AuditPageReply used;
  while (going_on) {
    Result<v1::AuditPageReply> page = source.pages(from, std::move(used));
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
      if (newest != nullptr) {
        *newest = batch.checkpoint();
      }
      if (on_batch) {
        on_batch(batch, auditor);
      }
      progress.show("verifying entries", batch.first_index(), size, "", os::steady_now());
    }
    if (page->next_index() == 0) {
      auditor.last_page(*page);
    }
    from = page->next_index();
    going_on = going_on && from != 0;
    used = *std::move(page);
  }
  progress.end();
  const std::optional<Hash> then =
      since != nullptr ? auditor.root_at(since->checkpoint.size) : std::nullopt;
  exchange::AuditReport report = auditor.finish(size, root);
  if (report.failure.has_value()) {
    return std::unexpected(*report.failure);
  }
  if (since != nullptr && report.passed()) {
    CHANCERY_TRY_VOID(check_reaches(*since, report.size));
    // It has signed no head there: then it is not the log that did.
    if (const Result<void> same = check_same(*since, then.value_or(Hash{})); !same.has_value()) {
      report.findings.push_back({std::nullopt, same.error()});
    }
  }
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

text::Json findings_json(const std::vector<exchange::AuditFinding>& findings) {
  text::Json json = text::Json::array();
  for (const exchange::AuditFinding& finding : findings) {
    json.push_back(
        {{"index", finding.index.has_value() ? text::Json(*finding.index) : text::Json(nullptr)},
         {"code", error_info(finding.error.code).name},
         {"detail", finding.error.detail}});
  }
  return json;
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
                  {"findings", findings_json(report.findings)}};
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
              << " of these have no body here any more\n";
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

struct Since {
  std::string path;  // Empty where nobody asked.
  std::optional<AuditedHead> head;

  [[nodiscard]] const AuditedHead* get() const { return head.has_value() ? &*head : nullptr; }
};

Result<Since> read_since(const VerifyOptions& options, const Hash& genesis) {
  Since since;
  if (options.since_last) {
    CHANCERY_TRY(since.path, audited_path(genesis));
    CHANCERY_TRY(since.head, read_audited(since.path));
  }
  return since;
}

text::Json as_json(const Since& since) {
  return since.head.has_value() ? text::Json{{"size", since.head->checkpoint.size},
                                             {"root", hex(since.head->checkpoint.root)}}
                                : text::Json(nullptr);
}

void print(const Since& since) {
  if (since.head.has_value()) {
    std::cout << "  since       it extends the head of " << since.head->checkpoint.size
              << " entries that was audited last\n";
  } else if (!since.path.empty()) {
    std::cout << "  since       its head is the first that is kept\n";
  }
}

Result<int> verify_daemon(const VerifyOptions& options, const Shared& shared) {
  if (!options.vkey.empty() || options.log_signed) {
    return fail(ErrorCode::kUsage, "--vkey and --log-signed are for an export");
  }
  if (!options.daemon.genesis.empty() && options.daemon.store.empty()) {
    return fail(ErrorCode::kUsage, "--genesis is for a store or an export");
  }
  DaemonOptions named = options.daemon;
  named.name = named.name == kLiveName ? "" : named.name;
  CHANCERY_TRY(const DaemonTarget target, find_daemon(named, shared));
  CHANCERY_TRY(const AuditSource source, open_audit(target));
  if (options.daemon.name == kLiveName && source.check) {
    return fail(ErrorCode::kNoDaemon, "its store could be read: leave out `live`");
  }
  CHANCERY_TRY(const Since since, read_since(options, source.genesis));
  std::string newest;
  CHANCERY_TRY(const exchange::AuditReport report,
               audit_all(source, shared.json, since.get(), &newest));
  if (report.passed() && !since.path.empty() && !newest.empty()) {
    CHANCERY_TRY_VOID(write_audited(since.path, newest));
  }
  if (shared.json) {
    text::Json json = as_json(report, target, source);
    json["since"] = as_json(since);
    std::cout << json_line(json) << "\n";
  } else {
    print(report, target, source);
    if (report.passed()) {
      print(since);
    }
  }
  return report.passed() ? os::kExitDone : os::kExitFalse;
}

// That no quorum cosigned says nothing against the log, and nothing for it.
bool is_open(const ExportVerdict& verdict, const VerifyOptions& options) {
  return verdict.passed() && !verdict.at_quorum && !options.log_signed;
}

text::Json as_json(const ExportVerdict& verdict, const VerifyOptions& options, const Pins& pins) {
  text::Json json{
      {"verified", is_open(verdict, options) ? text::Json(nullptr) : text::Json(verdict.passed())},
      {"export", options.folder},
      {"genesis", hex(verdict.genesis)},
      {"genesis_given", pins.genesis.has_value()},
      {"origin", verdict.origin},
      {"vkey", verdict.vkey},
      {"vkey_given", pins.log_key.has_value()},
      {"size", verdict.size},
      {"root", hex(verdict.root)},
      {"directory_entries", verdict.directory_entries},
      {"quorum_needed", verdict.quorum_needed},
      {"at_quorum", verdict.at_quorum},
      {"cosignatures", verdict.cosignatures},
      {"findings", text::Json::array()}};
  for (const ledger::FileFinding& finding : verdict.findings) {
    json["findings"].push_back({{"file", finding.file},
                                {"code", error_info(finding.error.code).name},
                                {"detail", finding.error.detail}});
  }
  return json;
}

void print(const ExportVerdict& verdict, const VerifyOptions& options, const Pins& pins) {
  std::cout << (!verdict.passed()           ? "FALSE: "
                : is_open(verdict, options) ? "could not tell: "
                                            : "verified: ")
            << harmless(options.folder) << " (export)\n"
            << "  log         " << harmless(verdict.origin) << ", " << verdict.size << " entries, "
            << verdict.directory_entries << " of them directory entries\n"
            << "  root        " << hex(verdict.root) << "\n"
            << "  genesis     " << hex(verdict.genesis)
            << (pins.genesis.has_value() ? ", as given" : ", by its own word") << "\n"
            << "  log key     " << harmless(verdict.vkey)
            << (pins.log_key.has_value()   ? ", as given"
                : pins.genesis.has_value() ? ", by the directory of that genesis"
                                           : ", by its own word")
            << "\n  checkpoint  " << verdict.cosignatures << " cosigned: "
            << (!verdict.quorum_needed ? "the directory has too few witnesses for a quorum"
                : verdict.at_quorum    ? "a quorum"
                                       : "no quorum; others may have been shown another log")
            << "\n";
  for (const ledger::FileFinding& finding : verdict.findings) {
    std::cout << "  at fault    " << harmless(finding.file) << ": "
              << harmless(finding.error.to_string()) << "\n";
  }
}

Result<int> verify_export(const VerifyOptions& options, const Shared& shared) {
  if (!options.daemon.store.empty() || !options.daemon.hub.empty() ||
      !options.daemon.node.empty() || !shared.exchange.empty()) {
    return fail(ErrorCode::kUsage, "an export is asked for, and a daemon: one of the two");
  }
  CHANCERY_TRY(const Pins pins, read_pins(options.daemon.genesis, options.vkey));
  CHANCERY_TRY(ExportVerdict verdict,
               check_export(options.folder, pins, !shared.json && is_terminal(STDERR_FILENO)));
  CHANCERY_TRY(const Since since, read_since(options, verdict.genesis));
  if (verdict.passed() && since.head.has_value()) {
    const Result<void> extends = check_extends(options.folder, verdict, *since.head);
    if (!extends.has_value() && extends.error().code != ErrorCode::kForeignLog) {
      return std::unexpected(extends.error());
    }
    if (!extends.has_value()) {
      verdict.findings.push_back({.file = "checkpoint", .error = extends.error()});
    }
  }
  const bool open = is_open(verdict, options);
  if (verdict.passed() && !open && !since.path.empty()) {
    CHANCERY_TRY_VOID(write_audited(since.path, verdict.checkpoint));
  }
  if (shared.json) {
    text::Json json = as_json(verdict, options, pins);
    json["since"] = as_json(since);
    std::cout << json_line(json) << "\n";
  } else {
    print(verdict, options, pins);
    if (verdict.passed()) {
      print(since);
    }
  }
  return !verdict.passed() ? os::kExitFalse : open ? os::kExitUnknown : os::kExitDone;
}

// No daemon has a name with a slash in it.
bool names_folder(const std::string& name) {
  return name.contains('/');
}

Result<int> verify(const VerifyOptions& options, const Shared& shared) {
  if (!options.contradiction.empty()) {
    CHANCERY_TRY(const Pins pins, read_pins(options.daemon.genesis, options.vkey));
    return verify_contradiction_file(options.contradiction, pins, shared);
  }
  if (!options.folder.empty()) {
    return options.daemon.name.empty()
               ? verify_export(options, shared)
               : fail(ErrorCode::kUsage, "an export is asked for, and a daemon: one of the two");
  }
  if (!names_folder(options.daemon.name)) {
    return verify_daemon(options, shared);
  }
  VerifyOptions named = options;
  named.folder = std::exchange(named.daemon.name, "");
  return verify_export(named, shared);
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

Result<int> run_audit_verify(const VerifyOptions& options, const Shared& shared) {
  return no_verdict(verify(options, shared), shared);
}

}  // namespace chancery::cli
