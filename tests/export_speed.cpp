// How fast a log is exported, and an export verified: a log that is generated, of as many entries
// as are asked for, in a folder that is there afterwards.
//
//   export-speed FOLDER ENTRIES
//
// What it takes to make the leaves is measured apart. Memory is the most that the process had.

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "cli/audit_check.h"
#include "cli/audit_export.h"
#include "tests/support/generated_log.h"

namespace {

using namespace chancery;  // NOLINT(google-build-using-namespace): a program of one file.

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

long memory_mib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss / 1024;
}

template <class Work>
void measure(const char* what, std::uint64_t entries, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  work();
  const double used = cpu_seconds() - cpu;
  const double took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%-8s %8.3f s  %8.3f s of a core  %6.2f million leaves a second a core  %4ld MiB\n",
              what, took, used, static_cast<double>(entries) / used / 1e6, memory_mib());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("export-speed FOLDER ENTRIES\n", stderr);
    return EXIT_FAILURE;
  }
  const std::string folder = argv[1];
  const test::TestExchange exchange;
  const test::GeneratedLog log(exchange, {.size = std::strtoull(argv[2], nullptr, 10)});
  const auto pages = [&](bool leaves_only) {
    return [&log, leaves_only](std::uint64_t from,
                               v1::AuditPageReply&&) -> Result<v1::AuditPageReply> {
      return log.page(from, leaves_only);
    };
  };
  const cli::AuditSource source{.from = "generated",
                                .genesis = exchange.genesis(),
                                .pages = pages(false),
                                .leaves = pages(true),
                                .check = nullptr};
  measure("leaves", log.size(), [&] {
    for (std::uint64_t from = 0;;) {
      from = log.page(from, true).next_index();
      if (from == 0) {
        return;
      }
    }
  });
  measure("export", log.size(),
          [&] { static_cast<void>(test::must(cli::export_log(source, folder, false))); });
  bool good = false;
  measure("verify", log.size(), [&] {
    const cli::Pins pins{.genesis = exchange.genesis(), .log_key = std::nullopt};
    good = test::must(cli::check_export(folder, pins, false)).passed();
  });
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
