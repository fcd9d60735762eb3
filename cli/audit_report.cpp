#include "cli/audit_report.h"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <limits>
#include <utility>
#include <vector>

#include "cli/activity.h"
#include "cli/audit.h"
#include "cli/display.h"
#include "cli/report_page.h"
#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/leaf.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr mode_t kReportMode = 0600;  // Who talks to whom, and how much, is not for everybody.
constexpr std::uint64_t kBeyondLog = std::uint64_t{1} << 62U;  // No log is as long.

// When the entry before a head of this size was accepted; nothing where no batch ends there.
Result<std::optional<std::uint64_t>> accepted_before(const AuditSource& source,
                                                     std::uint64_t size) {
  std::uint64_t from = size > exchange::kBatchSizeMax ? size - exchange::kBatchSizeMax : 0;
  do {
    CHANCERY_TRY(const v1::AuditPageReply page, source.leaves(from, {}));
    for (const v1::AuditBatch& batch : page.batches()) {
      if (batch.first_index() + batch.leaves().size() / ledger::kLeafBytes == size) {
        CHANCERY_TRY(const ledger::Leaf leaf,
                     ledger::parse_leaf(
                         as_bytes(std::string_view(batch.leaves()).substr(0, ledger::kLeafBytes))));
        return std::optional(leaf.accepted_at_ms);
      }
    }
    from = page.next_index();
  } while (from != 0 && from < size);
  return std::optional<std::uint64_t>();
}

// Its witnesses are those of the directory at the log's end. Nothing where the head is none of what
// was found good.
Result<std::optional<WitnessLag>> witness_lag(const AuditSource& source,
                                              const exchange::AuditReport& audit,
                                              const exchange::Directory& directory) {
  CHANCERY_TRY(const v1::AuditPageReply end, source.leaves(kBeyondLog, {}));
  if (end.cosigned().empty() || !directory.founded()) {
    return std::optional<WitnessLag>();
  }
  CHANCERY_TRY(const ledger::Note note, ledger::parse_note(end.cosigned()));
  CHANCERY_TRY(const ledger::Checkpoint checkpoint, ledger::parse_checkpoint_body(note.text));
  const exchange::WitnessSet set = exchange::witnesses_of(directory);
  CHANCERY_TRY(const std::vector<ledger::Cosignature> lines,
               ledger::verify_cosignatures(note, set.keys));
  CHANCERY_TRY(const std::optional<std::uint64_t> accepted_at_ms,
               accepted_before(source, checkpoint.size));
  if (!accepted_at_ms.has_value() || checkpoint.size > audit.size) {
    return std::optional<WitnessLag>();
  }
  WitnessLag lag{.size = checkpoint.size,
                 .accepted_at_ms = *accepted_at_ms,
                 .quorum = set.quorum,
                 .at_quorum = exchange::quorum_time(set, lines).has_value(),
                 .witnesses = {}};
  for (const ledger::NoteKey& key : set.keys) {
    lag.witnesses.push_back({.member = key.name.substr(key.name.rfind('/') + 1), .time_s = {}});
  }
  for (const ledger::Cosignature& line : lines) {
    lag.witnesses.at(line.witness).time_s = line.time_s;
  }
  return std::optional(std::move(lag));
}

Result<ReportData> collect(const ReportOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  CHANCERY_TRY(const AuditSource source, open_audit(target));
  ActivityFold fold(source.genesis, source.member);
  exchange::Directory directory(source.genesis);
  CHANCERY_TRY(exchange::AuditReport audit,
               audit_all(source, shared.json, nullptr, nullptr,
                         [&](const v1::AuditBatch& batch, exchange::Auditor& auditor) {
                           fold.batch(batch, auditor);
                           if (directory.root() != auditor.directory().root()) {
                             directory = auditor.directory();
                           }
                         }));
  ReportData data{.name = target.name,
                  .from = source.from,
                  .member = source.member,
                  .exchange = {},
                  .genesis = source.genesis,
                  .member_names = {},
                  .audit = std::move(audit),
                  .activity = fold.finish(),
                  .faults = {}};
  if (directory.founded()) {
    data.exchange = directory.roster().exchange();
    for (const v1::Member& member : directory.roster().members()) {
      data.member_names[member.code()] = member.name();
    }
  }
  CHANCERY_TRY(data.witnesses, witness_lag(source, data.audit, directory));
  CHANCERY_TRY(data.faults, source.faults());
  return data;
}

std::string time_text(std::uint64_t ms) {
  return text::time_for_programs(text::Time(std::chrono::milliseconds(ms)));
}

text::Json as_json(const Times& times) {
  text::Json bins = text::Json::array();
  for (const std::uint64_t bin : times.bins) {
    bins.push_back(bin);
  }
  if (times.count() == 0) {
    return {{"count", 0},
            {"median_ms", nullptr},
            {"p95_ms", nullptr},
            {"max_ms", nullptr},
            {"bins", bins}};
  }
  return {{"count", times.count()},
          {"median_ms", times.histogram.percentile(0.5)},
          {"p95_ms", times.histogram.percentile(0.95)},
          {"max_ms", times.histogram.max()},
          {"bins", bins}};
}

text::Json volume_json(const Activity& activity) {
  text::Json json = text::Json::array();
  for (const auto& [cell, count] : activity.volume) {
    json.push_back({{"member", cell.first}, {"kind", cell.second}, {"count", count}});
  }
  return json;
}

