#include "cli/bench/results.h"

#include <array>
#include <cmath>
#include <set>

#include "cli/lookup.h"
#include "io/os/file.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kResultDepth = 8;

constexpr std::array kResultFigures = {
    Figure{"rate", "wanted a second", Unit::kPerSecond},
    Figure{"members", "members"},
    Figure{"until_s", "until second"},
    Figure{"due", "notices due"},
    Figure{"missed", "notices missed"},
    Figure{"backlog", "backlog, notices"},
    Figure{"published", "notices logged"},
    Figure{"deliveries", "deliveries"},
    Figure{"entries", "entries of the log"},
    Figure{"published_per_s", "logged a second", Unit::kPerSecond},
    Figure{"delivered_per_s", "delivered a second", Unit::kPerSecond},
    Figure{"caught_up_per_s", "caught up a second", Unit::kPerSecond},
    Figure{"drained_per_s", "backlog drained a second", Unit::kPerSecond},
    Figure{"entries_per_s", "entries a second", Unit::kPerSecond},
    Figure{"mib_per_s", "MiB a second", Unit::kPerSecond},
    Figure{"entries_per_cpu_s", "entries a second of CPU", Unit::kPerSecond},
    Figure{"caught_up_us", "until all was caught up", Unit::kMillis},
    Figure{"ready_us", "until ready", Unit::kMillis},
    Figure{"hub_ready_us_in_order", "hub ready, after SIGTERM", Unit::kMillis},
    Figure{"hub_ready_us_killed", "hub ready, after SIGKILL", Unit::kMillis},
    Figure{"node_ready_us_in_order", "node ready, after SIGTERM", Unit::kMillis},
    Figure{"node_ready_us_killed", "node ready, after SIGKILL", Unit::kMillis},
    Figure{"flashes_idle", "FLASH with nothing else about"},
    Figure{"flashes_behind", "FLASH behind the backlog"},
    Figure{"idle_logged_us_p50", "nothing else about: until logged, p50", Unit::kMillis},
    Figure{"idle_logged_us_p90", "nothing else about: until logged, p90", Unit::kMillis},
    Figure{"idle_logged_us_p99", "nothing else about: until logged, p99", Unit::kMillis},
    Figure{"idle_logged_us_p999", "nothing else about: until logged, p99.9", Unit::kMillis},
    Figure{"idle_logged_us_max", "nothing else about: until logged, longest", Unit::kMillis},
    Figure{"idle_delivery_us_p50", "nothing else about: until delivered, p50", Unit::kMillis},
    Figure{"idle_delivery_us_p90", "nothing else about: until delivered, p90", Unit::kMillis},
    Figure{"idle_delivery_us_p99", "nothing else about: until delivered, p99", Unit::kMillis},
    Figure{"idle_delivery_us_p999", "nothing else about: until delivered, p99.9", Unit::kMillis},
    Figure{"idle_delivery_us_max", "nothing else about: until delivered, longest", Unit::kMillis},
    Figure{"logged_us_p50", "until logged, p50", Unit::kMillis},
    Figure{"logged_us_p90", "until logged, p90", Unit::kMillis},
    Figure{"logged_us_p99", "until logged, p99", Unit::kMillis},
    Figure{"logged_us_p999", "until logged, p99.9", Unit::kMillis},
    Figure{"logged_us_max", "until logged, longest", Unit::kMillis},
    Figure{"delivery_us_p50", "until delivered, p50", Unit::kMillis},
    Figure{"delivery_us_p90", "until delivered, p90", Unit::kMillis},
    Figure{"delivery_us_p99", "until delivered, p99", Unit::kMillis},
    Figure{"delivery_us_p999", "until delivered, p99.9", Unit::kMillis},
    Figure{"delivery_us_max", "until delivered, longest", Unit::kMillis},
    Figure{"hub_cpu_us_per_delivery", "CPU a delivery: hub", Unit::kMicros},
    Figure{"hub_transport_cpu_us_per_delivery", "CPU a delivery: transport of the hub",
           Unit::kMicros},
    Figure{"cost_to_smallest", "hub’s CPU, to that of the fewest members", Unit::kTimes},
    Figure{"sink_cpu_us_per_delivery", "CPU a delivery: sink", Unit::kMicros},
    Figure{"hub_cpu_us_per_notice", "CPU a notice: hub", Unit::kMicros},
    Figure{"hub_transport_cpu_us_per_notice", "CPU a notice: transport of the hub", Unit::kMicros},
    Figure{"hub_loop_cpu_us_per_notice", "CPU a notice: all else of the hub", Unit::kMicros},
    Figure{"hub_parse_cpu_us_per_notice", "CPU a notice: hub, read and parse", Unit::kMicros},
    Figure{"hub_verify_cpu_us_per_notice", "CPU a notice: hub, verify", Unit::kMicros},
    Figure{"hub_tree_cpu_us_per_notice", "CPU a notice: hub, tree", Unit::kMicros},
    Figure{"hub_store_cpu_us_per_notice", "CPU a notice: hub, store", Unit::kMicros},
    Figure{"hub_rounds_cpu_us_per_notice", "CPU a notice: hub, rounds of witnesses", Unit::kMicros},
    Figure{"hub_read_cpu_us_per_notice", "CPU a notice: hub, read for recipients", Unit::kMicros},
    Figure{"hub_send_cpu_us_per_notice", "CPU a notice: hub, send", Unit::kMicros},
    Figure{"hub_other_cpu_us_per_notice", "CPU a notice: hub, other", Unit::kMicros},
    Figure{"origins_cpu_us_per_notice", "CPU a notice: nodes of all origins", Unit::kMicros},
    Figure{"recipient_cpu_us_per_notice", "CPU a notice: node of one recipient", Unit::kMicros},
    Figure{"sink_cpu_us_per_notice", "CPU a notice: sink, for all recipients", Unit::kMicros},
    Figure{"node_cpu_us_per_notice", "CPU a notice: node that catches up", Unit::kMicros},
    Figure{"load_cpu_us_per_notice", "CPU a notice: applications", Unit::kMicros},
    Figure{"cpu_us_per_entry", "CPU an entry", Unit::kMicros},
    Figure{"hub_cores", "processors in use: hub"},
    Figure{"our_cores", "processors in use: all of the exchange"},
    Figure{"foreign_cores", "processors in use: others"},
    Figure{"hub_rss_mib", "memory of the hub", Unit::kMib},
    Figure{"node_rss_mib", "memory of the node with most", Unit::kMib},
    Figure{"hub_fds", "open descriptors: hub"},
    Figure{"node_fds", "open descriptors: node with most"},
    Figure{"rss_mib_peak", "most memory", Unit::kMib},
    Figure{"hub_rss_mib_peak", "most memory: hub", Unit::kMib},
    Figure{"origin_rss_mib_peak", "most memory: node of an origin", Unit::kMib},
    Figure{"recipient_rss_mib_peak", "most memory: node of a recipient", Unit::kMib},
    Figure{"node_rss_mib_peak", "most memory: node that catches up", Unit::kMib},
    Figure{"sink_rss_mib_peak", "most memory: sink", Unit::kMib},
    Figure{"mib", "size of the store or the export", Unit::kMib},
    Figure{"hub_store_mib", "size of the hub’s store", Unit::kMib},
    Figure{"node_store_mib", "size of the node’s store", Unit::kMib},
    Figure{"hub_commits", "commits of the hub"},
    Figure{"notices_per_hub_commit", "notices a commit of the hub"},
    Figure{"disk_flushes", "flushes of the disk"},
    Figure{"hub_written_bytes_per_notice", "written for the hub a notice", Unit::kBytes},
    // Ratios: of a whole result in `ratios`, of an item among its figures.
    Figure{"published_to_fdatasync", "logged, to fdatasync", Unit::kTimes},
    Figure{"published_to_commit", "logged, to commits", Unit::kTimes},
    Figure{"published_to_sign", "logged, to signatures made", Unit::kTimes},
    Figure{"published_to_verify", "logged, to signatures verified", Unit::kTimes},
    Figure{"published_to_round_trip", "logged, to round trips", Unit::kTimes},
    Figure{"delivered_to_verify", "delivered, to signatures verified", Unit::kTimes},
    Figure{"caught_up_to_commit", "caught up, to commits", Unit::kTimes},
    Figure{"caught_up_to_verify", "caught up, to signatures verified", Unit::kTimes},
    Figure{"drained_to_commit", "backlog drained, to commits", Unit::kTimes},
    Figure{"drained_to_verify", "backlog drained, to signatures verified", Unit::kTimes},
    Figure{"hub_written_to_append", "written for the hub, to MiB appended", Unit::kTimes},
    Figure{"logged_p50_to_lone_notice", "until logged, p50, to a lone notice at best",
           Unit::kTimes},
    Figure{"idle_logged_p50_to_lone_notice",
           "nothing else about: until logged, p50, to a lone notice at best", Unit::kTimes},
    Figure{"entries_to_verify", "entries, to signatures verified", Unit::kTimes},
    Figure{"mib_to_sha256", "MiB, to MiB of SHA-256", Unit::kTimes},
};

