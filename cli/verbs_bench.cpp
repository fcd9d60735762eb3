#include <memory>
#include <string>
#include <type_traits>

#include "cli/bench/catchup.h"
#include "cli/bench/flood.h"
#include "cli/bench/latency.h"
#include "cli/bench/publish.h"
#include "cli/bench/startup.h"
#include "cli/verbs.h"
#include "io/args/cli11.h"

namespace chancery::cli {
namespace {

constexpr std::uint32_t kSecondsMax = 24 * 3600;
constexpr std::size_t kTextBytesMax = 800U << 10U;
constexpr std::size_t kWindowMax = 16'384;
constexpr std::uint32_t kRateMax = 1'000'000;
constexpr std::uint64_t kCountMax = 100'000'000;
constexpr std::uint32_t kRoundsMax = 1000;
constexpr std::uint32_t kFlashesMax = 100'000;

constexpr const char* kBenchPublishFooter = R"(Examples:
  chancery bench publish
  chancery bench publish --sealed --seconds 30 --json > publish.json
  chancery bench publish --window 1 --seconds 5 --folder /var/tmp

Each origin has as many notices under way as the window says: published, and not logged yet. With 1,
each notice is signed alone; with many, a node signs those that wait together.
Rates mean little alone: the table has the machine, what it can do at most, what other programs used
of it meanwhile (foreign_cores), and CPU per notice, which depends on neither.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs. 2: could not
tell.)";

constexpr const char* kLatencyFooter = R"(Examples:
  chancery bench latency
  chancery bench latency --rates 200,1000 --seconds 30 --json

An open loop: each notice is due at a time, and what it took counts from there, whether or not the
exchange kept up. Delivery is measured by an application at the first recipient that waits for what
comes. A machine that does not reach a rate shows it in published_per_s, and in the latencies.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs. 2: could not
tell.)";

constexpr const char* kCatchupFooter = R"(Examples:
  chancery bench catchup
  chancery bench catchup --count 200000 --json

Stops the node of the first recipient, publishes, and starts it again: from the start of the process
until it has verified and stored all that it missed.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs. 2: could not
tell.)";

constexpr const char* kStartupFooter = R"(Examples:
  chancery bench startup
  chancery bench startup --prefill 1000000 --count 1000 --rounds 5 --json

From the start of the process until it says that it is ready: the hub and the node of the first
recipient, after SIGTERM and after SIGKILL. The median of the rounds.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs. 2: could not
tell.)";

constexpr const char* kFloodFooter = R"(Examples:
  chancery bench flood
  chancery bench flood --backlog 20000 --flashes 20 --json

FLASH notices, one after the other: first with nothing else about, then while a backlog of ROUTINE
drains that was durable at its origins before the hub started.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs. 2: could not
tell.)";

// How many of something, from `least` to `most`.
template <class Count>
void add_number(CLI::App& verb, const std::string& flag, Count& number, const std::string& meaning,
                std::type_identity_t<Count> least, std::type_identity_t<Count> most) {
  verb.add_option(flag, number, meaning)
      ->type_name("N")
      ->check(CLI::Range(least, most))
      ->capture_default_str();
}

void add_common_flags(CLI::App& verb, Shared& shared, bench::CommonOptions& options) {
  add_number(verb, "--origins", options.setup.origin_count, "Members that publish", 1,
             bench::kMembersMax);
  add_number(verb, "--recipients", options.setup.recipient_count, "Members that receive", 1,
             bench::kMembersMax);
  verb.add_option("--size", options.text_bytes, "Bytes of text in a notice")
      ->type_name("BYTES")
      ->check(CLI::Range(std::size_t{0}, kTextBytesMax))
      ->capture_default_str();
  auto* const clear =
      verb.add_flag("!--clear", options.sealed, "Texts are signed, not sealed (default)");
  verb.add_flag("--sealed", options.sealed, "Texts are sealed to their recipients")
      ->excludes(clear);
  add_number(verb, "--prefill", options.setup.prefill_count,
             "Notices in the hub's store before any daemon starts", 0, kCountMax);
  verb.add_option(
          "--folder", options.setup.folder,
          "Where the exchange is made: the disk that is measured; default: $TMPDIR, or /tmp")
      ->type_name("DIR");
  verb.add_option("--bin", options.setup.programs,
                  "Where chancery-broker and chancery-node are; default: beside this program")
      ->type_name("DIR");
  verb.add_flag("--keep", options.setup.keep, "Leave the exchange there, with its stores");
  add_json_flag(verb, shared);
}

void add_bench_publish(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("publish", "As many notices as go");
  verb.footer(kBenchPublishFooter);
  const auto options = std::make_shared<bench::PublishOptions>();
  add_number(verb, "--window", options->window, "Notices that an origin has under way", 1,
             kWindowMax);
  add_number(verb, "--seconds", options->seconds, "How long to publish", 1, kSecondsMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_publish);
}

void add_bench_latency(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("latency", "How long a notice takes at fixed rates");
  verb.footer(kLatencyFooter);
  const auto options = std::make_shared<bench::LatencyOptions>();
  verb.add_option("--rates", options->rates, "Notices a second, one rate after the other")
      ->type_name("N,...")
      ->delimiter(',')
      ->check(CLI::Range(1U, kRateMax))
      ->capture_default_str();
  add_number(verb, "--seconds", options->seconds, "How long to publish at each", 1, kSecondsMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_latency);
}

void add_bench_catchup(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("catchup", "How fast a node has what it missed");
  verb.footer(kCatchupFooter);
  const auto options = std::make_shared<bench::CatchupOptions>();
  add_number(verb, "--count", options->count, "Notices that it misses", 1, kCountMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_catchup);
}

void add_bench_startup(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("startup", "How long hub and node take to start");
  verb.footer(kStartupFooter);
  const auto options = std::make_shared<bench::StartupOptions>();
  add_number(verb, "--count", options->count, "Notices in the log", 1, kCountMax);
  add_number(verb, "--rounds", options->rounds, "Starts of each sort", 1, kRoundsMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_startup);
}

void add_bench_flood(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("flood", "FLASH behind a backlog of ROUTINE");
  verb.footer(kFloodFooter);
  const auto options = std::make_shared<bench::FloodOptions>();
  add_number(verb, "--backlog", options->backlog, "ROUTINE that waits; 60,000 an origin at most", 1,
             kCountMax);
  add_number(verb, "--flashes", options->flashes, "FLASH, without a backlog and behind it", 1,
             kFlashesMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_flood);
}

}  // namespace

void add_bench(CLI::App& app, Shared& shared) {
  CLI::App& group =
      *app.add_subcommand("bench", "Load an exchange of its own, and tell what it takes");
  group.require_subcommand(1);
  add_bench_publish(group, shared);
  add_bench_latency(group, shared);
  add_bench_catchup(group, shared);
  add_bench_startup(group, shared);
  add_bench_flood(group, shared);
}

}  // namespace chancery::cli
