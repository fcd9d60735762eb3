// chancery-sim: runs simulated exchanges by their seeds, and tells the story of one that fails.

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/encoding.h"
#include "tests/sim/disk.h"
#include "tests/sim/world.h"

// jemalloc looks here. What one program frees the next one takes: pages do not go back to the
// system in between, and there is one thread.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1,narenas:1";
}

namespace chancery::sim {
namespace {

constexpr std::uint64_t kNoticesAMinuteLeast = 4;  // Over all seeds: in one all may be away.
constexpr std::uint64_t kSeedsThatCount = 10;
constexpr std::uint64_t kSeedsThatConclude = 50;
constexpr std::string_view kHelp =
    R"(./dev sim SEED | A..B [--minutes N] [--lie NAME|all] [--lying-member] [--twice] [--story]
          [--quiet]

Runs one simulated exchange a seed: the hub's and the nodes' own engines and stores, on simulated
disks, clocks and connections that fail in every way, for N simulated minutes (5). Then all is
healed, and the oracle judges. The same seed gives the same run; its trace hash says so.

  --minutes N  simulated minutes with faults
  --lie NAME   the hub tells one of the members this lie, or one after the other all that there are:
               who has to notice it does, and nobody raises an alarm for anything else
  --lying-member
               one of the members lies: two bodies under one id, a seal that does not open, a false
               count; the promises to all others are kept
  --twice      run each seed twice and compare the trace hashes (every 100th is compared anyway)
  --story      tell everything that happens
  --quiet      only what fails, and the sum

Exit: 0 all promises kept, 1 a violation, 64 a wrong command line.
)";
constexpr std::size_t kStoryLines = 400;  // The last of them, where a seed fails.

struct Request {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t minutes = 5;
  std::vector<test::Lie> lies;
  bool lying_member = false;
  bool twice = false;
  bool story = false;
  bool quiet = false;
};

std::optional<std::uint64_t> number_from(std::string_view text) {
  if (text.empty() || text.size() > 18 ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::strtoull(std::string(text).c_str(), nullptr, 10);
}

std::optional<Request> request_from(int argc, char** argv) {
  Request request;
  bool has_seed = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--lying-member") {
      request.lying_member = true;
    } else if (argument == "--twice") {
      request.twice = true;
    } else if (argument == "--story") {
      request.story = true;
    } else if (argument == "--quiet") {
      request.quiet = true;
    } else if (argument == "--lie" && i + 1 < argc) {
      const std::string_view name = argv[++i];
      const auto lie = test::lie_of(name);
      if (!lie.has_value() && name != "all") {
        return std::nullopt;
      }
      for (const test::LieInfo& info : test::kLies) {
        if (name == "all" || info.lie == lie) {
          request.lies.push_back(info.lie);
        }
      }
    } else if (argument == "--minutes" && i + 1 < argc) {
      const auto minutes = number_from(argv[++i]);
      if (!minutes.has_value() || *minutes == 0 || *minutes > 100'000) {
        return std::nullopt;
      }
      request.minutes = *minutes;
    } else if (!has_seed) {
      const std::size_t dots = argument.find("..");
      const auto first = number_from(argument.substr(0, dots));
      const auto last =
          dots == std::string_view::npos ? first : number_from(argument.substr(dots + 2));
      if (!first.has_value() || !last.has_value() || *last < *first) {
        return std::nullopt;
      }
      request.first = *first;
      request.last = *last;
      has_seed = true;
    } else {
      return std::nullopt;
    }
  }
  return has_seed ? std::optional(request) : std::nullopt;
}

using Exchanges = std::vector<test::TestExchange>;

// Of two nodes, and up to one for each member.
Exchanges make_exchanges() {
  Exchanges exchanges;
  for (std::size_t node_count = 2; node_count <= kMembers.size(); ++node_count) {
    exchanges.emplace_back(
        test::ExchangeOptions{.node_count = node_count, .adjust_roster = [](v1::Roster& roster) {
                                v1::Retention& rule = *roster.add_retention();
                                rule.set_kinds("contact");
                                rule.set_days(10);
                              }});
  }
  return exchanges;
}

