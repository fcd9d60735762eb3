#include "cli/doctor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "broker/config.h"
#include "broker/server.h"
#include "cli/app.h"
#include "cli/display.h"
#include "cli/status.h"
#include "core/base/encoding.h"
#include "core/base/version.h"
#include "core/crypto/secret.h"
#include "daemon/start.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/times.h"
#include "node/config.h"
#include "node/metrics.h"
#include "node/server.h"

namespace chancery::cli {
namespace {

using text::Json;

// A clock that is less far off than this is nobody's trouble.
constexpr std::uint64_t kClockAheadMaxMs = 60'000;
// Of a queue's room, in percent: who fills it is slower than who empties it.
constexpr std::uint64_t kQueueFullPercent = 90;

constexpr std::array<std::string_view, 4> kHealthWords = {"good", "warning", "bad", "unknown"};
constexpr std::array<std::string_view, 4> kPluginWords = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

std::string_view word_of(Health health) {
  return kHealthWords[std::to_underlying(health)];
}

Finding finding_of(std::string part, const Error& error) {
  return {.part = std::move(part),
          .health = Health::kBad,
          .detail = std::string(error_info(error.code).name) + ": " + error.detail,
          .remedy = std::string(error_info(error.code).remedy)};
}

std::string seconds_of(std::uint64_t ms) {
  return std::to_string(ms / 1000) + " s";
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : text::dump(value);
}

Finding alarm_of(const Json& status) {
  const Json& alarm = status.at("alarm");
  if (alarm.is_null()) {
    return {.part = "trust", .detail = "no alarm"};
  }
  return {
      .part = "trust",
      .health = Health::kBad,
      .detail = shown(alarm.at("error")) + ": " + shown(alarm.at("detail")),
      .remedy = alarm.at("error") == error_info(ErrorCode::kAdmissionStopped).name
                    ? "stop the hub, put the newest store there is in place, and start it; keep "
                      "this one"
                    : "keep the stores, tell the other members, and verify the log: chancery "
                      "audit verify"};
}

// Of a hub. Why it admits nothing for good is its alarm.
Finding admission_of(const Json& status) {
  const Json& admission = status.at("admission");
  const std::string met = text::dump(admission.at("met").size()) + " of " +
                          shown(admission.at("needed")) + " members that have to meet the hub have";
  if (admission.at("open") == true || !status.at("alarm").is_null()) {
    return {.part = "admission",
            .detail = status.at("alarm").is_null() ? "open" : "stopped by the alarm"};
  }
  return {.part = "admission",
          .health = Health::kWarning,
          .detail = met + "; it awaits " + shown(admission.at("awaited")),
          .remedy = std::string(error_info(ErrorCode::kAwaitingQuorum).remedy)};
}

Finding link_of(const Json& status) {
  const Json& hub = status.at("hub");
  const std::string link = shown(hub.at("link"));
  const std::string fault = shown(hub.at("fault"));
  if (link == "up" && fault.empty()) {
    return {.part = "link", .detail = "up, to " + shown(hub.at("endpoint"))};
  }
  const std::optional<ErrorCode> code = error_code_from_name(fault.substr(0, fault.find(':')));
  return {
      .part = "link",
      .health = link == "up" ? Health::kWarning : Health::kBad,
      .detail = link + ", to " + shown(hub.at("endpoint")) + (fault.empty() ? "" : ": ") + fault,
      .remedy = code.has_value()
                    ? std::string(error_info(*code).remedy)
                    : "is the hub at work, and is the way to it open? Compare hub, hub_key and "
                      "transport_key with the roster"};
}

Finding witness_of(const Json& status) {
  const Json& witness = status.at("witness");
  const std::string fault = shown(witness.at("fault"));
  if (!fault.empty()) {
    const std::optional<ErrorCode> code = error_code_from_name(fault.substr(0, fault.find(':')));
    return {.part = "witness",
            .health = Health::kBad,
            .detail = fault,
            .remedy = std::string(error_info(code.value_or(ErrorCode::kWitnessOlder)).remedy)};
  }
  return {.part = "witness",
          .detail = witness.at("active") == true
                        ? "cosigned " + shown(witness.at("size")) + " entries"
                        : "this node is none"};
}

Finding pairs_of(const Json& status) {
  const Json& disputes = status.at("disputes");
  if (disputes.empty()) {
    return {.part = "pairs",
            .detail = "every peer counts as this node does, of " +
                      std::to_string(status.at("pairs").size())};
  }
  const Json& first = disputes.front();
  return {.part = "pairs",
          .health = Health::kBad,
          .detail =
              shown(first.at("error")) + ": " + shown(first.at("detail")) +
              (disputes.size() > 1 ? ", and " + std::to_string(disputes.size() - 1) + " more" : ""),
          .remedy = std::string(error_info(ErrorCode::kStatementMismatch).remedy)};
}

Finding overdue_of(const Json& status) {
  const Json& overdue = status.at("overdue");
  if (overdue.empty()) {
    return {.part = "overdue", .detail = "nothing that was sent is waited for too long"};
  }
  const Json& first = overdue.front();
  return {
      .part = "overdue",
      .health = first.at("urgent") == true ? Health::kBad : Health::kWarning,
      .detail = "not " + shown(first.at("what")) + ": " + shown(first.at("detail")) +
                (overdue.size() > 1 ? ", and " + std::to_string(overdue.size() - 1) + " more" : ""),
      .remedy = std::string(error_info(ErrorCode::kOverdue).remedy)};
}

Finding directory_of(const Json& status) {
  if (status.at("enrolled") == true) {
    return {.part = "directory", .detail = "lists this node as active"};
  }
  return {.part = "directory",
          .health = Health::kBad,
          .detail = "does not list this node as active",
          .remedy = "enrol the node's keys, or correct the key files in its configuration"};
}

Finding log_of(const Json& status, const Expectations& expectations) {
  const auto size = status.at("log").at("size").get<std::uint64_t>();
  const auto accepted_ms = status.at("log").at("accepted_at_ms").get<std::uint64_t>();
  const std::uint64_t age_ms =
      expectations.now_ms > accepted_ms ? expectations.now_ms - accepted_ms : 0;
  Finding finding{
      .part = "log",
      .detail = std::to_string(size) + " entries, the newest " + seconds_of(age_ms) + " old"};
  if (status.contains("hub")) {
    const auto whole = status.at("hub").at("size").get<std::uint64_t>();
    if (whole > size && whole - size > node::kBehindMax) {
      finding.health = Health::kWarning;
      finding.detail += ", " + std::to_string(whole - size) + " behind the hub";
      finding.remedy = "it catches up by itself: look again";
    }
  }
  if (expectations.log_age_max_ms != 0 && age_ms > expectations.log_age_max_ms) {
    finding.health = Health::kWarning;
    finding.remedy = "is nobody publishing, or is the hub cut off?";
  }
  return finding;
}

Finding clock_of(const Json& status, const Expectations& expectations) {
  const auto accepted_ms = status.at("log").at("accepted_at_ms").get<std::uint64_t>();
  constexpr std::string_view kRemedy = "set the clock by a source that is trusted (chrony, NTS)";
  if (accepted_ms > expectations.now_ms + kClockAheadMaxMs) {
    return {.part = "clock",
            .health = Health::kBad,
            .detail = "the log is " + seconds_of(accepted_ms - expectations.now_ms) +
                      " ahead of this machine",
            .remedy = std::string(kRemedy)};
  }
  if (status.contains("outbox") && status.at("outbox").at("aside") != 0) {
    return {.part = "clock",
            .health = Health::kBad,
            .detail = "the hub finds " + shown(status.at("outbox").at("aside")) +
                      " notices expired that this node does not",
            .remedy = std::string(kRemedy) + ", here or at the hub"};
  }
  return {.part = "clock", .detail = "not behind the log"};
}

Finding disk_of(const Json& status) {
  const Json& disk = status.at("disk");
  const std::string level = shown(disk.at("level"));
  Finding finding{.part = "disk",
                  .detail = level + ", " + shown(disk.at("free_bytes")) + " bytes free"};
  if (level != "ample") {
    finding.health = level == "warning" ? Health::kWarning : Health::kBad;
    finding.remedy = "make room on the disk of the store; it goes on by itself";
  }
  return finding;
}

Finding records_of(const Json& status) {
  const Json& count = status.at("quarantine").at("count");
  const bool waits = status.contains("hub") && !status.at("hub").at("damaged").empty();
  if (count == 0 && !waits) {
    return {.part = "store", .detail = "no stored record is known to be damaged"};
  }
  if (count == 0) {
    return {.part = "store",
            .health = Health::kWarning,
            .detail = "the hub lacks " + std::to_string(status.at("hub").at("damaged").size()) +
                      " entries that this node waits for",
            .remedy = "a node that holds them hands them in when it is connected"};
  }
  return {.part = "store",
          .health = Health::kBad,
          .detail = shown(count) + " stored records fail their hash",
          .remedy = "chancery audit verify names them; docs/operating/damage.md"};
}

// A notice was meant for this member, and is shown to nobody.
Finding inbox_of(const Json& status, const Expectations& expectations) {
  const Json& inbox = status.at("inbox");
  Finding finding{.part = "inbox",
                  .detail = shown(inbox.at("void")) + " deliveries are void, " +
                            shown(inbox.at("unopenable")) + " unopenable"};
  if (unshown_count(status) > expectations.unshown_known) {
    finding.health = Health::kWarning;
    finding.remedy =
        std::string(inbox.at("unopenable") == 0
                        ? ""
                        : "unopenable-entry in the log names them: ask their origin to publish "
                          "them again; ") +
        (inbox.at("void") == 0 ? ""
                               : "void-entry in the log names what the hub must not have logged: "
                                 "keep the store, tell the other members; ") +
        "--unshown-known " + std::to_string(unshown_count(status)) + " once that is done";
  }
  return finding;
}

Finding queues_of(const Json& status) {
  Finding finding{.part = "queues", .detail = "none is nearly full"};
  std::string full;
  for (const auto& [name, queue] : status.at("queues").items()) {
    for (const char* const unit : {"items", "bytes"}) {
      const std::string max = std::string(unit) + "_max";
      if (queue.contains(unit) && queue.contains(max) &&
          queue.at(unit).get<std::uint64_t>() * 100 >
              queue.at(max).get<std::uint64_t>() * kQueueFullPercent) {
        full += (full.empty() ? "" : ", ") + name + " " + shown(queue.at(unit)) + " of " +
                shown(queue.at(max)) + " " + unit;
      }
    }
  }
  if (!full.empty()) {
    finding.health = Health::kWarning;
    finding.detail = full;
    finding.remedy = "docs/internals/bounds.md says what fills it and what then happens";
  }
  return finding;
}

// The folder of the socket where it is not there and need not be: what is under /run goes with the
// machine, and systemd makes it when it starts a daemon and removes it when that ends.
std::string absent_runtime_folder(const std::string& admin) {
  const std::filesystem::path folder = std::filesystem::path(admin).parent_path();
  std::error_code unknown;
  const bool absent =
      folder.string().starts_with("/run/") && !std::filesystem::exists(folder, unknown) && !unknown;
  return absent ? folder.string() : std::string();
}

Finding stopped(const DaemonTarget& target, const std::string& folder) {
  const std::string unit = target.is_hub ? "chancery-broker" : "chancery-node";
  return {
      .part = "daemon",
      .health = Health::kBad,
      .detail = "does not run: " + folder + ", where its sockets are while it does, is not there",
      .remedy = "systemctl start " + unit + "; why it ended: journalctl -u " + unit +
                ". Who starts it by hand makes the folder first"};
}

std::vector<std::string> key_sources(const broker::Config& config) {
  return {config.log_key, config.log_key_next, config.transport_key};
}

std::vector<std::string> key_sources(const node::Config& config) {
  std::vector<std::string> sources = config.sealing_keys;
  sources.insert(sources.end(),
                 {config.signing_key, config.witness_key, config.transport_key, config.local_key});
  return sources;
}

// A credential or a variable of the unit, which a command has not got.
bool is_out_of_sight(const std::string& source) {
  if (!os::is_elsewhere(source)) {
    return false;
  }
  Result<std::string> secret = os::read_secret(source);
  if (secret.has_value()) {
    crypto::wipe(*secret);
  }
  return !secret.has_value() && secret.error().code == ErrorCode::kFileMissing;
}

// What a start would look at; the warnings that it logs are findings as well.
template <class Server, class Config>
std::vector<Finding> try_start(const Config& config, daemon::StartOptions start) {
  std::vector<Finding> findings;
  std::string unseen;
  for (const std::string& source : key_sources(config)) {
    if (is_out_of_sight(source)) {
      unseen += (unseen.empty() ? "" : ", ") + source;
    }
  }
  if (!unseen.empty()) {
    findings.push_back(
        {.part = "keys", .detail = unseen + ": the daemon's alone, and not looked at from here"});
  }
  start.unit_keys = false;
  log::init_sink(
      [&](std::string_view line) {
        findings.push_back({.part = "start",
                            .health = Health::kWarning,
                            .detail = std::string(line),
                            .remedy = "docs/reference/logs.md has this event"});
      },
      log::Level::kWarn);
  const Result<void> checked = Server::check(config, start);
  log::init_sink([](std::string_view) {}, log::Level::kError);
  findings.push_back(
      checked.has_value()
          ? Finding{.part = "start",
                    .detail = unseen.empty() ? "keys, permissions, places and store let it start"
                                             : "what can be seen from here lets it start"}
          : finding_of("start", checked.error()));
  return findings;
}

Json applications_json(const std::vector<node::Application>& applications) {
  Json list = Json::array();
  for (const node::Application& application : applications) {
    list.push_back(application_json(application));
  }
  return list;
}

// Key by key, so that nothing gets in that nobody thought of: no file is copied.
Json config_json(const broker::Config& config) {
  return {{"listen", config.listen},
          {"genesis", hex(config.genesis)},
          {"store", config.store},
          {"admin", config.admin},
          {"http", config.http}};
}

Json config_json(const node::Config& config) {
  return {{"member", config.member}, {"genesis", hex(config.genesis)},
          {"hub", config.hub},       {"hub_key", hex(config.hub_key)},
          {"store", config.store},   {"local", config.local},
          {"admin", config.admin},   {"feed", config.feed},
          {"http", config.http},     {"application", applications_json(config.applications)}};
}

struct Examined {
  DaemonTarget target;
  std::vector<Finding> findings;
  Json config;
  Json status;  // null where it does not run.

