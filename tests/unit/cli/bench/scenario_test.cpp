#include "cli/bench/scenario.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "cli/bench/fanout.h"
#include "cli/bench/machine.h"
#include "cli/bench/publish.h"
#include "cli/bench/results.h"
#include "cli/exchange_init.h"
#include "cli/profile.h"
#include "io/os/fd.h"
#include "io/os/file.h"
#include "io/os/random.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli::bench {
namespace {

TEST(BenchExchangeTest, AnExchangeOfAnySizeCanBeFounded) {
  for (const auto& [origins, recipients] :
       std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {1, 5}, {3, 2}, {2, 70}}) {
    for (const bool with_spares : {false, true}) {
      const Result<Profile> profile =
          parse_profile(profile_of(origins, recipients, with_spares), "test");
      ASSERT_TRUE(profile.has_value()) << profile.error().to_string();
      const Result<ExchangePlan> plan =
          plan_exchange(*profile, "tcp://127.0.0.1:7411", 1'700'000'000'000'000, os::random_bytes);
      ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
      EXPECT_EQ(plan->members.size(), origins + recipients + (with_spares ? 2 : 0));
    }
  }
}

TEST(CallersTest, TogetherTheyHaveTheWindowUnderWayAndNoMore) {
  for (const std::size_t window : {1UL, 2UL, 15UL, 16UL, 17UL, 31UL, 256UL, 1024UL, 16'384UL}) {
    const Callers callers = callers_for(window);
    EXPECT_GE(callers.count, 1U) << window;
    EXPECT_LE(callers.count * callers.batch, window) << window;
    EXPECT_GT(2 * callers.count * callers.batch, window) << window;
  }
  EXPECT_EQ(callers_for(1).batch, 1U);
}

Snapshot at(std::chrono::seconds time) {
  Snapshot now;
  now.at = Clock::time_point(time);
  now.origins.resize(1);
  now.recipients.resize(2);
  return now;
}

TEST(UsageTest, WhatWasUsedIsSharedByNoticesAndPartedByWhoUsedIt) {
  Snapshot before = at(std::chrono::seconds(10));
  before.hub.cpu_us = 1'000;
  before.hub.transport_us = 400;
  before.hub_stages_us = {{"verify", 100}};
  Snapshot after = at(std::chrono::seconds(12));
  after.hub_stages_us = {{"send", 3'000}, {"verify", 2'100}};
  after.hub.cpu_us = 21'000;
  after.hub.transport_us = 5'400;
  after.hub.rss_peak_bytes = 3U << 20U;
  after.recipients[0].cpu_us = 6'000;
  after.recipients[1].cpu_us = 2'000;
  after.ours_us = 1e6;
  after.busy_us = 3e6;
  after.hub_commits = 10;
  after.hub.written_bytes = 5;  // Not known before.
  const text::Json figures = usage_figures(before, after, 1'000);
  EXPECT_EQ(figures.at("hub_cpu_us_per_notice"), 20);
  EXPECT_EQ(figures.at("hub_transport_cpu_us_per_notice"), 5);
  EXPECT_EQ(figures.at("hub_loop_cpu_us_per_notice"), 15);
  EXPECT_EQ(figures.at("hub_verify_cpu_us_per_notice"), 2);
  EXPECT_EQ(figures.at("hub_send_cpu_us_per_notice"), 3) << "none of it before";
  EXPECT_EQ(figures.at("recipient_cpu_us_per_notice"), 4);
  EXPECT_EQ(figures.at("our_cores"), 0.5);
  EXPECT_EQ(figures.at("foreign_cores"), 1);
  EXPECT_EQ(figures.at("hub_rss_mib_peak"), 3);
  EXPECT_EQ(figures.at("notices_per_hub_commit"), 100);
  EXPECT_TRUE(figures.at("hub_written_bytes_per_notice").is_null());
  EXPECT_TRUE(figures.at("disk_flushes").is_null());
}

TEST(UsageTest, WhatASinkUsedIsNoNodes) {
  Snapshot before = at(std::chrono::seconds(10));
  before.recipients.clear();
  before.sink.emplace().cpu_us = 500;
  Snapshot after = before;
  Usage& sink = after.sink.emplace();
  sink.cpu_us = 2'500;
  sink.rss_peak_bytes = 2U << 20U;
  const text::Json figures = usage_figures(before, after, 1'000);
  EXPECT_EQ(figures.at("sink_cpu_us_per_notice"), 2);
  EXPECT_EQ(figures.at("sink_rss_mib_peak"), 2);
  EXPECT_TRUE(figures.at("recipient_cpu_us_per_notice").is_null());
  EXPECT_TRUE(usage_figures(at(std::chrono::seconds(1)), at(std::chrono::seconds(2)), 1)
                  .at("sink_cpu_us_per_notice")
                  .is_null());
}

TEST(SinkCountTest, ALineOfASinkSaysHowManyCame) {
  const std::string line = "2006-01-02T15:04:05.123Z INFO count least=3 all=17";
  const SinkCount count = sink_count_of(line).value_or(SinkCount{});
  EXPECT_EQ(count.least, 3U);
  EXPECT_EQ(count.all, 17U);
  EXPECT_FALSE(sink_count_of("2006-01-02T15:04:05.123Z INFO ready").has_value());
  EXPECT_FALSE(sink_count_of("2006-01-02T15:04:05.123Z WARN count least=3 all=17").has_value());
}

TEST(FanoutTest, ToManyMembersGoFewerNotices) {
  EXPECT_EQ(notices_for(50'000, 5), 10'000U);
  EXPECT_EQ(notices_for(50'000, 500), 100U);
  EXPECT_EQ(notices_for(10, 500), 20U);
}

TEST(FanoutTest, ACostIsDividedByThatOfTheSmallest) {
  const text::Json figures =
      combine_sizes({{{"members", 50}, {"hub_cpu_us_per_delivery", 10}, {"hub_rss_mib_peak", 7}},
                     {{"members", 5}, {"hub_cpu_us_per_delivery", 40}, {"hub_rss_mib_peak", 3}}});
  EXPECT_EQ(figures.at("hub_rss_mib_peak"), 7);
  ASSERT_EQ(figures.at("sizes").size(), 2U);
  EXPECT_EQ(figures.at("sizes")[0].at("cost_to_smallest"), 0.25);
  EXPECT_EQ(figures.at("sizes")[1].at("cost_to_smallest"), 1);
}

TEST(TableTest, ListsHaveColumnsAndWhatIsNotKnownADash) {
  const std::string table =
      table_of({{"scenario", "x"},
                {"rate", 7},
                {"ceilings", {{"long_name", 1}, {"none", nullptr}}},
                {"rows", {{{"a", 1}, {"bcd", 2}}, {{"a", 333}, {"bcd", 4}}}}});
  EXPECT_EQ(table,
            "chancery bench x\n"
            "  scenario  x\n"
            "  rate      7\n"
            "ceilings\n"
            "  long_name  1\n"
            "  none       -\n"
            "rows\n"
            "  a    bcd\n"
            "  1      2\n"
            "  333    4\n");
}

TEST(TableTest, FewItemsStandSideBySide) {
  const std::string table =
      table_of({{"scenario", "x"},
                {"rates", {{{"rate", 200}, {"p50", 1}, {"long_name", 2}, {"d", nullptr}}}}});
  EXPECT_EQ(table,
            "chancery bench x\n"
            "  scenario  x\n"
            "rates\n"
            "  rate       200\n"
            "  p50          1\n"
            "  long_name    2\n"
            "  d            -\n");
}

TEST(RatiosTest, WhatThereIsIsDividedByItsCeiling) {
  const Ceilings ceilings{.fdatasync_per_s = 100,
                          .append_mib_per_s = 10,
                          .commit_per_s = 50,
                          .sign_per_s = 20,
                          .verify_per_s = 10,
                          .sha256_mib_per_s = 200,
                          .round_trip_per_s = 1000};
  const text::Json published = ratios_of({{"published_per_s", 200},
                                          {"delivered_per_s", nullptr},
                                          {"hub_written_bytes_per_notice", 1 << 20},
                                          {"logged_us_p50", 513'000}},
                                         ceilings);
  EXPECT_EQ(published, (text::Json{{"published_to_fdatasync", 2},
                                   {"published_to_commit", 4},
                                   {"published_to_sign", 10},
                                   {"published_to_verify", 20},
                                   {"published_to_round_trip", 0.2},
                                   {"logged_p50_to_lone_notice", 1.5},
                                   {"hub_written_to_append", 20}}));
  EXPECT_EQ(ratios_of({{"mib_per_s", 50}, {"entries_per_s", 5}}, ceilings),
            (text::Json{{"entries_to_verify", 0.5}, {"mib_to_sha256", 0.25}}));
  EXPECT_EQ(ratios_of({{"delivered_per_s", 40}, {"drained_per_s", 10}, {"caught_up_per_s", 100}},
                      ceilings),
            (text::Json{{"delivered_to_verify", 4},
                        {"caught_up_to_commit", 2},
                        {"caught_up_to_verify", 10},
                        {"drained_to_commit", 0.2},
                        {"drained_to_verify", 1}}));
  EXPECT_TRUE(ratios_of({{"ready_us", 7}}, ceilings).empty());
}

// What is told is what can be read again, and has a label for people.
TEST(RatiosTest, EachIsKnownToReports) {
  std::set<std::string> known;
  for (const Figure& figure : ratio_figures()) {
    known.emplace(figure.name);
  }
  const text::Json all = ratios_of({{"published_per_s", 1},
                                    {"delivered_per_s", 1},
                                    {"caught_up_per_s", 1},
                                    {"drained_per_s", 1},
                                    {"entries_per_s", 1},
                                    {"mib_per_s", 1},
                                    {"logged_us_p50", 1},
                                    {"idle_logged_us_p50", 1},
                                    {"hub_written_bytes_per_notice", 1}},
                                   Ceilings{});
  std::set<std::string> told;
  for (const auto& [name, value] : all.items()) {
    told.insert(name);
  }
  EXPECT_EQ(told, known);
}

TEST(MachineTest, AValueStandsBehindTheWholeNameAndAColon) {
  const std::string text =
      "model\t: 1\nmodel name\t: A processor: new\nMemTotal:   24105 kB\nnone:\n";
  EXPECT_EQ(value_after(text, "model name"), "A processor: new");
  EXPECT_EQ(value_after(text, "model"), "1");
  EXPECT_EQ(value_after(text, "MemTotal"), "24105 kB");
  EXPECT_EQ(value_after(text, "none"), "");
  EXPECT_EQ(value_after(text, "name"), std::nullopt);
}

TEST(MachineTest, AProcessHasUsedCpuAndMemory) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(60);
  while (std::chrono::steady_clock::now() < until) {
  }
  const Usage usage = own_usage();
  EXPECT_GT(usage.cpu_us, 0);
  EXPECT_GT(usage.rss_peak_bytes, 1U << 20U);
  EXPECT_GE(busy_us(), usage.cpu_us);
  EXPECT_EQ(usage_of(0).cpu_us, 0);
}

TEST(MachineTest, AProcessHasMemoryAndDescriptorsNow) {
  const Usage before = own_usage();
  EXPECT_GT(before.rss_bytes, 1U << 20U);
  EXPECT_LE(before.rss_bytes, before.rss_peak_bytes);
  const os::Fd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(one);
  ASSERT_TRUE(before.open_fds.has_value());
  EXPECT_EQ(own_usage().open_fds, before.open_fds.value_or(0) + 1);
  EXPECT_EQ(usage_of(0).open_fds, std::nullopt);
}

TEST(MachineTest, BytesAreThoseOfAllFilesInAFolder) {
  const os::TemporaryFolder folder;
  EXPECT_EQ(bytes_of(folder.path() + "/none"), 0U);
  ASSERT_TRUE(os::make_private_folder(folder.path() + "/inner"));
  for (const std::string path : {"/one", "/inner/two"}) {
    std::ofstream(folder.path() + path) << "12345";
  }
  EXPECT_EQ(bytes_of(folder.path() + "/one"), 5U);
  EXPECT_EQ(bytes_of(folder.path()), 10U);
}

}  // namespace
}  // namespace chancery::cli::bench