// What is run once.
struct One {
  std::uint64_t seed = 0;
  std::optional<test::Lie> lie{};

  [[nodiscard]] std::string name() const {
    return std::to_string(seed) +
           (lie.has_value() ? " " + std::string(test::info_of(*lie).name) : "");
  }
};

Report run(const Exchanges& exchanges, const One& one, const Request& request, Trace::Sink story) {
  World world(exchanges, {.seed = one.seed,
                          .duration = request.minutes * 60 * kSecond,
                          .lie = one.lie,
                          .lying_member = request.lying_member && !one.lie.has_value(),
                          .story = std::move(story)});
  return world.run();
}

void tell_story(const Exchanges& exchanges, const One& one, const Request& request) {
  std::deque<std::string> lines;
  const Report again = run(exchanges, one, request, [&](const std::string& line) {
    lines.push_back(line);
    if (lines.size() > kStoryLines && !request.story) {
      lines.pop_front();
    }
  });
  std::cout << "\nThe story of seed " << one.name() << ", its last " << lines.size()
            << " lines:\n\n";
  for (const std::string& line : lines) {
    std::cout << line << '\n';
  }
  std::cout << "\nWhat must not be:\n";
  for (const std::string& violation : again.violations) {
    std::cout << "  " << violation << '\n';
  }
  std::cout << "\nAgain, and in full: ./dev sim " << one.seed << " --minutes " << request.minutes;
  if (one.lie.has_value()) {
    std::cout << " --lie " << test::info_of(*one.lie).name;
  } else if (request.lying_member) {
    std::cout << " --lying-member";
  }
  std::cout << " --story\n";
}

// What became of one lie in all seeds.
struct LieTally {
  std::uint64_t count = 0;
  std::map<std::string, std::uint64_t> noticed;
  Micros longest = 0;

  void add(const Report& report) {
    count += report.lied ? 1 : 0;
    if (!report.noticed.empty()) {
      ++noticed[report.noticed];
      longest = std::max(longest, report.noticed_after);
    }
  }
};

// Each that was never told fails: nothing was tried.
bool say_what_was_told(const std::map<test::Lie, LieTally>& all) {
  bool good = true;
  for (const auto& [lie, told] : all) {
    std::cout << test::info_of(lie).name << ": told in " << told.count << ", noticed within "
              << told.longest / kSecond << " s by";
    for (const auto& [what, count] : told.noticed) {
      std::cout << ' ' << what << " (" << count << ")";
    }
    std::cout << '\n';
    good = good && told.count > 0;
  }
  return good;
}

std::string_view word(workflow::Conclusion conclusion) {
  switch (conclusion) {
    case workflow::Conclusion::kOpen:
      return "open";
    case workflow::Conclusion::kAgreed:
      return "agreed";
    case workflow::Conclusion::kNotAgreed:
      return "not agreed";
    case workflow::Conclusion::kContested:
      return "contested";
    case workflow::Conclusion::kWithdrawn:
      return "withdrawn";
    case workflow::Conclusion::kSuperseded:
      return "superseded";
  }
  return "";
}

// As the members told it, each of its own.
void say_what_came_of_consultations(const Report& sum) {
  std::cout << "consultations, at all members together:";
  for (const auto& [conclusion, count] : sum.outcomes) {
    std::cout << ' ' << word(conclusion) << " (" << count << ")";
  }
  std::cout << '\n';
}