constexpr std::size_t kRatioCount = 15;  // The last of them.
static_assert(kResultFigures[kResultFigures.size() - kRatioCount].name == "published_to_fdatasync");

constexpr std::array kCeilingFigures = {
    Figure{"fdatasync_per_s", "fdatasync of 4 KiB", Unit::kPerSecond},
    Figure{"commit_per_s", "commits of SQLite", Unit::kPerSecond},
    Figure{"sign_per_s", "signatures made", Unit::kPerSecond},
    Figure{"verify_per_s", "signatures verified", Unit::kPerSecond},
    Figure{"round_trip_per_s", "round trips on the loopback", Unit::kPerSecond},
    Figure{"append_mib_per_s", "MiB appended", Unit::kPerSecond},
    Figure{"sha256_mib_per_s", "MiB of SHA-256", Unit::kPerSecond},
    Figure{"lone_notice_us", "a lone notice at best", Unit::kMillis},
};

constexpr std::array kScenarioKinds = {
    ScenarioKind{"publish", "As many notices as go, so many under way."},
    ScenarioKind{"latency",
                 "How long a notice takes at fixed rates, counted from when it was due: where a "
                 "rate is not reached, notices wait ever longer.",
                 "rates", "rate", "Figures at each rate, in notices a second", "At ",
                 " notices a second"},
    ScenarioKind{"flood",
                 "How long a FLASH takes with nothing else about, and while a backlog of ROUTINE "
                 "drains."},
    ScenarioKind{
        "fanout", "What a delivery costs the hub where a notice goes to few members and to many.",
        "sizes", "members", "Figures for each number of members that receive", "To ", " members"},
    ScenarioKind{"soak", "One rate for long, in windows of equal length: whether anything grows.",
                 "series", "until_s", "Figures of each window", "Window until ", " s"},
    ScenarioKind{"catchup", "How fast a node that was away has verified and stored all it missed."},
    ScenarioKind{"startup", "From the start of a process until it is ready."},
    ScenarioKind{"audit",
                 "What it takes to verify stores, to export a log, and to verify the export.",
                 "commands", "command", "Figures of each command"},
};

