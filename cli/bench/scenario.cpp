#include "cli/bench/scenario.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>
#include <utility>

#include "cli/bench/prefill.h"
#include "cli/bench/results.h"
#include "cli/bench/round.h"
#include "cli/bench/versions.h"
#include "cli/display.h"
#include "core/base/version.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/sqlite/database.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kWarmUp = 64;  // Notices of each origin.

// As if nobody had taken signals for something else: decision 0027.
void give_signals_back() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    std::signal(number, SIG_DFL);
    sigaddset(&taken, number);
  }
  pthread_sigmask(SIG_UNBLOCK, &taken, nullptr);
}

std::string cell(const text::Json& value) {
  if (value.is_string()) {
    return harmless(value.get<std::string>());
  }
  return value.is_null() ? "-" : text::dump(value);
}

void add_lines(const text::Json& object, const std::string& indent, std::string& out) {
  std::size_t width = 0;
  for (const auto& [key, value] : object.items()) {
    width = value.is_structured() ? width : std::max(width, key.size());
  }
  for (const auto& [key, value] : object.items()) {
    if (!value.is_structured()) {
      std::string name = key;
      name.resize(width + 2, ' ');
      out += indent + name + cell(value) + "\n";
    }
  }
}

using Rows = std::vector<std::vector<std::string>>;

Rows turned(const Rows& rows) {
  Rows columns(rows.front().size());
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t column = 0; column < columns.size(); ++column) {
      columns[column].push_back(row[column]);
    }
  }
  return columns;
}

// The items and the names of their fields, with as few columns as may be: few items stand side by
// side, many one below the other.
void add_items(const text::Json& items, std::string& out) {
  Rows rows(1);
  for (const auto& [key, value] : items.front().items()) {
    rows.front().push_back(key);
  }
  for (const text::Json& item : items) {
    std::vector<std::string> row;
    for (const std::string& key : rows.front()) {
      row.push_back(cell(item.contains(key) ? item.at(key) : text::Json()));
    }
    rows.push_back(std::move(row));
  }
  if (rows.size() < rows.front().size()) {
    rows = turned(rows);
  }
  std::vector<std::size_t> widths(rows.front().size());
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t column = 0; column < widths.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  for (const std::vector<std::string>& row : rows) {
    std::string line = "  " + row.front();
    line.resize(2 + widths.front(), ' ');
    for (std::size_t column = 1; column < widths.size(); ++column) {
      line += std::string(2 + widths[column] - row[column].size(), ' ') + row[column];
    }
    out += line + "\n";
  }
}

text::Json difference_json(const Comparison& comparison) {
  return {{"delivered", comparison.delivered},
          {"missing", comparison.missing},
          {"differing", comparison.differing},
          {"repeated", comparison.repeated},
          {"foreign", comparison.foreign},
          {"first", comparison.first.empty() ? text::Json() : text::Json(comparison.first)}};
}

// Where a member did something itself, for each notice.
double cpu_of(const std::vector<Usage>& before, const std::vector<Usage>& after) {
  double sum = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    sum += std::max(0.0, after[i].cpu_us - before[i].cpu_us);
  }
  return sum;
}

double rss_peak(const std::vector<Usage>& nodes) {
  std::uint64_t most = 0;
  for (const Usage& node : nodes) {
    most = std::max(most, node.rss_peak_bytes);
  }
  return mib(most);
}

// What came of an exchange.
struct Outcome {
  text::Json durability;
  text::Json figures;
  text::Json series;
  Ceilings ceilings;
  std::optional<Comparison> comparison;
};

Result<Outcome> load(const CommonOptions& options, Exchange& exchange, Progress& progress,
                     const std::optional<Ceilings>& known, const Work& work) {
  Ceilings ceilings = known.value_or(Ceilings{});
  if (!known.has_value()) {
    progress.show("measuring ceilings", 0, 0, "", os::steady_now());
    CHANCERY_TRY(ceilings, measure_ceilings(exchange.root(), [&] { return exchange.check(); }));
  }
  CHANCERY_TRY_VOID(exchange.check());
  if (const std::uint64_t count = options.setup.prefill_count; count > 0) {
    CHANCERY_TRY_VOID(prefill(exchange, count, [&](std::uint64_t done) {
      progress.show("filling the hub's store", done, count, "", os::steady_now());
    }));
  }
  progress.show("starting", 0, 0, "", os::steady_now());
  CHANCERY_TRY_VOID(exchange.start());
  Run run(exchange, options, ceilings, progress);
  CHANCERY_TRY_VOID(work(run));
  return Outcome{.durability = durability(exchange.root()),
                 .figures = std::move(run.figures),
                 .series = std::move(run.series),
                 .ceilings = ceilings,
                 .comparison = run.comparison};
}