  [[nodiscard]] Health worst() const {
    Health worst = Health::kGood;
    for (const Finding& finding : findings) {
      worst = std::max(worst, finding.health);
    }
    return worst;
  }
};

Result<Expectations> expectations_of(const DoctorOptions& options) {
  Expectations expectations{.now_ms = os::unix_ms(), .unshown_known = options.unshown_known};
  if (!options.log_age_max.empty()) {
    CHANCERY_TRY(const std::chrono::milliseconds age, text::parse_duration(options.log_age_max));
    expectations.log_age_max_ms = static_cast<std::uint64_t>(age.count());
  }
  return expectations;
}

Result<Examined> examine(const DoctorOptions& options, const Shared& shared) {
  CHANCERY_TRY(const Expectations expectations, expectations_of(options));
  CHANCERY_TRY(const DaemonFile file, find_daemon_file(options.daemon, shared, environment()));
  Examined examined;
  CHANCERY_TRY(examined.target, find_daemon(options.daemon, shared));
  const std::string absent = absent_runtime_folder(examined.target.admin);
  const daemon::StartOptions start{.sockets = absent.empty()};
  if (file.is_hub) {
    CHANCERY_TRY(const broker::Config config, broker::read_config(file.path));
    examined.findings = try_start<broker::Server>(config, start);
    examined.config = config_json(config);
  } else {
    CHANCERY_TRY(const node::Config config, node::read_config(file.path));
    examined.findings = try_start<node::Server>(config, start);
    examined.config = config_json(config);
  }
  const Result<std::string> status = ask_status(examined.target);
  if (!status.has_value()) {
    examined.findings.push_back(absent.empty() ? finding_of("daemon", status.error())
                                               : stopped(examined.target, absent));
    return examined;
  }
  CHANCERY_TRY(examined.status, text::parse_json(*status, kStatusDepthMax));
  examined.findings.push_back(
      {.part = "daemon", .detail = "answers, version " + shown(examined.status.at("version"))});
  std::ranges::move(findings_of(examined.status, expectations),
                    std::back_inserter(examined.findings));
  return examined;
}

Json findings_json(const Examined& examined) {
  Json list = Json::array();
  for (const Finding& finding : examined.findings) {
    list.push_back({{"part", finding.part},
                    {"health", word_of(finding.health)},
                    {"detail", finding.detail},
                    {"remedy", finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy)}});
  }
  return {{"name", examined.target.name},
          {"health", word_of(examined.worst())},
          {"findings", std::move(list)}};
}

// Nagios Plugin API: a line with the verdict, figures behind a bar, then details.
std::string plugin_text(const Examined& examined) {
  std::string first;
  std::string rest;
  for (const Finding& finding : examined.findings) {
    if (finding.health != Health::kGood) {
      first += (first.empty() ? "" : "; ") + finding.part + ": " + finding.detail;
    }
    rest += finding.part + ": " + harmless(finding.detail) + "\n";
  }
  std::string figures;
  if (!examined.status.is_null()) {
    figures = " | log_size=" + shown(examined.status.at("log").at("size")) +
              " disk_free=" + shown(examined.status.at("disk").at("free_bytes")) + "B";
  }
  const std::string verdict = first.empty() ? "all is well" : first;
  std::string line = "CHANCERY ";
  line += kPluginWords[std::to_underlying(examined.worst())];
  line += " - " + harmless(examined.target.name + ": " + verdict);
  std::ranges::replace(line, '|', '/');
  std::ranges::replace(rest, '|', '/');
  return line + figures + "\n" + rest;
}

void print(const Examined& examined) {
  for (const Finding& finding : examined.findings) {
    std::string line(word_of(finding.health));
    line.resize(9, ' ');
    line += finding.part;
    line.resize(std::max<std::size_t>(line.size() + 1, 20), ' ');
    std::cout << line << harmless(finding.detail) << "\n";
    if (!finding.remedy.empty()) {
      std::cout << std::string(20, ' ') << "remedy: " << finding.remedy << "\n";
    }
  }
}

Result<void> write_bundle(const Examined& examined, const std::string& path) {
  Json json = findings_json(examined);
  json["made_by"] = "chancery " + std::string(kVersion);
  json["made_at_ms"] = os::unix_ms();
  json["config"] = examined.config;
  json["status"] = examined.status;
  return os::write_file_new(path, json_line(json) + "\n", 0600);
}

}  // namespace

