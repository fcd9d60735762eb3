#include "daemon/metrics.h"

#include <gtest/gtest.h>

#include <array>

namespace chancery::daemon {
namespace {

using enum MetricType;

text::Json json(std::string_view text) {
  const Result<text::Json> parsed = text::parse_json(text, 8);
  EXPECT_TRUE(parsed.has_value());
  return parsed.value_or(text::Json());
}

std::string open(const Metric& metric, std::string_view status) {
  const std::string all = render_metrics({.prefix = "x_", .metrics = {&metric, 1}}, json(status),
                                         MetricFormat::kOpenMetrics);
  const std::string head = "# HELP x_" + std::string(metric.name) + ' ';
  EXPECT_TRUE(all.starts_with(head)) << all;
  EXPECT_TRUE(all.ends_with("# EOF\n")) << all;
  // The samples alone.
  std::size_t at = 0;
  while (all.substr(at).starts_with("# ") && !all.substr(at).starts_with("# EOF")) {
    at = all.find('\n', at) + 1;
  }
  return all.substr(at, all.size() - at - std::string_view("# EOF\n").size());
}

TEST(Metrics, ACounterHasItsSuffixWhereTheFormatHasIt) {
  const std::array<Metric, 1> table = {
      {{.name = "taken", .type = kCounter, .help = "Taken", .where = "counters.taken"}}};
  const text::Json status = json(R"({"counters":{"taken":18446744073709551615}})");
  EXPECT_EQ(render_metrics({"x_", table}, status, MetricFormat::kOpenMetrics),
            "# HELP x_taken Taken\n"
            "# TYPE x_taken counter\n"
            "x_taken_total 18446744073709551615\n"
            "# EOF\n");
  EXPECT_EQ(render_metrics({"x_", table}, status, MetricFormat::kPrometheus),
            "# HELP x_taken_total Taken\n"
            "# TYPE x_taken_total counter\n"
            "x_taken_total 18446744073709551615\n");
}

TEST(Metrics, AnInfoIsAGaugeWhereTheFormatHasNoInfo) {
  const std::array<Metric, 1> table = {{{.name = "build",
                                         .type = kInfo,
                                         .help = "Version",
                                         .where = "version",
                                         .labels = "version",
                                         .reading = Reading::kText}}};
  const text::Json status = json(R"({"version":"1.2"})");
  EXPECT_EQ(
      render_metrics({"x_", table}, status, MetricFormat::kOpenMetrics),
      "# HELP x_build Version\n# TYPE x_build info\nx_build_info{version=\"1.2\"} 1\n# EOF\n");
  EXPECT_EQ(render_metrics({"x_", table}, status, MetricFormat::kPrometheus),
            "# HELP x_build_info Version\n# TYPE x_build_info gauge\n"
            "x_build_info{version=\"1.2\"} 1\n");
}

TEST(Metrics, AUnitIsSaidInOpenMetricsOnly) {
  const std::array<Metric, 1> table = {{{.name = "at_seconds",
                                         .help = "When",
                                         .where = "at_ms",
                                         .reading = Reading::kMilliseconds,
                                         .unit = "seconds"}}};
  const text::Json status = json(R"({"at_ms":1700000000123})");
  EXPECT_EQ(render_metrics({"x_", table}, status, MetricFormat::kOpenMetrics),
            "# HELP x_at_seconds When\n# TYPE x_at_seconds gauge\n# UNIT x_at_seconds seconds\n"
            "x_at_seconds 1700000000.123\n# EOF\n");
  EXPECT_FALSE(render_metrics({"x_", table}, status, MetricFormat::kPrometheus).contains("UNIT"));
}

TEST(Metrics, KeysAreLabels) {
  EXPECT_EQ(open({.name = "n", .help = "N", .where = "queues.*.items", .labels = "queue"},
                 R"({"queues":{"a":{"items":1},"b":{"bytes":2},"c":{"items":3}}})"),
            "x_n{queue=\"a\"} 1\nx_n{queue=\"c\"} 3\n");
}

TEST(Metrics, ListsHaveLabelsOfTheirItems) {
  EXPECT_EQ(open({.name = "n", .help = "N", .where = "nodes[].up", .labels = "member,node"},
                 R"({"nodes":[{"member":"A","node":"1","up":true},{"member":"B","up":false},
                              {"member":"C"},7]})"),
            "x_n{member=\"A\",node=\"1\"} 1\nx_n{member=\"B\",node=\"\"} 0\n");
}

TEST(Metrics, AStateHasASampleForEachWord) {
  const Metric metric{.name = "level",
                      .help = "Level",
                      .where = "level",
                      .labels = "level",
                      .reading = Reading::kState,
                      .states = "ample,full"};
  EXPECT_EQ(open(metric, R"({"level":"full"})"),
            "x_level{level=\"ample\"} 0\nx_level{level=\"full\"} 1\n");
}

TEST(Metrics, PresenceAndLengthAreNumbers) {
  const Metric alarm{
      .name = "alarm", .help = "Alarm", .where = "alarm", .reading = Reading::kPresence};
  EXPECT_EQ(open(alarm, R"({"alarm":null})"), "x_alarm 0\n");
  EXPECT_EQ(open(alarm, R"({"alarm":{"error":"x"}})"), "x_alarm 1\n");
  EXPECT_EQ(open({.name = "n", .help = "N", .where = "list", .reading = Reading::kLength},
                 R"({"list":[4,5,6]})"),
            "x_n 3\n");
}

TEST(Metrics, WhatIsNotThereHasNoSample) {
  for (const std::string_view status : {R"({})", R"({"a":null})", R"({"a":{"b":null}})",
                                        R"({"a":{"b":"text"}})", R"({"a":7})", R"([])"}) {
    EXPECT_EQ(open({.name = "n", .help = "N", .where = "a.b"}, status), "") << status;
  }
}

TEST(Metrics, AValueCannotEndItsLabel) {
  const std::string samples = open({.name = "n", .help = "N", .where = "q.*", .labels = "name"},
                                   R"({"q":{"a\"} 1\nx_alarm 1\n\\":5}})");
  EXPECT_EQ(samples, "x_n{name=\"a\\\"} 1\\nx_alarm 1\\n\\\\\"} 5\n");
}

TEST(Metrics, AScraperGetsWhatItAccepts) {
  EXPECT_EQ(metric_format("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            MetricFormat::kOpenMetrics);
  EXPECT_EQ(metric_format(""), MetricFormat::kPrometheus);
  EXPECT_EQ(metric_format("*/*"), MetricFormat::kPrometheus);
}

}  // namespace
}  // namespace chancery::daemon