// From the making of an exchange until nothing is left of it. The signal that stopped it is said.
Result<Outcome> run_exchange(const CommonOptions& options, os::SignalFd signals, Progress& progress,
                             const std::optional<Ceilings>& known, const Work& work,
                             std::optional<int>& signal) {
  Result<Outcome> outcome = fail(ErrorCode::kInternal, "nothing was run");
  std::string kept;
  {
    progress.show("making an exchange", 0, 0, "", os::steady_now());
    CHANCERY_TRY(const std::unique_ptr<Exchange> exchange,
                 Exchange::make(options.setup, std::move(signals)));
    try {
      outcome = load(options, *exchange, progress, known, work);
    } catch (const client::Error& error) {
      outcome = std::unexpected(error_of(error));
    }
    signal = exchange->signal();
    kept = options.setup.keep ? exchange->folder() : "";
  }
  progress.end();
  if (!kept.empty() && !signal.has_value()) {
    std::cerr << "chancery: the exchange is kept in " << kept << "\n";
  }
  return outcome;
}

// The exchanges, one after the other, until one fails or is stopped.
Result<std::vector<Outcome>> run_exchanges(const std::vector<CommonOptions>& exchanges,
                                           Progress& progress, const Work& work,
                                           std::optional<int>& signal) {
  std::vector<Outcome> outcomes;
  for (const CommonOptions& options : exchanges) {
    // Before any thread and any daemon: from here on no signal ends us and leaves something behind.
    CHANCERY_TRY(os::SignalFd signals, os::SignalFd::open());
    const std::optional<Ceilings> known =
        outcomes.empty() ? std::nullopt : std::optional(outcomes.front().ceilings);
    CHANCERY_TRY(Outcome outcome,
                 run_exchange(options, std::move(signals), progress, known, work, signal));
    if (signal.has_value()) {
      return fail(ErrorCode::kUnavailable, "stopped by a signal");
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

// Of all that each of them compared; nothing where one did not.
std::optional<Comparison> together(const std::vector<Outcome>& outcomes) {
  Comparison all;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.comparison.has_value()) {
      return std::nullopt;
    }
    all.add(*outcome.comparison);
  }
  return all;
}

Result<int> print(text::Json report, text::Json series, bool good, const Shared& shared) {
  if (shared.json) {
    if (!series.empty()) {
      report["series"] = std::move(series);
    }
    std::cout << json_line(report) << "\n";
  } else {
    std::cout << table_of(report)
              << (good ? "All notices arrived once, as they were published.\n"
                       : "WRONG: notices are missing or differ: " +
                             cell(report.at("compared").at("first")) + "\n");
  }
  return good ? os::kExitDone : os::kExitFalse;
}

// Of the whole an object, of the items of lists among their figures.
void add_ratios(text::Json& report, const Ceilings& ceilings) {
  for (const auto& [name, value] : report.items()) {
    if (value.is_array()) {
      for (text::Json& item : value) {
        item.update(ratios_of(item, ceilings));
      }
    }
  }
  if (text::Json ratios = ratios_of(report, ceilings); !ratios.empty()) {
    report["ratios"] = std::move(ratios);
  }
}

}  // namespace

Result<Snapshot> look(Exchange& exchange) {
  Snapshot now;
  CHANCERY_TRY(const text::Json status, exchange.status(std::string(kHub)));
  now.hub_commits = status.at("counters").at("commits").get<std::uint64_t>();
  for (const auto& [stage, used_ms] : status.at("cpu_ms").items()) {
    now.hub_stages_us[stage] = used_ms.get<double>() * kMicrosPerMilli;
  }
  now.disk_flushes = disk_flushes(exchange.root());
  now.hub = exchange.usage(std::string(kHub));
  now.load = own_usage();
  for (const std::string& code : exchange.origins()) {
    now.origins.push_back(exchange.usage(code));
  }
  if (exchange.has_sink()) {
    now.sink = exchange.usage(std::string(kSink));
  } else {
    for (const std::string& code : exchange.recipients()) {
      now.recipients.push_back(exchange.usage(code));
    }
  }
  now.ours_us = exchange.cpu_us() + now.load.cpu_us;
  now.busy_us = busy_us();
  now.at = os::steady_now();
  return now;
}

