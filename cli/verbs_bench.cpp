#include <memory>
#include <string>
#include <type_traits>

#include "cli/bench/audit.h"
#include "cli/bench/catchup.h"
#include "cli/bench/fanout.h"
#include "cli/bench/flood.h"
#include "cli/bench/latency.h"
#include "cli/bench/publish.h"
#include "cli/bench/report.h"
#include "cli/bench/sink.h"
#include "cli/bench/soak.h"
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
constexpr double kMinutesMin = 0.01;
constexpr double kMinutesMax = 24 * 60;
constexpr std::uint32_t kFlashesMax = 100'000;
constexpr std::uint32_t kBetweenMax = 60'000;  // Milliseconds.

constexpr const char* kBenchPublishFooter = R"(Examples:
  chancery bench publish
  chancery bench publish --sealed --seconds 30 --json > publish.json
  chancery bench publish --window 1 --seconds 5 --folder /var/tmp
  chancery bench publish --signatures single

Each origin has as many notices under way as the window says: published, and not logged yet. A node
signs those that wait together, up to 256; with --signatures single, and with a window of 1, each
notice is signed alone.
Rates mean little alone: the table has the machine, what it can do at most, what other programs used
of it meanwhile (foreign_cores), and CPU per notice, which depends on neither.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kLatencyFooter = R"(Examples:
  chancery bench latency
  chancery bench latency --rates 200,1000 --seconds 30 --json
  chancery bench latency --sink verify

An open loop: each notice is due at a time, and what it took counts from there, whether or not the
exchange kept up. Delivery is measured by an application at the first recipient that waits for what
comes; with --sink verify by all recipients, once each has verified it. A machine that does not
reach a rate shows it in published_per_s, and in the latencies.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kCatchupFooter = R"(Examples:
  chancery bench catchup
  chancery bench catchup --count 200000 --json

Stops the node of the first recipient, publishes, and starts it again: from the start of the process
until it has verified and stored all that it missed.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kStartupFooter = R"(Examples:
  chancery bench startup
  chancery bench startup --prefill 1000000 --count 1000 --rounds 5 --json

From the start of the process until it says that it is ready: the hub and the node of the first
recipient, after SIGTERM and after SIGKILL. The median of the rounds.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kAuditFooter = R"(Examples:
  chancery bench audit
  chancery bench audit --prefill 1000000 --rounds 1 --folder /var/tmp --json

Fills a log, ends all daemons, and runs `audit verify` of the hub's store and of the first
recipient's, `audit export`, and `audit verify` of the export: time, CPU and memory of each process.
The medians of the rounds; the most memory of any.
Exit 0: every notice arrived once, as it was published, and each audit verified. 1: a notice is
missing or differs. 2: could not tell, or an audit failed.)";

constexpr const char* kSoakFooter = R"(Examples:
  chancery bench soak
  chancery bench soak --minutes 60 --every 30 --json > soak.json

An open loop at one rate, as `latency` has it. At the end of each window hub and nodes are looked
at: memory, open descriptors, CPU, and what the notices took that were due in it. The table has the
first, the median and the last window, and the largest drift from the first; --json has them all.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kFanoutFooter = R"(Examples:
  chancery bench fanout
  chancery bench fanout --members 5,500 --deliveries 200000 --json

An exchange for each number of members: one origin with its node, and a process that is the node of
all others, verifies everything and stores nothing. What a delivery costs the hub, and that divided
by what it costs with the fewest members.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kFloodFooter = R"(Examples:
  chancery bench flood
  chancery bench flood --backlog 20000 --flashes 20 --json
  chancery bench flood --backlog 20000 --between 500

FLASH notices, one after the other: first with nothing else about, then while a backlog of ROUTINE
drains that was durable at its origins before the hub started.
Exit 0: every notice arrived once, as it was published. 1: one is missing or differs, or nothing was
run, and why is said. 2: could not tell.)";

constexpr const char* kBenchReportFooter = R"(Examples:
  chancery bench report publish.json latency.json -o report.html
  chancery bench report before.json after.json -o report.html

RESULT is what a scenario printed with --json. The page is one HTML file that loads and runs
nothing: for each scenario plots, tables, and what was measured where. Results of one scenario, six
at most, stand side by side and are compared with the first.
Exit 0: written. 1: a file is no result, or the page is there already. 2: could not tell.)";

// How many of something, from `least` to `most`.
template <class Count>
void add_number(CLI::App& verb, const std::string& flag, Count& number, const std::string& meaning,
                std::type_identity_t<Count> least, std::type_identity_t<Count> most) {
  verb.add_option(flag, number, meaning)
      ->type_name("N")
      ->check(CLI::Range(least, most))
      ->capture_default_str();
}

// One of two words: the usual one, or the other, which sets `other_chosen`. That lives as long as
// the verb.
void add_choice(CLI::App& verb, const std::string& flag, bool& other_chosen,
                const std::string& usual, const std::string& other, const std::string& meaning) {
  verb.add_option_function<std::string>(
          flag, [&other_chosen, other](const std::string& word) { other_chosen = word == other; },
          meaning)
      ->check(CLI::IsMember({usual, other}))
      ->default_str(usual);
}