text::Json series_json(const Series& series) {
  text::Json columns = text::Json::array();
  for (std::size_t i = 0; i < series.columns().size(); ++i) {
    const Series::Column& column = series.columns()[i];
    columns.push_back({{"from", time_text(series.begin_ms() + i * series.width_ms())},
                       {"patient", column.patient},
                       {"urgent", column.urgent}});
  }
  return {{"width_ms", series.width_ms()}, {"columns", std::move(columns)}};
}

text::Json peers_json(const Activity& activity) {
  text::Json json = text::Json::array();
  for (const auto& [peer, with] : activity.peers) {
    json.push_back({{"member", peer},
                    {"to", with.to_peer},
                    {"from", with.from_peer},
                    {"delivered_to", as_json(with.delivered_to)},
                    {"delivered_from", as_json(with.delivered_from)},
                    {"undelivered", with.undelivered},
                    {"unopenable", with.unopenable},
                    {"read", as_json(with.read)},
                    {"actioned", as_json(with.actioned)}});
  }
  return json;
}

text::Json witnesses_json(const std::optional<WitnessLag>& lag) {
  if (!lag.has_value()) {
    return nullptr;
  }
  text::Json json{{"size", lag->size},
                  {"accepted_at", time_text(lag->accepted_at_ms)},
                  {"at_quorum", lag->at_quorum},
                  {"quorum", lag->quorum},
                  {"witnesses", text::Json::array()}};
  for (const WitnessLag::Witness& witness : lag->witnesses) {
    const std::optional<std::uint64_t> seconds = lag->seconds(witness);
    json["witnesses"].push_back(
        {{"member", witness.member},
         {"time", witness.time_s.has_value() ? text::Json(time_text(*witness.time_s * 1000))
                                             : text::Json(nullptr)},
         {"seconds", seconds.has_value() ? text::Json(*seconds) : text::Json(nullptr)}});
  }
  return json;
}

text::Json mismatches_json(const Activity& activity) {
  text::Json json = text::Json::array();
  for (const Mismatch& mismatch : activity.mismatches) {
    json.push_back({{"index", mismatch.index},
                    {"accepted_at", time_text(mismatch.accepted_at_ms)},
                    {"by", mismatch.by},
                    {"about", mismatch.about},
                    {"size", mismatch.size},
                    {"detail", mismatch.detail},
                    {"mended", mismatch.mended}});
  }
  return json;
}

text::Json faults_json(const std::vector<OwnFault>& faults) {
  text::Json json = text::Json::array();
  for (const OwnFault& fault : faults) {
    json.push_back(
        {{"part", fault.part},
         {"index", fault.index.has_value() ? text::Json(*fault.index) : text::Json(nullptr)},
         {"code", fault.code},
         {"detail", fault.detail}});
  }
  return json;
}

text::Json as_json(const ReportData& data, const std::string& file) {
  const Activity& activity = data.activity;
  text::Json json{{"verified", data.audit.passed()},
                  {"file", file},
                  {"name", data.name},
                  {"source", data.from},
                  {"member", data.member.empty() ? text::Json(nullptr) : text::Json(data.member)},
                  {"exchange", data.exchange},
                  {"genesis", hex(data.genesis)},
                  {"size", data.audit.size},
                  {"root", hex(data.audit.root)},
                  {"from", time_text(activity.first_at_ms)},
                  {"to", time_text(activity.last_at_ms)},
                  {"notices", activity.notices},
                  {"urgent", activity.urgent},
                  {"statements", activity.statements},
                  {"absent", data.audit.absent_count},
                  {"void", activity.void_count},
                  {"unopenable", activity.unopenable},
                  {"unread", activity.unread},
                  {"volume", volume_json(activity)},
                  {"over_time", series_json(activity.over_time)},
                  {"peers", peers_json(activity)},
                  {"witnesses", witnesses_json(data.witnesses)},
                  {"mismatches", mismatches_json(activity)},
                  {"faults", faults_json(data.faults)},
                  {"findings", findings_json(data.audit.findings)}};
  return json;
}

void print(const ReportData& data, const std::string& file, std::size_t bytes) {
  std::cout << (data.audit.passed() ? "verified: " : "FALSE: ") << harmless(data.name) << " ("
            << data.from << ")\n"
            << "  log         " << data.audit.size << " entries, root " << hex(data.audit.root)
            << "\n"
            << "  notices     " << data.activity.notices << " held here, of "
            << data.activity.volume.size() << " kinds and members; "
            << data.activity.mismatches.size() << " mismatches, " << data.faults.size()
            << " alarms and damaged records\n";
  for (const exchange::AuditFinding& finding : data.audit.findings) {
    std::cout << "  at fault    "
              << (finding.index.has_value() ? "entry " + std::to_string(*finding.index) : "the log")
              << ": " << harmless(finding.error.to_string()) << "\n";
  }
  std::cout << "  written     " << harmless(file) << ", " << bytes << " bytes\n";
}

Result<int> run(const ReportOptions& options, const Shared& shared) {
  std::error_code unknown;
  if (std::filesystem::exists(options.output, unknown)) {  // Before all the work.
    return fail(ErrorCode::kExists, options.output + " is there");
  }
  CHANCERY_TRY(const ReportData data, collect(options, shared));
  const std::string page = report_page(data);
  CHANCERY_TRY_VOID(os::write_file_new(options.output, page, kReportMode));
  if (shared.json) {
    std::cout << json_line(as_json(data, options.output)) << "\n";
  } else {
    print(data, options.output, page.size());
  }
  return data.audit.passed() ? os::kExitDone : os::kExitFalse;
}

}  // namespace

Result<int> run_audit_report(const ReportOptions& options, const Shared& shared) {
  return no_verdict(run(options, shared), shared);
}

}  // namespace chancery::cli
