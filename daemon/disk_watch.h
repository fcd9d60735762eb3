// The disk under a daemon's store: its marks in the configuration, measured all the time, and told
// to people where its level changes.
//
//   [disk]
//   warn_free_bytes = 1073741824
//   routine_free_bytes = 536870912
//   urgent_free_bytes = 134217728
//
// What the levels mean is the gauge's (core/base/disk_gauge.h). docs/reference/config.md has the
// table.

#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/base/disk_gauge.h"
#include "core/base/result.h"
#include "daemon/options.h"
#include "io/text/json.h"
#include "io/text/toml.h"

namespace chancery::daemon {

// The defaults where there is no such table. kConfigInvalid unless each mark is above the next.
[[nodiscard]] Result<DiskMarks> read_disk_marks(text::TomlTable& root);
[[nodiscard]] std::vector<OptionRow> disk_rows();

// The row `disk` of a daemon whose configuration keeps the marks there.
template <class Config>
[[nodiscard]] constexpr Option<Config> disk_option() {
  return table_option<Config>(
      {.key = "disk", .type = "table", .needed = false, .change = Change::kReload},
      At<&Config::disk>{},
      [](const OptionSource& from, std::string_view /*key*/, const DiskMarks& /*now*/) {
        return read_disk_marks(from.table);
      },
      disk_rows);
}

class DiskWatch {
 public:
  explicit DiskWatch(const std::string& store_path);

  // Free bytes on the disk of the store, measured each kMeasureEvery; what was measured before
  // where the system does not tell.
  [[nodiscard]] std::uint64_t free_bytes();
  // One line where the level is another one than at the last call.
  void tell(const DiskGauge& gauge);

 private:
  static constexpr std::chrono::milliseconds kMeasureEvery{20};

  std::string folder_;
  std::chrono::steady_clock::time_point measure_at_{};
  std::uint64_t free_bytes_ = std::numeric_limits<std::uint64_t>::max();
  DiskLevel told_ = DiskLevel::kAmple;
};

// As in `status`.
[[nodiscard]] text::Json disk_json(const DiskGauge& gauge);

}  // namespace chancery::daemon
