#include "cli/audit_pair.h"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <utility>

#include "cli/audit.h"
#include "cli/daemon.h"
#include "cli/display.h"
#include "client/src/convert.h"
#include "core/base/encoding.h"
#include "core/exchange/names.h"
#include "core/exchange/pair_audit.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

using exchange::PairNames;
using exchange::PairNotice;
using exchange::PairRecord;
using exchange::PairReport;
using exchange::PairSide;
using exchange::PairStatement;
using exchange::PairVerdict;

constexpr std::array kSides = {PairSide::kFirst, PairSide::kSecond};

// Where the records of one node come from, and what its audit came to.
struct Source {
  std::string name;
  std::string from;
  std::string member;
  exchange::AuditReport audit;
};

struct Found {
  PairNames names;
  Hash genesis{};
  std::vector<Source> sources;
  std::vector<PairRecord> records;
  std::vector<std::string> absent;  // Members without records here.
  PairReport report;

  [[nodiscard]] PairVerdict verdict() const {
    const bool sound =
        std::ranges::all_of(sources, [](const Source& source) { return source.audit.passed(); });
    return sound ? report.verdict() : PairVerdict::kFalsified;
  }
};

bool has_records(const std::vector<PairRecord>& records, PairSide side) {
  return std::ranges::find(records, side, &PairRecord::holder) != records.end();
}

Result<std::vector<DaemonTarget>> named_targets(const PairOptions& options, const Shared& shared) {
  std::vector<DaemonTarget> targets;
  for (const std::string& store : options.stores) {
    const DaemonOptions daemon{.store = store, .genesis = options.genesis};
    CHANCERY_TRY(targets.emplace_back(), find_daemon(daemon, shared));
  }
  for (const std::string& node : options.nodes) {
    CHANCERY_TRY(targets.emplace_back(), find_daemon({.node = node}, shared));
  }
  return targets;
}

// Of the two members those whose node is there: the other one's may be on another machine.
Result<std::vector<AuditSource>> open_members(const PairOptions& options, const Shared& shared,
                                              std::vector<DaemonTarget>& targets) {
  std::vector<AuditSource> sources;
  std::optional<Error> missing;
  for (const std::string& member : {options.first, options.second}) {
    DaemonOptions daemon{.name = member};
    daemon.flags = "--exchange DIR, --node FILE or --store FILE, or --context NAME";
    CHANCERY_TRY(const DaemonTarget target, find_daemon(daemon, shared));
    Result<AuditSource> source = open_audit(target);
    if (!source.has_value()) {
      if (source.error().code != ErrorCode::kFileMissing) {
        return std::unexpected(source.error());
      }
      missing = source.error();
      continue;
    }
    targets.push_back(target);
    sources.push_back(*std::move(source));
  }
  if (sources.empty()) {
    return std::unexpected(missing.value_or(Error{ErrorCode::kFileMissing, "no store is there"}));
  }
  return sources;
}

Result<std::vector<AuditSource>> open_named(const std::vector<DaemonTarget>& targets) {
  std::vector<AuditSource> sources;
  for (const DaemonTarget& target : targets) {
    CHANCERY_TRY(sources.emplace_back(), open_audit(target));
  }
  return sources;
}

Result<PairSide> holder_of(const AuditSource& source, const std::string& name,
                           const PairNames& names) {
  for (const PairSide side : kSides) {
    if (names.at(std::to_underlying(side)) == source.member) {
      return side;
    }
  }
  return fail(ErrorCode::kUsage,
              name + (source.member.empty()
                          ? " is a hub's: the records of a pair are those of its members' nodes"
                          : " is of " + source.member + ", and neither of " + names[0] +
                                " nor of " + names[1]));
}

Result<void> check_names(const PairOptions& options) {
  for (const std::string& member : {options.first, options.second}) {
    if (!exchange::is_member_code(member)) {
      return fail(ErrorCode::kUsage, "'" + member + "' is no member's code");
    }
  }
  return options.first != options.second ? Result<void>()
                                         : fail(ErrorCode::kUsage, "a pair is two members");
}

Result<Found> audit_pair(const PairOptions& options, const Shared& shared) {
  CHANCERY_TRY_VOID(check_names(options));
  Found found{.names = {options.first, options.second},
              .sources = {},
              .records = {},
              .absent = {},
              .report = {}};
  CHANCERY_TRY(std::vector<DaemonTarget> targets, named_targets(options, shared));
  const bool is_named = !targets.empty();
  CHANCERY_TRY(const std::vector<AuditSource> sources,
               is_named ? open_named(targets) : open_members(options, shared, targets));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const AuditSource& source = sources[i];
    CHANCERY_TRY(const PairSide holder, holder_of(source, targets[i].name, found.names));
    if (has_records(found.records, holder)) {
      return fail(ErrorCode::kUsage, "two stores of " + source.member + ": one of each member");
    }
    if (i > 0 && source.genesis != found.genesis) {
      return fail(ErrorCode::kWrongGenesis, "the two are of different exchanges: " +
                                                hex(found.genesis) + " and " + hex(source.genesis));
    }
    found.genesis = source.genesis;
    exchange::PairReader reader(source.genesis, found.names, holder);
    CHANCERY_TRY(exchange::AuditReport audit,
                 audit_all(source, shared.json, nullptr, nullptr,
                           [&](const v1::AuditBatch& batch, exchange::Auditor& auditor) {
                             reader.batch(batch, auditor);
                           }));
    found.records.push_back(reader.finish());
    found.sources.push_back({.name = targets[i].name,
                             .from = source.from,
                             .member = source.member,
                             .audit = std::move(audit)});
  }
  for (const PairSide side : kSides) {
    if (!has_records(found.records, side)) {
      found.absent.push_back(found.names.at(std::to_underlying(side)));
    }
  }
  CHANCERY_TRY(found.report,
               exchange::judge_pair(found.names, found.records,
                                    {.from = options.from.value_or(0), .to = options.to}));
  return found;
}

