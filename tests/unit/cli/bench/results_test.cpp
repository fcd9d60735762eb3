#include "cli/bench/results.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bench/report.h"
#include "cli/bench/results_page.h"
#include "tests/support/markup.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli::bench {
namespace {

constexpr std::string_view kHostile =
    "</title><script>alert(1)</script>&\"'\xe2\x80\xae\x1b[31m\xef\xbf\xbe";

text::Json common(const std::string& scenario) {
  return {
      {"scenario", scenario},
      {"version", "0.1.0"},
      {"versions", {{"commit", "0123456789ab"}, {"sqlite", "3.40.1"}}},
      {"machine",
       {{"processor", "Example 9"},
        {"processors", 2},
        {"memory_mib", 8000},
        {"kernel", "6.1"},
        {"system", "Debian 12"}}},
      {"durability", {{"folder", "/tmp/x"}, {"filesystem_type", "0xef53"}, {"in_memory", false}}},
      {"parameters", {{"size", 1024}, {"sealed", false}}},
      {"ceilings",
       {{"fdatasync_per_s", 1400.0}, {"commit_per_s", 1200.0}, {"lone_notice_us", 1400.0}}},
      {"compared",
       {{"delivered", 100},
        {"missing", 0},
        {"differing", 0},
        {"repeated", 0},
        {"foreign", 0},
        {"first", nullptr}}}};
}

text::Json publish() {
  text::Json json = common("publish");
  json.update({{"published_per_s", 1540.0},
               {"logged_us_p50", 11'400},
               {"hub_transport_cpu_us_per_notice", 26.0},
               {"hub_loop_cpu_us_per_notice", 137.0},
               {"recipient_cpu_us_per_notice", 112.0},
               {"sink_cpu_us_per_notice", nullptr},
               {"foreign_cores", 0.03},
               {"ratios", {{"published_to_commit", 1.28}, {"hub_written_to_append", nullptr}}}});
  return json;
}

text::Json latency() {
  text::Json json = common("latency");
  json["parameters"]["rates"] = {200, 20};
  json["rates"] = {{{"rate", 200}, {"logged_us_p50", 24'000}, {"foreign_cores", 0.61}},
                   {{"rate", 20}, {"logged_us_p50", 11'000}, {"foreign_cores", 0.0}}};
  return json;
}

text::Json soak(std::size_t windows) {
  text::Json json = common("soak");
  json["drift"] = {{{"figure", "hub_rss_mib"},
                    {"first", 20.5},
                    {"median", 20.5},
                    {"last", 19.25},
                    {"drift", -1.25}}};
  json["series"] = text::Json::array();
  for (std::size_t i = 0; i < windows; ++i) {
    json["series"].push_back(
        {{"until_s", i + 1}, {"hub_rss_mib", i % 2 == 0 ? text::Json(20.5) : text::Json()}});
  }
  return json;
}

text::Json audit() {
  text::Json json = common("audit");
  json["commands"] = {{{"command", "verify_hub_store"}, {"entries_per_cpu_s", 60'000.0}}};
  return json;
}

std::string page_of(const std::vector<text::Json>& results) {
  std::vector<BenchResult> all;
  for (const text::Json& json : results) {
    Result<BenchResult> result =
        parse_result("folder/r" + std::to_string(all.size() + 1) + ".json", text::dump(json));
    EXPECT_TRUE(result.has_value()) << result.error().to_string();
    if (result.has_value()) {
      all.push_back(std::move(*result));
    }
  }
  return results_page(all);
}

std::string refusal_of(const text::Json& json) {
  const Result<BenchResult> result = parse_result("r.json", text::dump(json));
  return result.has_value() ? "" : result.error().to_string();
}

void expect_says(const std::string& page, const std::vector<std::string>& wanted) {
  for (const std::string& said : wanted) {
    EXPECT_TRUE(page.contains(said)) << said;
  }
}

TEST(ResultsTest, WhatIsNoResultIsRefusedAndSaysWhatIs) {
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"{", "malformed"},
           {"[]", "is a list"},
           {"{}", "has no `scenario`"},
           {R"({"scenario": 7})", "has in `scenario` a number, and not text"},
           {R"({"scenario": "publsh"})", "did you mean 'publish'?"}}) {
    const Result<BenchResult> result = parse_result("some.json", text);
    ASSERT_FALSE(result.has_value()) << text;
    const std::string error = result.error().to_string();
    EXPECT_TRUE(error.contains("some.json")) << error;
    EXPECT_TRUE(error.contains(said)) << error;
    EXPECT_TRUE(error.contains("chancery bench SCENARIO --json")) << error;
  }
}

// Every field that is read, one after the other.
TEST(ResultsTest, AFieldOfAnotherTypeIsNamed) {
  std::size_t fields = 0;
  for (const text::Json& good : {publish(), latency(), soak(2), audit()}) {
    ASSERT_EQ(refusal_of(good), "");
    const text::Json flat = good.flatten();
    for (const auto& [place, value] : flat.items()) {
      for (const bool as_object : {false, true}) {
        text::Json bad = good;
        bad[text::Json::json_pointer(place)] =
            as_object ? text::Json::object() : text::Json::array({true});
        const std::string error = refusal_of(bad);
        const std::string name = place.substr(place.rfind('/') + 1);
        EXPECT_TRUE(error.contains("malformed")) << place << ": " << error;
        EXPECT_TRUE(place.starts_with("/parameters/rates") || error.contains(name))
            << place << ": " << error;
        EXPECT_TRUE(error.contains("r.json")) << error;
        EXPECT_TRUE(error.contains("chancery bench")) << error;
        ++fields;
      }
    }
  }
  EXPECT_GT(fields, 200U);
}

TEST(ResultsTest, NothingStandsForWhatHasToBeThere) {
  for (const char* const place :
       {"/version", "/machine/processors", "/durability/in_memory", "/compared/missing",
        "/parameters/size", "/rates/0/rate", "/ceilings", "/rates"}) {
    text::Json bad = latency();
    bad[text::Json::json_pointer(place)] = nullptr;
    EXPECT_TRUE(refusal_of(bad).contains(" null, and not ")) << place << ": " << refusal_of(bad);
  }
  for (const char* const name :
       {"version", "machine", "durability", "parameters", "ceilings", "compared", "rates"}) {
    text::Json bad = latency();
    bad.erase(name);
    EXPECT_TRUE(refusal_of(bad).contains("has no `" + std::string(name) + "`")) << refusal_of(bad);
  }
}

// A field that only one of them tells is named, whichever comes first.
TEST(ResultsPageTest, WhatOneResultTellsAloneIsADifference) {
  text::Json newer = publish();
  newer["parameters"]["signatures"] = "single";
  const text::Json older = publish();
  for (const auto& [first, second] : {std::pair(older, newer), std::pair(newer, older)}) {
    const std::string page = page_of({first, second});
    EXPECT_TRUE(page.contains("They differ in: signatures.")) << page.size();
  }
}

TEST(ResultsTest, SizesAreBounded) {
  EXPECT_EQ(refusal_of(soak(kResultRowsMax)), "");
  EXPECT_TRUE(refusal_of(soak(kResultRowsMax + 1)).contains("limit-exceeded"));
  text::Json json = publish();
  json["version"] = std::string(kResultTextMax + 1, 'v');
  EXPECT_TRUE(refusal_of(json).contains("limit-exceeded"));
  json = publish();
  json["published_per_s"] = 1e300;
  EXPECT_TRUE(refusal_of(json).contains("`published_per_s` is beyond"));
  json["published_per_s"] = -1;
  EXPECT_TRUE(refusal_of(json).contains("`published_per_s` is beyond"));
  EXPECT_TRUE(parse_result("deep", std::string(20, '[')).error().to_string().contains("deep"));
}

TEST(ResultsPageTest, OneResultHasItsFiguresPlotsAndMachine) {
  const std::string page = page_of({publish()});
  EXPECT_EQ(test::unbalanced_markup(page), "");
  expect_says(page,
              {"All notices arrived once", "folder/r1.json", "2 × Example 9", "<h2>publish</h2>",
               "until logged, p50, ms</th><td>11.4</td>", "hub: transport: 26 µs",
               "node of one recipient", "logged, to commits, ×</th><td>1.28</td>",
               "fdatasync of 4 KiB</th><td>1\u00a0400</td>", "--size", "default-src 'none'"});
  EXPECT_FALSE(page.contains("sink, for all recipients")) << "it was not measured";
  EXPECT_FALSE(page.contains("Others kept up to"));
  EXPECT_EQ(page, page_of({publish()})) << "the same results make the same bytes";
}

TEST(ResultsPageTest, TwoResultsStandSideBySideAndAreCompared) {
  text::Json other = publish();
  other["published_per_s"] = 770.0;
  other["version"] = "0.2.0";
  other["parameters"]["sealed"] = true;
  other["durability"]["folder"] = "/tmp/y";
  other["foreign_cores"] = 0.5;
  const std::string page = page_of({publish(), other});
  EXPECT_EQ(test::unbalanced_markup(page), "");
  expect_says(page, {"logged a second</th><td>1\u00a0540</td><td>770 (×0.5)</td>",
                     "They differ in: version, sealed.", ">r1</th>", ">r2</th>",
                     "Others kept up to 0.5 processors busy meanwhile (r2)."});
}

TEST(ResultsPageTest, LinesAreByRateWhateverTheOrder) {
  const std::string page = page_of({latency(), latency()});
  EXPECT_EQ(test::unbalanced_markup(page), "");
  expect_says(page, {"r1, p50: first 11, last 24, largest 24 ms.", "r2, p50, at 200: 24 ms",
                     "<caption>At 20 notices a second</caption>", "class=\"line two\"",
                     "Others kept up to 0.61"});
  EXPECT_FALSE(page.contains("p99, at")) << "it was not measured";
}

TEST(ResultsPageTest, ASoakHasItsWindowsItsGapsAndItsDrift) {
  const std::string page = page_of({soak(12)});
  EXPECT_EQ(test::unbalanced_markup(page), "");
  expect_says(page,
              {"memory of the hub, MiB</th><td>20.5</td><td>20.5</td><td>19.3</td><td>−1.25</td>",
               "<summary>The numbers</summary>", "hub, at 11: 20.5 MiB", "<td>–</td>"});
  EXPECT_EQ(test::unbalanced_markup(page_of({soak(0)})), "") << "none at all";
}

TEST(ResultsPageTest, WhatIsMissingIsSaidFirst) {
  text::Json wrong = publish();
  wrong["compared"]["missing"] = 3;
  wrong["compared"]["first"] = std::string(kHostile);
  wrong["durability"]["in_memory"] = true;
  const std::string page = page_of({publish(), wrong});
  expect_says(page, {"WRONG: notices are missing or differ", "<td>3</td>",
                     "Measured in memory: nothing was durable (r2).", "&lt;script&gt;alert(1)"});
}

TEST(ResultsPageTest, WhatFilesSayIsNoMarkup) {
  std::vector<text::Json> hostile;
  for (text::Json json : {publish(), latency(), soak(2), audit()}) {
    const text::Json flat = json.flatten();
    for (const auto& [place, value] : flat.items()) {
      if (value.is_string() && place != "/scenario") {
        json[text::Json::json_pointer(place)] = std::string(kHostile);
      }
    }
    json["parameters"][std::string(kHostile)] = std::string(kHostile);
    json["compared"]["first"] = std::string(kHostile);
    json["compared"]["foreign"] = 1;
    hostile.push_back(json);
    hostile.push_back(json);
    hostile.back()["parameters"]["size"] = 7;
  }
  std::vector<BenchResult> results;
  for (const text::Json& json : hostile) {
    Result<BenchResult> result =
        parse_result(std::string(kHostile) + std::to_string(results.size()), text::dump(json));
    ASSERT_TRUE(result.has_value()) << result.error().to_string();
    results.push_back(std::move(*result));
  }
  const std::string page = results_page(results);
  EXPECT_EQ(test::unbalanced_markup(page), "");
  for (const std::string_view raw :
       {"<script", "\x1b", "\xe2\x80\xae", "\xef\xbf\xbe", "href=", "src="}) {
    EXPECT_FALSE(page.contains(raw)) << raw;
  }
}

class BenchReportTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const text::Json& json) {
    std::ofstream((folder_ / name)) << text::dump(json) << "\n";
    return (folder_ / name);
  }
  [[nodiscard]] std::string refusal(const std::vector<std::string>& results) const {
    const Result<int> done = run_bench_report({.results = results, .output = page()}, {});
    EXPECT_FALSE(!done.has_value() && std::filesystem::exists(page())) << "nothing is written";
    return done.has_value() ? "" : done.error().to_string();
  }
  [[nodiscard]] std::string page() const { return (folder_ / "page.html"); }

  os::TemporaryFolder folder_;
};

TEST_F(BenchReportTest, WritesAPageOnce) {
  const std::string result = write("publish.json", publish());
  EXPECT_EQ(refusal({result}), "");
  EXPECT_TRUE(std::filesystem::exists(page()));
  const Result<int> again = run_bench_report({.results = {result}, .output = page()}, {});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kExists);
}

TEST_F(BenchReportTest, NothingIsWrittenOfWhatIsNotThereTooMuchOrTooLong) {
  const std::string result = write("publish.json", publish());
  const std::string missing = refusal({result, (folder_ / "none.json")});
  EXPECT_TRUE(missing.contains("file-missing")) << missing;
  EXPECT_TRUE(missing.contains("none.json")) << missing;
  EXPECT_TRUE(missing.contains("chancery bench SCENARIO --json")) << missing;
  EXPECT_TRUE(refusal(std::vector(kResultsMax + 1, result)).contains("more than 6 results"));
  std::ofstream((folder_ / "long.json")) << std::string(kResultBytesMax + 1, ' ');
  EXPECT_TRUE(refusal({(folder_ / "long.json")}).contains("limit-exceeded"));
}

}  // namespace
}  // namespace chancery::cli::bench
