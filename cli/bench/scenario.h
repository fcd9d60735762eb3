// What all scenarios of `chancery bench` have in common: the exchange, the ceilings, what is
// counted around the load, and how it is told.
//
// A scenario is a function that is given a Run, loads its exchange and adds figures. Everything is
// compared at the end: a notice that is missing or differs is exit 1, whatever the rates. Ends by
// the signal that stopped it, once all is torn down.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/bench/ceilings.h"
#include "cli/bench/exchange.h"
#include "cli/bench/load.h"
#include "cli/shared.h"
#include "cli/terminal.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli::bench {

struct CommonOptions {
  ExchangeSetup setup{};
  std::size_t text_bytes = 1024;
  bool sealed = false;
};

// What the processes have used up to a moment.
struct Snapshot {
  Clock::time_point at;
  double busy_us = 0;  // The whole machine.
  double ours_us = 0;
  Usage hub;
  std::map<std::string, double> hub_stages_us;  // What the hub's loop used for each stage.
  Usage load;                                   // This process: the applications.
  std::vector<Usage> origins;
  std::vector<Usage> recipients;  // None where they have a sink.
  std::optional<Usage> sink;
  std::uint64_t hub_commits = 0;
  std::optional<std::uint64_t> disk_flushes;
};
[[nodiscard]] Result<Snapshot> look(Exchange& exchange);
// What was used from one to the other, for so many notices.
[[nodiscard]] text::Json usage_figures(const Snapshot& before, const Snapshot& after,
                                       std::uint64_t notice_count);

// Those of the rates and times among them, divided by what the machine can do at most.
[[nodiscard]] text::Json ratios_of(const text::Json& figures, const Ceilings& ceilings);

// {"PREFIX_us_p50": …}; nulls where nothing was measured.
void add_percentiles(text::Json& figures, const std::string& prefix, const Histogram& histogram);

inline constexpr std::chrono::milliseconds kTellEvery{100};

class Run {
 public:
  Run(Exchange& exchange, const CommonOptions& options, const Ceilings& ceilings,
      Progress& progress);

  Exchange& exchange;
  const Ceilings& ceilings;
  Shape shape;
  std::vector<std::unique_ptr<Publisher>> publishers;  // One for each origin; connect().
  text::Json figures = text::Json::object();
  text::Json series = text::Json::array();  // What --json has besides, where there is any.
  std::optional<Comparison> comparison;

  // `window` is how many notices an origin may have under way.
  void connect(std::size_t window);
  // Some notices that nobody measures: connections are made, and what is read once is read.
  [[nodiscard]] Result<void> warm_up();
  // So many more notices, as fast as they go, until they are logged.
  [[nodiscard]] Result<void> fill(std::uint64_t count, const std::string& doing);
  // What every origin has taken so far.
  [[nodiscard]] std::vector<Published> published() const;
  [[nodiscard]] std::uint64_t published_count() const;
  // Compares all, with nothing to note of each.
  [[nodiscard]] Result<void> compare_all(const std::vector<Published>& published);
  void tell(const std::string& doing, std::uint64_t done, std::uint64_t all,
            const std::string& unit);

 private:
  Progress& progress_;
};

using Work = std::function<Result<void>(Run&)>;

// `parameters` are the options of the scenario, for whoever reads the figures later.
[[nodiscard]] Result<int> run_scenario(const std::string& name, const CommonOptions& options,
                                       text::Json parameters, const Shared& shared,
                                       const Work& work);

// The same of several exchanges, one after the other: the figures of all become those of the
// report.
using Combine = std::function<text::Json(const std::vector<text::Json>& figures)>;
[[nodiscard]] Result<int> run_scenario(const std::string& name,
                                       const std::vector<CommonOptions>& exchanges,
                                       text::Json parameters, const Shared& shared,
                                       const Work& work, const Combine& combine);
// The parameters, and those that all scenarios have.
[[nodiscard]] text::Json with_common(text::Json parameters, const CommonOptions& options);

// As lines and columns, for people.
[[nodiscard]] std::string table_of(const text::Json& report);

}  // namespace chancery::cli::bench