enum class Type : std::uint8_t { kText, kTextOrNull, kNumber, kNumberOrNull, kFlag };

std::string_view type_name(const text::Json& value) {
  return value.is_string()    ? "text"
         : value.is_number()  ? "a number"
         : value.is_boolean() ? "true or false"
         : value.is_array()   ? "a list"
         : value.is_object()  ? "an object"
                              : "null";
}

// Walks one result, and says of the first thing that is wrong where it is.
class Check {
 public:
  explicit Check(const std::string& file) : file_(file) {}

  Result<void> all(const text::Json& json) const {
    if (!json.is_object()) {
      return wrong("is " + std::string(type_name(json)) + ", and no result of a scenario", "");
    }
    CHANCERY_TRY_VOID(field(json, "", "scenario", Type::kText));
    const auto name = json.at("scenario").get<std::string>();
    const ScenarioKind* const kind = kind_of(name);
    if (kind == nullptr) {
      std::set<std::string> names;
      for (const ScenarioKind& known : kScenarioKinds) {
        names.emplace(known.name);
      }
      return fail(ErrorCode::kNotFound,
                  file_ + ": " + not_among("scenario", name, names) + remedy(""));
    }
    CHANCERY_TRY_VOID(field(json, name, "version", Type::kText));
    CHANCERY_TRY_VOID(versions(json, name));
    CHANCERY_TRY_VOID(machine(json, name));
    CHANCERY_TRY_VOID(parameters(json, name));
    CHANCERY_TRY_VOID(figures(json, name, "", kResultFigures));
    CHANCERY_TRY_VOID(part(json, name, "ceilings"));
    CHANCERY_TRY_VOID(figures(json.at("ceilings"), name, "ceilings.", kCeilingFigures));
    if (json.contains("ratios")) {
      CHANCERY_TRY_VOID(part(json, name, "ratios"));
      CHANCERY_TRY_VOID(figures(json.at("ratios"), name, "ratios.", ratio_figures()));
    }
    CHANCERY_TRY_VOID(compared(json, name));
    if (!kind->list.empty()) {
      CHANCERY_TRY_VOID(list(json, *kind));
    }
    return json.contains("drift") ? drift(json, name) : Result<void>{};
  }