text::Json usage_figures(const Snapshot& before, const Snapshot& after,
                         std::uint64_t notice_count) {
  const auto notices = static_cast<double>(notice_count);
  const double wall = std::chrono::duration<double, std::micro>(after.at - before.at).count();
  const auto each = [&](double cpu_us) { return rounded(ratio(std::max(0.0, cpu_us), notices)); };
  const double hub = after.hub.cpu_us - before.hub.cpu_us;
  const double transport = after.hub.transport_us - before.hub.transport_us;
  const double ours = after.ours_us - before.ours_us;
  const auto recipients = static_cast<double>(before.recipients.size());
  const std::uint64_t commits =
      after.hub_commits > before.hub_commits ? after.hub_commits - before.hub_commits : 0;
  text::Json figures = {
      {"hub_cpu_us_per_notice", each(hub)},
      {"hub_transport_cpu_us_per_notice", each(transport)},
      {"hub_loop_cpu_us_per_notice", each(hub - transport)},
      {"origins_cpu_us_per_notice", each(cpu_of(before.origins, after.origins))},
      {"recipient_cpu_us_per_notice", nullptr},
      {"sink_cpu_us_per_notice", nullptr},
      {"load_cpu_us_per_notice", each(after.load.cpu_us - before.load.cpu_us)},
      {"hub_cores", rounded(ratio(hub, wall))},
      {"our_cores", rounded(ratio(ours, wall))},
      {"foreign_cores", rounded(ratio(std::max(0.0, after.busy_us - before.busy_us - ours), wall))},
      {"hub_rss_mib_peak", mib(after.hub.rss_peak_bytes)},
      {"origin_rss_mib_peak", rss_peak(after.origins)},
      {"recipient_rss_mib_peak", nullptr},
      {"sink_rss_mib_peak", nullptr},
      {"hub_commits", commits},
      {"notices_per_hub_commit", rounded(ratio(notices, static_cast<double>(commits)))},
      {"disk_flushes", nullptr},
      {"hub_written_bytes_per_notice", nullptr},
  };
  for (const auto& [stage, used_us] : after.hub_stages_us) {
    const auto then = before.hub_stages_us.find(stage);
    figures["hub_" + stage + "_cpu_us_per_notice"] =
        each(used_us - (then == before.hub_stages_us.end() ? 0 : then->second));
  }
  if (before.sink.has_value() && after.sink.has_value()) {
    figures["sink_cpu_us_per_notice"] = each(after.sink->cpu_us - before.sink->cpu_us);
    figures["sink_rss_mib_peak"] = mib(after.sink->rss_peak_bytes);
  } else {
    figures["recipient_cpu_us_per_notice"] =
        each(ratio(cpu_of(before.recipients, after.recipients), recipients));
    figures["recipient_rss_mib_peak"] = rss_peak(after.recipients);
  }
  if (before.disk_flushes.has_value() && after.disk_flushes.has_value()) {
    figures["disk_flushes"] = *after.disk_flushes - *before.disk_flushes;
  }
  if (before.hub.written_bytes.has_value() && after.hub.written_bytes.has_value() &&
      *after.hub.written_bytes >= *before.hub.written_bytes) {
    figures["hub_written_bytes_per_notice"] = rounded(
        ratio(static_cast<double>(*after.hub.written_bytes - *before.hub.written_bytes), notices));
  }
  return figures;
}

void add_percentiles(text::Json& figures, const std::string& prefix, const Histogram& histogram) {
  constexpr std::array<std::pair<const char*, double>, 4> kParts = {
      {{"_us_p50", 0.5}, {"_us_p90", 0.9}, {"_us_p99", 0.99}, {"_us_p999", 0.999}}};
  const bool any = histogram.count() > 0;
  for (const auto& [name, part] : kParts) {
    figures[prefix + name] = any ? text::Json(histogram.percentile(part)) : text::Json();
  }
  figures[prefix + "_us_max"] = any ? text::Json(histogram.max()) : text::Json();
}