// One line of the list: a notice, and which records have it.
struct Listed {
  const PairNotice* notice = nullptr;
  std::array<const PairNotice*, 2> held{};  // By holder.
};

// In log order, of all records.
template <class Take>
void each_listed(const Found& found, const Take& take) {
  std::array<std::size_t, 2> next{};
  while (true) {
    std::uint64_t index = found.report.to;
    for (std::size_t i = 0; i < found.records.size(); ++i) {
      const std::vector<PairNotice>& notices = found.records[i].notices;
      while (next.at(i) < notices.size() && notices[next.at(i)].index < found.report.from) {
        ++next.at(i);
      }
      index = next.at(i) < notices.size() ? std::min(index, notices[next.at(i)].index) : index;
    }
    if (index == found.report.to) {
      return;
    }
    Listed listed;
    for (std::size_t i = 0; i < found.records.size(); ++i) {
      const std::vector<PairNotice>& notices = found.records[i].notices;
      if (next.at(i) < notices.size() && notices[next.at(i)].index == index) {
        listed.notice = &notices[next.at(i)++];
        listed.held.at(std::to_underlying(found.records[i].holder)) = listed.notice;
      }
    }
    take(listed);
  }
}

std::string_view fate_word(exchange::PairFate fate) {
  switch (fate) {
    case exchange::PairFate::kGood:
      return "good";
    case exchange::PairFate::kUnopenable:
      return "unopenable";
    case exchange::PairFate::kErased:
      return "erased";
    case exchange::PairFate::kVoid:
      return "void";
  }
  return "";
}

// "good", "absent", …; null where there are no records of this side.
text::Json held_json(const Found& found, const Listed& listed, PairSide side) {
  if (!has_records(found.records, side)) {
    return nullptr;
  }
  const PairNotice* const held = listed.held.at(std::to_underlying(side));
  return held == nullptr ? text::Json("absent") : text::Json(fate_word(held->fate));
}

text::Json or_null(const std::optional<std::uint64_t>& number) {
  return number.has_value() ? text::Json(*number) : text::Json(nullptr);
}

text::Json as_json(const Found& found, bool list) {
  const PairReport& report = found.report;
  text::Json json{{"verified", found.verdict() == PairVerdict::kOpen
                                   ? text::Json(nullptr)
                                   : text::Json(found.verdict() == PairVerdict::kVerified)},
                  {"members", found.names},
                  {"genesis", hex(found.genesis)},
                  {"from", report.from},
                  {"to", report.to},
                  {"ways", text::Json::array()},
                  {"statements", text::Json::array()},
                  {"sources", text::Json::array()}};
  for (const PairSide side : kSides) {
    const std::string& name = found.names.at(std::to_underlying(side));
    const PairReport::Way& way = report.ways.at(std::to_underlying(side));
    json["ways"].push_back({{"from", name},
                            {"to", found.names.at(std::to_underlying(other(side)))},
                            {"sent", or_null(way.sent)},
                            {"arrived", or_null(way.arrived)},
                            {"unopenable", way.unopenable},
                            {"void", way.void_count}});
    const std::optional<PairStatement>& cover = report.covers.at(std::to_underlying(side));
    text::Json statement{{"member", name}, {"stated", report.stated.at(std::to_underlying(side))}};
    statement["covers"] =
        cover.has_value()
            ? text::Json{{"index", cover->index},
                         {"size", cover->size},
                         {"accepted_at",
                          text::time_for_programs(client::time_from_ms(cover->accepted_at_ms))}}
            : text::Json(nullptr);
    json["statements"].push_back(std::move(statement));
  }
  for (const Source& source : found.sources) {
    json["sources"].push_back({{"member", source.member},
                               {"name", source.name},
                               {"source", source.from},
                               {"verified", source.audit.passed()},
                               {"size", source.audit.size},
                               {"root", hex(source.audit.root)},
                               {"findings", findings_json(source.audit.findings)}});
  }
  json["findings"] = findings_json(report.findings);
  json["mended"] = findings_json(report.mended);
  json["open"] = report.open;
  if (list) {
    json["notices"] = text::Json::array();
    each_listed(found, [&](const Listed& listed) {
      json["notices"].push_back(
          {{"index", listed.notice->index},
           {"accepted_at",
            text::time_for_programs(client::time_from_ms(listed.notice->accepted_at_ms))},
           {"notice", hex(listed.notice->notice)},
           {"d", hex(listed.notice->d)},
           {"origin", found.names.at(std::to_underlying(listed.notice->origin))},
           {"at_origin", held_json(found, listed, listed.notice->origin)},
           {"at_recipient", held_json(found, listed, other(listed.notice->origin))}});
    });
  }
  return json;
}