 private:
  static const ScenarioKind* kind_of(std::string_view name) {
    for (const ScenarioKind& kind : kScenarioKinds) {
      if (kind.name == name) {
        return &kind;
      }
    }
    return nullptr;
  }

  static std::string remedy(std::string_view scenario) {
    return "; a result is what `chancery bench " +
           std::string(scenario.empty() ? "SCENARIO" : scenario) + " --json` prints";
  }

  [[nodiscard]] Result<void> wrong(const std::string& what, std::string_view scenario) const {
    return fail(ErrorCode::kMalformed, file_ + " " + what + remedy(scenario));
  }

  [[nodiscard]] Result<void> too_much(const std::string& what) const {
    return fail(ErrorCode::kLimitExceeded, file_ + ": " + what);
  }

  // One that has to be there.
  [[nodiscard]] Result<void> field(const text::Json& object, std::string_view scenario,
                                   const std::string& path, Type type) const {
    const std::string name = path.substr(path.rfind('.') + 1);
    if (!object.contains(name)) {
      return wrong("has no `" + path + "`", scenario);
    }
    const text::Json& value = object.at(name);
    const bool may_be_null = type == Type::kTextOrNull || type == Type::kNumberOrNull;
    const bool is_number = type == Type::kNumber || type == Type::kNumberOrNull;
    const bool is_text = type == Type::kText || type == Type::kTextOrNull;
    const bool good = (may_be_null && value.is_null()) || (is_number && value.is_number()) ||
                      (is_text && value.is_string()) || (type == Type::kFlag && value.is_boolean());
    if (!good) {
      return wrong("has in `" + path + "` " + std::string(type_name(value)) + ", and not " +
                       (is_number ? "a number"
                        : is_text ? "text"
                                  : "true or false"),
                   scenario);
    }
    return bounds(value, path);
  }

  [[nodiscard]] Result<void> bounds(const text::Json& value, const std::string& path) const {
    if (value.is_string() && value.get_ref<const std::string&>().size() > kResultTextMax) {
      return too_much("`" + path + "` has more than " + std::to_string(kResultTextMax) + " bytes");
    }
    // `drift` alone may be below 0.
    const bool is_signed = path.ends_with(".drift");
    if (value.is_number() && (std::abs(value.get<double>()) > kResultNumberMax ||
                              (value.get<double>() < 0 && !is_signed))) {
      return too_much("`" + path + "` is beyond all that is measured");
    }
    return {};
  }

