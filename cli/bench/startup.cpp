#include "cli/bench/startup.h"

#include <chrono>
#include <string>
#include <vector>

#include "cli/bench/round.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kStartWindow = 1024;

struct Starts {
  std::vector<std::uint64_t> hub;
  std::vector<std::uint64_t> node;
};

// All others run on, and look for whom they lost.
Result<void> start_again(Run& run, const std::string& name, bool killed,
                         std::vector<std::uint64_t>& taken) {
  if (killed) {
    run.exchange.kill(name);
  } else {
    CHANCERY_TRY_VOID(run.exchange.stop(name));
  }
  CHANCERY_TRY(const std::chrono::microseconds ready, run.exchange.run(name));
  taken.push_back(static_cast<std::uint64_t>(ready.count()));
  return {};
}

Result<void> startup_work(Run& run, const StartupOptions& options) {
  const std::string hub(kHub);
  const std::string& node = run.exchange.recipients().front();
  run.connect(kStartWindow);
  CHANCERY_TRY_VOID(run.fill(options.count, "filling the log"));
  CHANCERY_TRY_VOID(await_deliveries(run.exchange, run.published_count(), [](std::uint64_t) {}));
  Starts in_order;
  Starts killed;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    run.tell("starting again", round, options.rounds, "");
    CHANCERY_TRY_VOID(start_again(run, hub, false, in_order.hub));
    CHANCERY_TRY_VOID(start_again(run, hub, true, killed.hub));
    CHANCERY_TRY_VOID(start_again(run, node, false, in_order.node));
    CHANCERY_TRY_VOID(start_again(run, node, true, killed.node));
  }
  CHANCERY_TRY(const text::Json status, run.exchange.status(hub));
  run.figures["entries"] = status.at("log").at("size");
  run.figures["hub_store_mib"] = mib(bytes_of(run.exchange.store_file(hub)));
  run.figures["node_store_mib"] = mib(bytes_of(run.exchange.store_file(node)));
  run.figures["hub_ready_us_in_order"] = median(in_order.hub);
  run.figures["hub_ready_us_killed"] = median(killed.hub);
  run.figures["node_ready_us_in_order"] = median(in_order.node);
  run.figures["node_ready_us_killed"] = median(killed.node);
  run.figures["hub_rss_mib_peak"] = mib(run.exchange.usage(hub).rss_peak_bytes);
  return run.compare_all(run.published());
}

}  // namespace

Result<int> run_startup(const StartupOptions& options, const Shared& shared) {
  return run_scenario("startup", options.common,
                      {{"count", options.count}, {"rounds", options.rounds}}, shared,
                      [&](Run& run) { return startup_work(run, options); });
}

}  // namespace chancery::cli::bench