std::vector<Finding> findings_of(const Json& status, const Expectations& expectations) {
  std::vector<Finding> findings = {alarm_of(status)};
  if (status.contains("hub")) {
    findings.push_back(link_of(status));
    findings.push_back(directory_of(status));
    findings.push_back(witness_of(status));
    findings.push_back(pairs_of(status));
    findings.push_back(overdue_of(status));
  } else {
    findings.push_back(admission_of(status));
  }
  findings.push_back(log_of(status, expectations));
  findings.push_back(clock_of(status, expectations));
  findings.push_back(disk_of(status));
  findings.push_back(records_of(status));
  if (status.contains("hub")) {
    findings.push_back(inbox_of(status, expectations));
  }
  findings.push_back(queues_of(status));
  return findings;
}

Result<int> run_doctor(const DoctorOptions& options, const Shared& shared) {
  const auto unknown = [&](const Error& error) -> Result<int> {
    if (!options.check || error.code == ErrorCode::kUsage) {
      return std::unexpected(error);
    }
    std::cout << "CHANCERY UNKNOWN - " << harmless(error.to_string()) << "\n";
    return static_cast<int>(Health::kUnknown);
  };
  const Result<Examined> examined = examine(options, shared);
  if (!examined.has_value()) {
    return unknown(examined.error());
  }
  const Result<void> bundled =
      options.bundle.empty() ? Result<void>() : write_bundle(*examined, options.bundle);
  if (options.check && !bundled.has_value()) {
    return unknown(bundled.error());
  }
  if (shared.json) {
    std::cout << json_line(findings_json(*examined)) << "\n";
  } else if (options.check) {
    std::cout << plugin_text(*examined);
  } else {
    print(*examined);
  }
  if (options.check) {
    return static_cast<int>(examined->worst());
  }
  CHANCERY_TRY_VOID(bundled);
  return examined->worst() == Health::kGood ? os::kExitDone : os::kExitFalse;
}

}  // namespace chancery::cli