  [[nodiscard]] Result<void> part(const text::Json& json, std::string_view scenario,
                                  const std::string& name) const {
    if (!json.contains(name)) {
      return wrong("has no `" + name + "`", scenario);
    }
    return json.at(name).is_object()
               ? Result<void>{}
               : wrong("has in `" + name + "` " + std::string(type_name(json.at(name))) +
                           ", and not an object",
                       scenario);
  }

  // Those that are there.
  [[nodiscard]] Result<void> figures(const text::Json& object, std::string_view scenario,
                                     const std::string& path, std::span<const Figure> known) const {
    for (const Figure& figure : known) {
      const std::string name(figure.name);
      if (object.contains(name)) {
        CHANCERY_TRY_VOID(field(object, scenario, path + name, Type::kNumberOrNull));
      }
    }
    return {};
  }

  [[nodiscard]] Result<void> versions(const text::Json& json, const std::string& scenario) const {
    constexpr std::size_t kVersionsMax = 64;
    if (!json.contains("versions")) {
      return {};
    }
    CHANCERY_TRY_VOID(part(json, scenario, "versions"));
    const text::Json& all = json.at("versions");
    if (all.size() > kVersionsMax) {
      return too_much("more than " + std::to_string(kVersionsMax) + " versions");
    }
    for (const auto& [name, value] : all.items()) {
      CHANCERY_TRY_VOID(bounds(text::Json(name), "versions"));
      CHANCERY_TRY_VOID(field(all, scenario, "versions." + name, Type::kText));
    }
    return {};
  }

  [[nodiscard]] Result<void> machine(const text::Json& json, const std::string& scenario) const {
    CHANCERY_TRY_VOID(part(json, scenario, "machine"));
    for (const char* const name : {"processor", "kernel", "system"}) {
      CHANCERY_TRY_VOID(
          field(json.at("machine"), scenario, "machine." + std::string(name), Type::kText));
    }
    for (const char* const name : {"processors", "memory_mib"}) {
      CHANCERY_TRY_VOID(
          field(json.at("machine"), scenario, "machine." + std::string(name), Type::kNumber));
    }
    CHANCERY_TRY_VOID(part(json, scenario, "durability"));
    for (const char* const name : {"folder", "filesystem_type"}) {
      CHANCERY_TRY_VOID(
          field(json.at("durability"), scenario, "durability." + std::string(name), Type::kText));
    }
    return field(json.at("durability"), scenario, "durability.in_memory", Type::kFlag);
  }

  [[nodiscard]] Result<void> parameters(const text::Json& json, const std::string& scenario) const {
    constexpr std::size_t kParametersMax = 64;
    CHANCERY_TRY_VOID(part(json, scenario, "parameters"));
    const text::Json& all = json.at("parameters");
    if (all.size() > kParametersMax) {
      return too_much("more than " + std::to_string(kParametersMax) + " parameters");
    }
    for (const auto& [name, value] : all.items()) {
      const std::string path = "parameters." + name;
      CHANCERY_TRY_VOID(bounds(text::Json(name), path));
      if (value.is_array()) {
        if (value.size() > kResultRowsMax) {
          return too_much("`" + path + "` has more than " + std::to_string(kResultRowsMax) +
                          " items");
        }
        for (const text::Json& item : value) {
          if (!item.is_number()) {
            return wrong(
                "has in `" + path + "` " + std::string(type_name(item)) + ", and not a number",
                scenario);
          }
          CHANCERY_TRY_VOID(bounds(item, path));
        }
      } else if (value.is_object() || value.is_null()) {
        return wrong("has in `" + path + "` " + std::string(type_name(value)) +
                         ", and not an option of the scenario",
                     scenario);
      } else {
        CHANCERY_TRY_VOID(bounds(value, path));
      }
    }
    return {};
  }