void add_load_flags(CLI::App& verb, Shared& shared, bench::CommonOptions& options) {
  verb.add_option("--size", options.text_bytes, "Bytes of text in a notice")
      ->type_name("BYTES")
      ->check(CLI::Range(std::size_t{0}, kTextBytesMax))
      ->capture_default_str();
  auto* const clear =
      verb.add_flag("!--clear", options.sealed, "Texts are signed, not sealed (default)");
  verb.add_flag("--sealed", options.sealed, "Texts are sealed to their recipients")
      ->excludes(clear);
  add_choice(verb, "--signatures", options.setup.single_signatures, "batch", "single",
             "What origins sign: the notices that wait together, or each alone");
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

void add_common_flags(CLI::App& verb, Shared& shared, bench::CommonOptions& options) {
  add_number(verb, "--origins", options.setup.origin_count, "Members that publish", 1,
             bench::kMembersMax);
  add_number(verb, "--recipients", options.setup.recipient_count, "Members that receive", 1,
             bench::kMembersMax);
  add_load_flags(verb, shared, options);
}

void add_sink_flag(CLI::App& verb, bench::CommonOptions& options) {
  add_choice(verb, "--sink", options.setup.verify_sink, "store", "verify",
             "What recipients are: their nodes, or one process that verifies and stores nothing");
}

void add_bench_publish(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("publish", "As many notices as go");
  verb.footer(kBenchPublishFooter);
  const auto options = std::make_shared<bench::PublishOptions>();
  add_number(verb, "--window", options->window, "Notices that an origin has under way", 1,
             kWindowMax);
  add_number(verb, "--seconds", options->seconds, "How long to publish", 1, kSecondsMax);
  add_sink_flag(verb, options->common);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_publish);
}

// Of `--sink verify`: bench/sink.h says why it is a verb. For nobody's terminal, so no help has it.
void add_bench_sink(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("sink", "Receive as `--sink verify` does");
  verb.group("");
  const auto options = std::make_shared<bench::SinkOptions>();
  verb.add_option("--exchange", options->exchange, "The exchange")->required();
  verb.add_option("--recipients", options->recipient_count, "How many")->required();
  verb.add_option("--output", options->output, "Where to write what came")->required();
  run_with(verb, shared, options, bench::run_sink);
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
  add_sink_flag(verb, options->common);
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

void add_bench_fanout(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("fanout", "What a delivery costs, to few and to many");
  verb.footer(kFanoutFooter);
  const auto options = std::make_shared<bench::FanoutOptions>();
  verb.add_option("--members", options->members, "Members that receive, one number after the other")
      ->type_name("N,...")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, bench::kMembersMax))
      ->capture_default_str();
  add_number(verb, "--deliveries", options->deliveries, "How many to each number of members, about",
             1, kCountMax);
  add_load_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_fanout);
}

void add_bench_audit(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("audit", "How fast a log is verified and exported");
  verb.footer(kAuditFooter);
  const auto options = std::make_shared<bench::AuditOptions>();
  add_number(verb, "--count", options->count, "Notices that go through the exchange", 1, kCountMax);
  add_number(verb, "--rounds", options->rounds, "Runs of each command", 1, kRoundsMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_audit);
}

void add_bench_soak(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("soak", "Whether anything grows at a fixed rate");
  verb.footer(kSoakFooter);
  const auto options = std::make_shared<bench::SoakOptions>();
  verb.add_option("--minutes", options->minutes, "How long to publish; 0.5 is half a minute")
      ->type_name("N")
      ->check(CLI::Range(kMinutesMin, kMinutesMax))
      ->capture_default_str();
  add_number(verb, "--rate", options->rate, "Notices a second", 1, kRateMax);
  add_number(verb, "--every", options->every, "Seconds in a window", 1, kSecondsMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_soak);
}

void add_bench_flood(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("flood", "FLASH behind a backlog of ROUTINE");
  verb.footer(kFloodFooter);
  const auto options = std::make_shared<bench::FloodOptions>();
  add_number(verb, "--backlog", options->backlog, "ROUTINE that waits; 60,000 an origin at most", 1,
             kCountMax);
  add_number(verb, "--flashes", options->flashes, "FLASH, without a backlog and behind it", 1,
             kFlashesMax);
  add_number(verb, "--between", options->between,
             "Milliseconds from when a FLASH is logged to the next one", 1, kBetweenMax);
  add_common_flags(verb, shared, options->common);
  run_with(verb, shared, options, bench::run_flood);
}

void add_bench_report(CLI::App& group, Shared& shared) {
  CLI::App& verb = *group.add_subcommand("report", "A page about results, with plots");
  verb.footer(kBenchReportFooter);
  const auto options = std::make_shared<bench::BenchReportOptions>();
  verb.add_option("RESULT", options->results, "Files with what scenarios printed with --json")
      ->required();
  verb.add_option("-o,--output", options->output, "The page; nothing may be there")
      ->type_name("FILE")
      ->required();
  add_json_flag(verb, shared);
  run_with(verb, shared, options, bench::run_bench_report);
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
  add_bench_fanout(group, shared);
  add_bench_audit(group, shared);
  add_bench_sink(group, shared);
  add_bench_soak(group, shared);
  add_bench_report(group, shared);
}

}  // namespace chancery::cli
