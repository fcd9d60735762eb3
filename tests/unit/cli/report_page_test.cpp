#include "cli/report_page.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/plot.h"
#include "tests/support/markup.h"

namespace chancery::cli {
namespace {

ReportData full() {
  ReportData data{.name = "AM",
                  .from = "store",
                  .member = "AM",
                  .exchange = "trial",
                  .genesis = {},
                  .member_names = {{"AM", "Armenia"}, {"BY", "Belarus"}},
                  .audit = {},
                  .activity = {},
                  .faults = {}};
  data.audit.size = 1204;
  Activity& activity = data.activity;
  activity.size = 1204;
  activity.first_at_ms = 1'700'000'000'000;
  activity.last_at_ms = 1'700'000'500'000;
  activity.notices = 1100;
  activity.volume = {{{"AM", "threat.alert"}, 1000}, {{"BY", "contact"}, 100}};
  for (std::uint64_t i = 0; i < 1100; ++i) {
    activity.over_time.add(1'700'000'000'000 + i * 400, i % 10 == 0);
  }
  PeerActivity& by = activity.peers["BY"];
  by.to_peer = 1000;
  by.undelivered = 7;
  for (std::uint64_t i = 0; i < 993; ++i) {
    by.delivered_to.record(2000 + i);
  }
  by.read.record(61'000);
  data.witnesses = WitnessLag{.size = 1200,
                              .accepted_at_ms = 1'700'000'400'000,
                              .quorum = 4,
                              .at_quorum = true,
                              .witnesses = {{"AM", 1'700'000'403}, {"BY", std::nullopt}}};
  return data;
}

TEST(ReportPageTest, ThePageHasTheNumbersAndIsWellFormed) {
  const std::string page = report_page(full());
  EXPECT_EQ(test::unbalanced_markup(page), "");
  for (const std::string_view said :
       {"Verified: all 1\u00a0204 entries", "<td>1\u00a0000</td>", "AM Armenia", "threat.alert",
        "2023-11-14 22:13:20Z", "1 min 1 s", "not in this head", "<td>3</td>"}) {
    EXPECT_TRUE(page.contains(said)) << said;
  }
  EXPECT_EQ(page, report_page(full())) << "the same numbers make the same bytes";
}

TEST(ReportPageTest, NothingIsFetchedOrRun) {
  const std::string page = report_page(full());
  for (const std::string_view fetched :
       {"<script", "<link", "<img", "<iframe", "url(", "@import", "href=", "src="}) {
    EXPECT_FALSE(page.contains(fetched)) << fetched;
  }
  EXPECT_TRUE(page.contains("default-src 'none'"));
}

TEST(ReportPageTest, WhatOthersWroteIsNoMarkup) {
  const std::string hostile =
      "</title><script>alert(1)</script>&\"'\xe2\x80\xae\x1b[31m\xef\xbf\xbe\xff";
  ReportData data = full();
  data.exchange = hostile;
  data.name = hostile;
  data.member_names["BY"] = hostile;
  data.activity.volume[{hostile, hostile}] = 3;
  data.activity.peers[hostile] = data.activity.peers["BY"];
  data.activity.mismatches.push_back({.by = hostile, .about = hostile, .detail = hostile});
  data.faults.push_back({.part = hostile, .code = hostile, .detail = hostile});
  data.audit.findings.push_back({.index = 3, .error = {ErrorCode::kLeafMismatch, hostile}});
  WitnessLag lag = data.witnesses.value_or(WitnessLag{});
  lag.witnesses.push_back({.member = hostile, .time_s = 1});
  data.witnesses = lag;
  const std::string page = report_page(data);
  EXPECT_EQ(test::unbalanced_markup(page), "");
  for (const std::string_view raw : {"<script", "\x1b", "\xe2\x80\xae", "\xef\xbf\xbe", "\xff"}) {
    EXPECT_FALSE(page.contains(raw)) << raw;
  }
  EXPECT_TRUE(page.contains("&lt;script&gt;"));
  EXPECT_TRUE(page.contains("FALSE: the records do not verify"));
  EXPECT_TRUE(page.contains("not resolved"));
}

TEST(ReportPageTest, AnEmptyLogAndAHubHavePagesToo) {
  ReportData data{.name = "hub",
                  .from = "store",
                  .exchange = "",
                  .genesis = {},
                  .member_names = {},
                  .audit = {},
                  .activity = {},
                  .faults = {}};
  const std::string page = report_page(data);
  EXPECT_EQ(test::unbalanced_markup(page), "");
  EXPECT_TRUE(page.contains("No notice is held here"));
  EXPECT_FALSE(page.contains("Acknowledgement</h2>"));
  data.member = "AM";
  EXPECT_EQ(test::unbalanced_markup(report_page(data)), "");
}

TEST(ReportPageTest, LagIsFromTheEntryToTheLine) {
  const WitnessLag lag{.accepted_at_ms = 10'900, .witnesses = {}};
  EXPECT_EQ(lag.seconds({.member = "AM", .time_s = 13}), 3U);
  EXPECT_EQ(lag.seconds({.member = "AM", .time_s = 9}), 0U) << "a clock that is behind";
  EXPECT_EQ(lag.seconds({.member = "AM", .time_s = {}}), std::nullopt);
}

TEST(ReportPageTest, SpansAreReadable) {
  EXPECT_EQ(span_text(850), "850 ms");
  EXPECT_EQ(span_text(3'200), "3.2 s");
  EXPECT_EQ(span_text(5'000), "5 s");
  EXPECT_EQ(span_text(250'000), "4 min 10 s");
  EXPECT_EQ(span_text(7'500'000), "2 h 5 min");
  EXPECT_EQ(span_text(273'600'000), "3 d 4 h");
}

TEST(PlotTest, AxesBeginAtNothingAndReachTheLargest) {
  EXPECT_EQ(axis_step(0), 1U);
  EXPECT_EQ(axis_step(4), 1U);
  EXPECT_EQ(axis_step(5), 1U);
  EXPECT_EQ(axis_step(6), 2U);
  EXPECT_EQ(axis_step(23), 5U);
  EXPECT_EQ(axis_step(1'000'000), 200'000U);
  const std::string svg = columns_svg({.id = "x", .title = "t", .description = "d"},
                                      {.columns = {{.one = 7, .two = 3}}, .unit = "notices"});
  EXPECT_TRUE(svg.contains(">10</text>")) << svg;
  EXPECT_TRUE(svg.contains("height=\"112.0\"")) << "seven tenths of 160: " << svg;
  EXPECT_TRUE(svg.contains("height=\"48.0\"")) << svg;
}

TEST(PlotTest, StepsMayBeLessThanOne) {
  EXPECT_DOUBLE_EQ(fine_axis_step(0), 1);
  EXPECT_DOUBLE_EQ(fine_axis_step(0.03), 0.01);
  EXPECT_DOUBLE_EQ(fine_axis_step(0.5), 0.1);
  EXPECT_DOUBLE_EQ(fine_axis_step(23), 5);
  EXPECT_DOUBLE_EQ(fine_axis_step(1'000'000), 200'000);
}

TEST(PlotTest, ALineGoesThroughItsPointsAndBreaksAtAGap) {
  Lines plot{.lines = {{.name = "hub <1>",
                        .colour = 2,
                        .dash = Lines::Dash::kDashed,
                        .places = {0, 50, 75, 100},
                        .values = {0, 0.5, std::nullopt, 1}}},
             .across = "members",
             .unit = "ms"};
  const std::string svg = lines_svg({.id = "x", .title = "t", .description = "d"}, plot);
  // From 56 to 704 across, from 182 up to 22.
  EXPECT_TRUE(svg.contains("d=\"M56.0 182.0L380.0 102.0M704.0 22.0\"")) << svg;
  EXPECT_TRUE(svg.contains("class=\"line three dashed\"")) << svg;
  EXPECT_TRUE(svg.contains("d hub &lt;1&gt;: first 0, last 1, largest 1 ms.</desc>")) << svg;
  EXPECT_TRUE(svg.contains("hub &lt;1&gt;, at 50: 0.5 ms</title>")) << svg;
  EXPECT_TRUE(svg.contains(">0.2</text>")) << svg;
  EXPECT_TRUE(svg.contains(">members</text>")) << svg;
  EXPECT_TRUE(lines_key(plot).contains("line three dashed")) << lines_key(plot);
  plot.lines[0].places.assign(61, 1);
  plot.lines[0].values.assign(61, 1);
  EXPECT_FALSE(lines_svg({.id = "x", .title = "t", .description = "d"}, plot).contains("<circle"));
}

TEST(PlotTest, PartsStandBesideEachOtherWithTheirSum) {
  const std::string svg = stacks_svg({.id = "x", .title = "t", .description = "d"},
                                     {{.name = "a",
                                       .parts = {{.value = 30, .colour = 0, .told = "hub"},
                                                 {.value = 10.5, .colour = 5, .told = "load"}}},
                                      {.name = "b", .parts = {}}});
  EXPECT_TRUE(svg.contains("class=\"one\" x=\"168.0\"")) << svg;
  EXPECT_TRUE(svg.contains("class=\"six\" x=\"520.6\"")) << svg;
  EXPECT_TRUE(svg.contains(">40.5</text>")) << svg;
  EXPECT_TRUE(svg.contains(">0</text>")) << svg;
}

TEST(PlotTest, NumbersHaveNoMoreDigitsThanAMeasurement) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(0.0314), "0.031");
  EXPECT_EQ(number_text(9.9996), "10");
  EXPECT_EQ(number_text(11.45), "11.5");
  EXPECT_EQ(number_text(1234.5), "1\u00a0235");
  EXPECT_EQ(number_text(-1.25), "−1.25");
  EXPECT_EQ(number_text(-0.0001), "0");
}

TEST(PlotTest, NumbersAreInThrees) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1\u00a0000");
  EXPECT_EQ(grouped(1234567), "1\u00a0234\u00a0567");
}

TEST(PlotTest, ALongNameIsCutAndSaysSo) {
  const std::string svg = bars_svg({.id = "x", .title = "t", .description = "d"},
                                   {{.name = std::string(70, 'k'), .value = 5}});
  EXPECT_TRUE(svg.contains(std::string(24, 'k') + "…</text>")) << svg;
  EXPECT_TRUE(svg.contains(std::string(70, 'k') + ": 5</title>")) << "and a pointer is told all";
}

}  // namespace
}  // namespace chancery::cli