text::Json ratios_of(const text::Json& figures, const Ceilings& ceilings) {
  struct Quotient {
    const char* name;
    const char* figure;
    double of;
  };
  const std::array quotients = {
      Quotient{"published_to_fdatasync", "published_per_s", ceilings.fdatasync_per_s},
      Quotient{"published_to_commit", "published_per_s", ceilings.commit_per_s},
      Quotient{"published_to_sign", "published_per_s", ceilings.sign_per_s},
      Quotient{"published_to_verify", "published_per_s", ceilings.verify_per_s},
      Quotient{"published_to_round_trip", "published_per_s", ceilings.round_trip_per_s},
      Quotient{"delivered_to_verify", "delivered_per_s", ceilings.verify_per_s},
      Quotient{"caught_up_to_commit", "caught_up_per_s", ceilings.commit_per_s},
      Quotient{"caught_up_to_verify", "caught_up_per_s", ceilings.verify_per_s},
      Quotient{"drained_to_commit", "drained_per_s", ceilings.commit_per_s},
      Quotient{"drained_to_verify", "drained_per_s", ceilings.verify_per_s},
      Quotient{"entries_to_verify", "entries_per_s", ceilings.verify_per_s},
      Quotient{"mib_to_sha256", "mib_per_s", ceilings.sha256_mib_per_s},
      Quotient{"logged_p50_to_lone_notice", "logged_us_p50", ceilings.lone_notice_us()},
      Quotient{"idle_logged_p50_to_lone_notice", "idle_logged_us_p50", ceilings.lone_notice_us()},
  };
  text::Json ratios = text::Json::object();
  for (const Quotient& quotient : quotients) {
    if (const std::optional<double> value = number_of(figures, quotient.figure)) {
      ratios[quotient.name] = rounded(ratio(*value, quotient.of));
    }
  }
  const std::optional<double> written = number_of(figures, "hub_written_bytes_per_notice");
  const std::optional<double> rate = number_of(figures, "published_per_s");
  if (written.has_value() && rate.has_value()) {
    ratios["hub_written_to_append"] =
        rounded(ratio(*written * *rate / kBytesPerMib, ceilings.append_mib_per_s));
  }
  return ratios;
}

Run::Run(Exchange& exchange_given, const CommonOptions& options, const Ceilings& ceilings_given,
         Progress& progress)
    : exchange(exchange_given),
      ceilings(ceilings_given),
      shape{.run_ms = os::unix_ms(),
            .text_bytes = options.text_bytes,
            .sealed = options.sealed,
            .recipients = exchange_given.recipients()},
      progress_(progress) {}

void Run::connect(std::size_t window) {
  publishers.clear();
  for (std::size_t origin = 0; origin < exchange.origins().size(); ++origin) {
    publishers.push_back(std::make_unique<Publisher>(exchange, origin, window));
  }
}

Result<void> Run::warm_up() {
  tell("warming up", 0, 0, "");
  for (const auto& publisher : publishers) {
    CHANCERY_TRY_VOID(publisher->publish(exchange, shape, publisher->take(kWarmUp), kWarmUp));
  }
  CHANCERY_TRY_VOID(await_deliveries(exchange, published_count(), [](std::uint64_t) {}));
  return {};
}

Result<void> Run::fill(std::uint64_t count, const std::string& doing) {
  constexpr std::size_t kCalls = 8;
  constexpr std::size_t kTogether = 128;
  std::atomic<std::uint64_t> begun{0};
  std::mutex mutex;
  std::optional<Error> failed;
  const auto call = [&] {
    for (std::uint64_t at = begun.fetch_add(kTogether); at < count;
         at = begun.fetch_add(kTogether)) {
      Publisher& publisher = *publishers[at / kTogether % publishers.size()];
      const auto together =
          static_cast<std::size_t>(std::min<std::uint64_t>(kTogether, count - at));
      const Result<void> published =
          publisher.publish(exchange, shape, publisher.take(together), together);
      if (!published.has_value()) {
        const std::scoped_lock lock(mutex);
        failed = failed.value_or(published.error());
        begun = count;
      }
    }
  };
  {
    std::vector<std::jthread> calls;
    calls.reserve(kCalls);
    for (std::size_t i = 0; i < kCalls; ++i) {
      calls.emplace_back(call);
    }
    while (begun < count && exchange.check().has_value()) {
      tell(doing, begun, count, "");
      std::this_thread::sleep_for(kTellEvery);
    }
  }
  CHANCERY_TRY_VOID(exchange.check());
  return failed.has_value() ? Result<void>(std::unexpected(*failed)) : Result<void>{};
}