std::string way_text(const Found& found, PairSide side) {
  const PairReport::Way& way = found.report.ways.at(std::to_underlying(side));
  const std::string& from = found.names.at(std::to_underlying(side));
  const std::string& to = found.names.at(std::to_underlying(other(side)));
  std::string text = from + " to " + to + ": ";
  if (way.sent.has_value()) {
    text += std::to_string(*way.sent) + " sent" + (way.arrived.has_value() ? ", " : "");
  }
  if (way.arrived.has_value()) {
    text += std::to_string(*way.arrived) + " arrived";
  }
  if (way.unopenable > 0) {
    text += ", " + std::to_string(way.unopenable) + " of them not to be opened";
  }
  if (way.void_count > 0) {
    text += "; and " + std::to_string(way.void_count) + " void, which do not count";
  }
  return text;
}

void print(const std::vector<exchange::AuditFinding>& findings, std::string_view label) {
  for (const exchange::AuditFinding& finding : findings) {
    std::cout << "  " << label
              << (finding.index.has_value() ? "entry " + std::to_string(*finding.index) : "the log")
              << ": " << harmless(finding.error.to_string()) << "\n";
  }
}

void print_statements(const Found& found) {
  for (const PairSide side : kSides) {
    const std::optional<PairStatement>& cover = found.report.covers.at(std::to_underlying(side));
    if (cover.has_value()) {
      std::cout << "  stated      by " << harmless(found.names.at(std::to_underlying(side)))
                << " at entry " << cover->index << ", "
                << text::time_for_people(client::time_from_ms(cover->accepted_at_ms))
                << ", of the first " << cover->size << ": the same\n";
    }
  }
}

void print_list(const Found& found) {
  each_listed(found, [&](const Listed& listed) {
    const PairSide origin = listed.notice->origin;
    const auto word = [&](PairSide side) {
      const text::Json held = held_json(found, listed, side);
      return held.is_null() ? std::string("?") : held.get<std::string>();
    };
    std::cout << "  " << listed.notice->index << "  "
              << text::time_for_people(client::time_from_ms(listed.notice->accepted_at_ms)) << "  "
              << harmless(found.names.at(std::to_underlying(origin))) << " to "
              << harmless(found.names.at(std::to_underlying(other(origin)))) << "  "
              << hex(listed.notice->notice).substr(0, 12) << "  sent: " << word(origin)
              << ", arrived: " << word(other(origin)) << "\n";
  });
}

void print(const Found& found, bool list) {
  const PairReport& report = found.report;
  const PairVerdict verdict = found.verdict();
  std::cout << (verdict == PairVerdict::kVerified    ? "verified: "
                : verdict == PairVerdict::kFalsified ? "FALSE: "
                                                     : "could not tell: ")
            << harmless(found.names[0]) << " and " << harmless(found.names[1]) << ", entries "
            << report.from << " to " << report.to << "\n";
  for (const Source& source : found.sources) {
    std::cout << "  records     of " << harmless(source.member) << " (" << harmless(source.from)
              << "): " << source.audit.size << " entries, root " << hex(source.audit.root) << "\n";
  }
  for (const std::string& member : found.absent) {
    std::cout << "  records     of " << harmless(member)
              << " are not here: its signed statements stand for them\n";
  }
  for (const PairSide side : kSides) {
    std::cout << "  exchanged   " << harmless(way_text(found, side)) << "\n";
  }
  print_statements(found);
  if (list) {
    print_list(found);
  }
  for (const Source& source : found.sources) {
    print(source.audit.findings, "at fault    the store of " + harmless(source.member) + ", ");
  }
  print(report.findings, "at fault    ");
  print(report.mended, "mended      ");
  for (const std::string& why : report.open) {
    std::cout << "  open        " << harmless(why) << "\n";
  }
}

Result<int> run(const PairOptions& options, const Shared& shared) {
  CHANCERY_TRY(const Found found, audit_pair(options, shared));
  if (shared.json) {
    std::cout << json_line(as_json(found, options.list)) << "\n";
  } else {
    print(found, options.list);
  }
  switch (found.verdict()) {
    case PairVerdict::kVerified:
      return os::kExitDone;
    case PairVerdict::kFalsified:
      return os::kExitFalse;
    case PairVerdict::kOpen:
      break;
  }
  return os::kExitUnknown;
}

}  // namespace

Result<int> run_audit_pair(const PairOptions& options, const Shared& shared) {
  return no_verdict(run(options, shared), shared);
}

}  // namespace chancery::cli
