#include "cli/bench/fanout.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "cli/bench/round.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kFanoutWindow = 1024;
constexpr std::uint64_t kFanoutWarmUp = 4;
constexpr std::uint64_t kNoticesMin = 20;
constexpr const char* kCost = "hub_cpu_us_per_delivery";

Result<void> fanout_work(Run& run, const FanoutOptions& options) {
  const std::size_t members = run.exchange.recipients().size();
  const std::uint64_t notices = notices_for(options.deliveries, members);
  const std::string to = "to " + std::to_string(members) + " members";
  const auto await = [&] {
    const std::uint64_t all = run.published_count() * members;
    return await_deliveries(run.exchange, run.published_count(), [&](std::uint64_t delivered) {
      run.tell("delivering " + to, delivered, all, "");
    });
  };
  run.connect(kFanoutWindow);
  CHANCERY_TRY_VOID(run.fill(kFanoutWarmUp, "warming up"));
  CHANCERY_TRY_VOID(await());
  CHANCERY_TRY(const Snapshot before, look(run.exchange));
  CHANCERY_TRY_VOID(run.fill(notices, "publishing " + to));
  CHANCERY_TRY(const Clock::time_point delivered, await());
  CHANCERY_TRY(const Snapshot after, look(run.exchange));

  const std::uint64_t deliveries = notices * members;
  const double seconds = std::chrono::duration<double>(delivered - before.at).count();
  const text::Json of_all = usage_figures(before, after, deliveries);
  run.figures = {
      {"members", members},
      {"published", notices},
      {"deliveries", deliveries},
      {"delivered_per_s", rounded(ratio(static_cast<double>(deliveries), seconds))},
      {kCost, of_all.at("hub_cpu_us_per_notice")},
      {"hub_transport_cpu_us_per_delivery", of_all.at("hub_transport_cpu_us_per_notice")},
      {"cost_to_smallest", nullptr},
      {"sink_cpu_us_per_delivery", of_all.at("sink_cpu_us_per_notice")},
      {"hub_fds", after.hub.open_fds.has_value() ? text::Json(*after.hub.open_fds) : text::Json()},
  };
  run.figures.update(usage_figures(before, after, notices));
  return run.compare_all(run.published());
}

}  // namespace

std::uint64_t notices_for(std::uint64_t deliveries, std::size_t members) {
  return std::max(deliveries / members, kNoticesMin);
}

text::Json combine_sizes(const std::vector<text::Json>& figures) {
  const auto members = [](const text::Json& size) { return size.at("members").get<std::size_t>(); };
  const text::Json& smallest = *std::ranges::min_element(figures, {}, members);
  const double least = smallest.at(kCost).get<double>();
  double rss = 0;
  text::Json sizes = text::Json::array();
  for (text::Json size : figures) {
    size["cost_to_smallest"] = rounded(ratio(size.at(kCost).get<double>(), least));
    rss = std::max(rss, size.at("hub_rss_mib_peak").get<double>());
    sizes.push_back(std::move(size));
  }
  return {{"hub_rss_mib_peak", rss}, {"sizes", std::move(sizes)}};
}

Result<int> run_fanout(const FanoutOptions& options, const Shared& shared) {
  std::vector<CommonOptions> exchanges;
  for (const std::size_t members : options.members) {
    exchanges.push_back(options.common);
    exchanges.back().setup.recipient_count = members;
  }
  text::Json parameters = with_common(
      {{"members", options.members}, {"deliveries", options.deliveries}}, options.common);
  parameters.erase("recipients");
  return run_scenario(
      "fanout", exchanges, std::move(parameters), shared,
      [&](Run& run) { return fanout_work(run, options); }, combine_sizes);
}

}  // namespace chancery::cli::bench