std::vector<Published> Run::published() const {
  std::vector<Published> counts;
  counts.reserve(publishers.size());
  for (const auto& publisher : publishers) {
    counts.push_back({.routine = publisher->taken(), .flash = 0});
  }
  return counts;
}

std::uint64_t Run::published_count() const {
  std::uint64_t count = 0;
  for (const auto& publisher : publishers) {
    count += publisher->taken();
  }
  return count;
}

Result<void> Run::compare_all(const std::vector<Published>& published) {
  tell("comparing", 0, 0, "");
  CHANCERY_TRY(comparison,
               compare(exchange, shape, published, [](std::size_t, const Name&, client::Time) {}));
  return {};
}

void Run::tell(const std::string& doing, std::uint64_t done, std::uint64_t all,
               const std::string& unit) {
  progress_.show(doing, done, all, unit, os::steady_now());
}

std::string table_of(const text::Json& report) {
  std::string out = "chancery bench " + report.at("scenario").get<std::string>() + "\n";
  add_lines(report, "  ", out);
  for (const auto& [key, value] : report.items()) {
    if (value.is_object()) {
      out += key + "\n";
      add_lines(value, "  ", out);
    } else if (value.is_array() && !value.empty()) {
      out += key + "\n";
      add_items(value, out);
    }
  }
  return out;
}

text::Json with_common(text::Json parameters, const CommonOptions& options) {
  parameters["origins"] = options.setup.origin_count;
  parameters["recipients"] = options.setup.recipient_count;
  parameters["size"] = options.text_bytes;
  parameters["sealed"] = options.sealed;
  parameters["signatures"] = options.setup.single_signatures ? "single" : "batch";
  parameters["prefill"] = options.setup.prefill_count;
  parameters["sink"] = options.setup.verify_sink ? "verify" : "store";
  return parameters;
}

Result<int> run_scenario(const std::string& name, const std::vector<CommonOptions>& exchanges,
                         text::Json parameters, const Shared& shared, const Work& work,
                         const Combine& combine) {
  log::init("chancery", log::Level::kWarn, false);  // For the hub's engine: prefill.h.
  Progress progress(std::cerr, !shared.json && is_terminal(STDERR_FILENO), os::steady_now());
  std::optional<int> signal;
  Result<std::vector<Outcome>> outcomes = run_exchanges(exchanges, progress, work, signal);
  give_signals_back();
  if (signal.has_value()) {
    static_cast<void>(::raise(*signal));
  }
  CHANCERY_TRY_VOID(outcomes);
  text::Json report = {
      {"scenario", name},
      {"version", std::string(kVersion)},
      {"versions", versions()},
      {"machine", machine()},
      {"durability", std::move(outcomes->front().durability)},
      {"parameters", std::move(parameters)},
  };
  std::vector<text::Json> figures;
  for (Outcome& outcome : *outcomes) {
    figures.push_back(std::move(outcome.figures));
  }
  report.update(combine(figures));
  const Ceilings& ceilings = outcomes->front().ceilings;
  report["ceilings"] = to_json(ceilings);
  add_ratios(report, ceilings);
  const std::optional<Comparison> compared = together(*outcomes);
  report["compared"] = difference_json(compared.value_or(Comparison{}));
  return print(std::move(report), std::move(outcomes->front().series),
               compared.has_value() && compared->good(), shared);
}

Result<int> run_scenario(const std::string& name, const CommonOptions& options,
                         text::Json parameters, const Shared& shared, const Work& work) {
  return run_scenario(name, std::vector{options}, with_common(std::move(parameters), options),
                      shared, work,
                      [](const std::vector<text::Json>& figures) { return figures.front(); });
}

}  // namespace chancery::cli::bench