// Where nothing is published or read, nothing can be lost.
bool was_enough(const Report& sum, const Request& request, std::uint64_t run_count) {
  const std::uint64_t least = kNoticesAMinuteLeast * request.minutes * run_count;
  const bool enough = run_count < kSeedsThatCount || !request.lies.empty() ||
                      (sum.queued_count >= least && sum.read_count >= least);
  const bool concludes = run_count < kSeedsThatConclude || !request.lies.empty() ||
                         (sum.outcomes.contains(workflow::Conclusion::kAgreed) &&
                          sum.outcomes.contains(workflow::Conclusion::kNotAgreed));
  if (!concludes) {
    std::cout << "no consultation was agreed, or none was not\n";
  }
  if (!enough) {
    std::cout << "too little was done: of notices queued and read, " << least
              << " each are the least\n";
  }
  return enough && concludes;
}

int main(int argc, char** argv) {
  const std::optional<Request> asked = request_from(argc, argv);
  if (!asked.has_value()) {
    const bool helps =
        argc > 1 && (std::string_view(argv[1]) == "--help" || std::string_view(argv[1]) == "-h");
    if (helps) {
      std::cout << kHelp;
      return 0;
    }
    std::cerr << "sim: give a seed or a range of seeds, and flags of ./dev sim --help\n";
    return 64;
  }
  const Request& request = *asked;
  Disk::have_one_thread();
  const Exchanges exchanges = make_exchanges();
  std::uint64_t failed_count = 0;
  Report sum;
  const std::clock_t began = std::clock();
  NodeMachine::make_empty_stores(exchanges.front().genesis(), kMembers);
  std::map<test::Lie, LieTally> told;
  std::uint64_t run_count = 0;
  const auto try_one = [&](const One& one) {
    ++run_count;
    const Trace::Sink story =
        request.story ? [](const std::string& line) { std::cout << line << '\n'; } : Trace::Sink();
    Report report = run(exchanges, one, request, story);
    if (request.twice || one.seed % 100 == 0) {
      if (const Report again = run(exchanges, one, request, {}); again.trace != report.trace) {
        report.violations.push_back("the second run went another way: " + hex(again.trace));
      }
    }
    if (one.lie.has_value()) {
      told[*one.lie].add(report);
    }
    if (!request.quiet || !report.violations.empty()) {
      std::cout << "seed " << one.name() << "  "
                << (report.violations.empty() ? "kept" : "VIOLATED") << "  " << report.queued_count
                << " of " << report.submitted_count << " notices queued, " << report.read_count
                << " read, log " << report.log_size << ", " << report.fault_count
                << " faults, trace " << hex(report.trace).substr(0, 16);
      if (one.lie.has_value()) {
        std::cout << (report.lied ? ", noticed: " : ", no lie was told") << report.noticed;
      }
      std::cout << '\n' << std::flush;
    }
    sum.simulated += report.simulated;
    sum.submitted_count += report.submitted_count;
    sum.queued_count += report.queued_count;
    sum.read_count += report.read_count;
    sum.fault_count += report.fault_count;
    for (const auto& [conclusion, count] : report.outcomes) {
      sum.outcomes[conclusion] += count;
    }
    if (!report.violations.empty()) {
      ++failed_count;
      if (!request.story) {
        tell_story(exchanges, one, request);
      }
    }
  };
  for (std::uint64_t seed = request.first; seed <= request.last; ++seed) {
    if (request.lies.empty()) {
      try_one({.seed = seed});
    }
    for (const test::Lie lie : request.lies) {
      try_one({.seed = seed, .lie = lie});
    }
  }
  const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  const double hours = static_cast<double>(sum.simulated) / (3600.0 * kSecond);
  const bool all_told = say_what_was_told(told);
  say_what_came_of_consultations(sum);
  std::cout << run_count << " seeds, " << failed_count << " with a violation; "
            << sum.submitted_count << " notices, " << sum.read_count << " read, " << sum.fault_count
            << " faults; " << hours << " simulated hours in " << seconds
            << " s of a core: " << hours * 3600.0 / seconds << " times as fast\n";
  const bool enough = was_enough(sum, request, run_count);
  return failed_count == 0 && all_told && enough ? 0 : 1;
}

}  // namespace
}  // namespace chancery::sim

int main(int argc, char** argv) {
  return chancery::sim::main(argc, argv);
}