  [[nodiscard]] Result<void> compared(const text::Json& json, const std::string& scenario) const {
    CHANCERY_TRY_VOID(part(json, scenario, "compared"));
    for (const char* const name : {"delivered", "missing", "differing", "repeated", "foreign"}) {
      CHANCERY_TRY_VOID(
          field(json.at("compared"), scenario, "compared." + std::string(name), Type::kNumber));
    }
    return field(json.at("compared"), scenario, "compared.first", Type::kTextOrNull);
  }

  // A list of objects, and for each item where it is.
  [[nodiscard]] Result<void> items(const text::Json& json, const std::string& scenario,
                                   const std::string& name) const {
    if (!json.contains(name)) {
      return wrong("has no `" + name + "`", scenario);
    }
    const text::Json& list = json.at(name);
    if (!list.is_array()) {
      return wrong("has in `" + name + "` " + std::string(type_name(list)) + ", and not a list",
                   scenario);
    }
    if (list.size() > kResultRowsMax) {
      return too_much("`" + name + "` has more than " + std::to_string(kResultRowsMax) + " items");
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!list.at(i).is_object()) {
        return wrong("has in `" + name + "[" + std::to_string(i) + "]` " +
                         std::string(type_name(list.at(i))) + ", and not an object",
                     scenario);
      }
    }
    return {};
  }

  [[nodiscard]] Result<void> list(const text::Json& json, const ScenarioKind& kind) const {
    const std::string name(kind.list);
    const std::string scenario(kind.name);
    CHANCERY_TRY_VOID(items(json, scenario, name));
    const Type type = kind.place == "command" ? Type::kText : Type::kNumber;
    for (std::size_t i = 0; i < json.at(name).size(); ++i) {
      const text::Json& item = json.at(name).at(i);
      const std::string path = name + "[" + std::to_string(i) + "].";
      CHANCERY_TRY_VOID(field(item, scenario, path + std::string(kind.place), type));
      CHANCERY_TRY_VOID(figures(item, scenario, path, kResultFigures));
    }
    return {};
  }

  [[nodiscard]] Result<void> drift(const text::Json& json, const std::string& scenario) const {
    CHANCERY_TRY_VOID(items(json, scenario, "drift"));
    for (std::size_t i = 0; i < json.at("drift").size(); ++i) {
      const text::Json& item = json.at("drift").at(i);
      const std::string path = "drift[" + std::to_string(i) + "].";
      CHANCERY_TRY_VOID(field(item, scenario, path + "figure", Type::kText));
      for (const char* const name : {"first", "median", "last", "drift"}) {
        CHANCERY_TRY_VOID(field(item, scenario, path + name, Type::kNumberOrNull));
      }
    }
    return {};
  }

  const std::string& file_;
};

}  // namespace

std::span<const Figure> result_figures() {
  return kResultFigures;
}

std::span<const Figure> ceiling_figures() {
  return kCeilingFigures;
}

std::span<const Figure> ratio_figures() {
  return std::span(kResultFigures).last(kRatioCount);
}

std::span<const ScenarioKind> scenario_kinds() {
  return kScenarioKinds;
}

Result<BenchResult> parse_result(const std::string& file, std::string_view text) {
  Result<text::Json> json = text::parse_json(text, kResultDepth);
  if (!json.has_value()) {
    return fail(json.error().code,
                file + " is no result of a scenario: " + json.error().detail +
                    "; a result is what `chancery bench SCENARIO --json` prints");
  }
  CHANCERY_TRY_VOID(Check(file).all(*json));
  return BenchResult{.file = file, .json = std::move(*json)};
}

Result<BenchResult> read_result(const std::string& file) {
  CHANCERY_TRY(const std::string text, expecting("what `chancery bench SCENARIO --json` prints",
                                                 os::read_file(file, kResultBytesMax)));
  return parse_result(file, text);
}

std::optional<double> number_of(const text::Json& object, std::string_view name) {
  const auto found = object.find(std::string(name));
  return found != object.end() && found->is_number() ? std::optional(found->get<double>())
                                                     : std::nullopt;
}

}  // namespace chancery::cli::bench
