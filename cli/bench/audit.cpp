#include "cli/bench/audit.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/config.h"
#include "cli/bench/command.h"
#include "cli/bench/round.h"
#include "core/base/encoding.h"
#include "io/os/clock.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kAuditWindow = 1024;
constexpr std::chrono::seconds kQuorumWithin{60};
constexpr std::chrono::milliseconds kQuorumLook{50};

struct AuditCommand {
  std::string what;
  std::function<std::vector<std::string>(const std::string& round)> words;
  std::function<std::string(const std::string& round)> log;  // The file or folder that has it.
};

std::vector<AuditCommand> audit_commands(const Exchange& exchange, const std::string& genesis) {
  const std::string hub = exchange.store_file(std::string(kHub));
  const std::string node = exchange.store_file(exchange.recipients().front());
  const auto verify = [genesis](const std::string& store) {
    return [genesis, store](const std::string&) -> std::vector<std::string> {
      return {"audit", "verify", "--store", store, "--genesis", genesis};
    };
  };
  const auto is = [](const std::string& path) {
    return [path](const std::string&) { return path; };
  };
  // Another folder in each round: into the same one, only what is new would be exported.
  const auto folder = [root = exchange.root()](const std::string& round) {
    return root + "/export-" + round;
  };
  return {
      {.what = "verify_hub_store", .words = verify(hub), .log = is(hub)},
      {.what = "verify_node_store", .words = verify(node), .log = is(node)},
      {.what = "export",
       .words = [=](const std::string& round) -> std::vector<std::string> {
         return {"audit", "export", folder(round), "--store", hub, "--genesis", genesis};
       },
       .log = folder},
      {.what = "verify_export",
       .words = [=](const std::string& round) -> std::vector<std::string> {
         return {"audit", "verify", "--export", folder(round), "--genesis", genesis};
       },
       .log = folder},
  };
}

// The last round of a command, with the medians of all.
Result<text::Json> measure_audit(Run& run, const AuditCommand& command, std::uint32_t rounds,
                                 std::uint64_t notices) {
  std::vector<std::int64_t> taken;
  std::vector<std::int64_t> cpu;
  std::uint64_t entries = 0;
  std::uint64_t rss = 0;
  std::uint64_t bytes = 0;
  for (std::uint32_t at = 0; at < rounds; ++at) {
    const std::string round = std::to_string(at);
    run.tell(command.what, at, rounds, "");
    CHANCERY_TRY(const CommandRun done, run_command(run.exchange, command.words(round)));
    taken.push_back(done.taken.count());
    cpu.push_back(done.cpu.count());
    entries = done.answer.at("size").get<std::uint64_t>();
    rss = std::max(rss, done.rss_peak_bytes);
    bytes = bytes_of(command.log(round));
    if (entries < notices) {
      return fail(ErrorCode::kInternal, command.what + ": " + std::to_string(entries) +
                                            " entries, of " + std::to_string(notices) +
                                            " notices that were logged");
    }
  }
  const auto all = static_cast<double>(entries);
  const double seconds = static_cast<double>(median(std::move(taken))) / kMicrosPerSecond;
  const double cpu_us = static_cast<double>(median(std::move(cpu)));
  return text::Json{
      {"command", command.what},
      {"entries", entries},
      {"mib", mib(bytes)},
      {"entries_per_s", rounded(ratio(all, seconds))},
      {"mib_per_s", rounded(ratio(static_cast<double>(bytes) / kBytesPerMib, seconds))},
      {"entries_per_cpu_s", rounded(ratio(all, cpu_us / kMicrosPerSecond))},
      {"cpu_us_per_entry", rounded(ratio(cpu_us, all))},
      {"rss_mib_peak", mib(rss)}};
}

// Until a quorum has cosigned all that is logged by now: no export has more than that.
Result<void> await_quorum(Run& run) {
  const std::string hub(kHub);
  CHANCERY_TRY(const text::Json before, run.exchange.status(hub));
  const auto size = before.at("log").at("size").get<std::uint64_t>();
  const Clock::time_point until = os::steady_now() + kQuorumWithin;
  while (true) {
    CHANCERY_TRY_VOID(run.exchange.check());
    CHANCERY_TRY(const text::Json status, run.exchange.status(hub));
    if (status.at("cosigned").at("size").get<std::uint64_t>() >= size) {
      return {};
    }
    if (os::steady_now() > until) {
      return fail(ErrorCode::kUnavailable, "no quorum cosigned the log");
    }
    std::this_thread::sleep_for(kQuorumLook);
  }
}

// A store is read where no daemon has it, and nothing else is to run beside.
Result<void> stop_all(Run& run) {
  run.publishers.clear();
  run.tell("ending the daemons", 0, 0, "");
  for (const auto* const side : {&run.exchange.recipients(), &run.exchange.origins()}) {
    for (const std::string& code : *side) {
      CHANCERY_TRY_VOID(run.exchange.stop(code));
    }
  }
  return run.exchange.stop(std::string(kHub));
}

Result<void> audit_work(Run& run, const AuditOptions& options) {
  run.connect(kAuditWindow);
  CHANCERY_TRY_VOID(run.fill(options.count, "filling the log"));
  CHANCERY_TRY_VOID(await_deliveries(run.exchange, run.published_count(), [](std::uint64_t) {}));
  CHANCERY_TRY_VOID(run.compare_all(run.published()));
  CHANCERY_TRY_VOID(await_quorum(run));
  const std::uint64_t notices = options.common.setup.prefill_count + run.published_count();
  run.figures["hub_rss_mib_peak"] = mib(run.exchange.usage(std::string(kHub)).rss_peak_bytes);
  CHANCERY_TRY_VOID(stop_all(run));
  CHANCERY_TRY(const broker::Config hub,
               broker::read_config(run.exchange.folder() + "/hub/hub.toml"));
  text::Json commands = text::Json::array();
  for (const AuditCommand& command : audit_commands(run.exchange, hex(hub.genesis))) {
    CHANCERY_TRY(text::Json figures, measure_audit(run, command, options.rounds, notices));
    commands.push_back(std::move(figures));
  }
  run.figures["commands"] = std::move(commands);
  return {};
}

}  // namespace

Result<int> run_audit(const AuditOptions& options, const Shared& shared) {
  return run_scenario("audit", options.common,
                      {{"count", options.count}, {"rounds", options.rounds}}, shared,
                      [&](Run& run) { return audit_work(run, options); });
}

}  // namespace chancery::cli::bench
