// A daemon's status as metrics: a table says what each is and where it stands in the JSON that
// `chancery status --json` shows, and nothing is counted a second time. docs/reference/metrics.md
// has the same table; a test compares the two.
//
// Pure: JSON in, text out.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "io/text/json.h"

namespace chancery::daemon {

enum class MetricType : std::uint8_t { kGauge, kCounter, kInfo };

// What the value at a place becomes.
enum class Reading : std::uint8_t {
  kNumber,        // As it is; true is 1, false 0.
  kMilliseconds,  // In seconds.
  kPresence,      // 1 where it is not null.
  kLength,        // Of a list.
  kState,         // A word: one sample for each of `states`, 1 for the word that it is.
  kText,          // As the value of the label; the sample is 1.
};

struct Metric {
  std::string_view name;  // Without the daemon's prefix, and without _total or _info.
  MetricType type = MetricType::kGauge;
  std::string_view help;
  // Keys with dots between them. `*` is every key of an object, whose name is the first label, and
  // `[]` every object of a list, of which the labels are texts.
  std::string_view where;
  std::string_view labels = {};  // With commas between them.
  Reading reading = Reading::kNumber;
  std::string_view unit = {};    // "bytes" or "seconds"; the name ends in it.
  std::string_view states = {};  // With commas between them.
};

struct MetricTable {
  std::string_view prefix;  // "chancery_hub_"
  std::span<const Metric> metrics;
};

enum class MetricFormat : std::uint8_t {
  kOpenMetrics,  // 1.0: application/openmetrics-text
  kPrometheus,   // The text format 0.0.4 before it, for tools that do not ask for the other.
};

// By what a scraper accepts.
[[nodiscard]] MetricFormat metric_format(std::string_view accept);
[[nodiscard]] std::string_view content_type(MetricFormat format);

// Each metric of the table has its head; what the status does not have has no sample.
[[nodiscard]] std::string render_metrics(const MetricTable& table, const text::Json& status,
                                         MetricFormat format);

}  // namespace chancery::daemon
