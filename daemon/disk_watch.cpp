#include "daemon/disk_watch.h"

#include <array>
#include <filesystem>
#include <optional>

#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/disk.h"

namespace chancery::daemon {
namespace {

constexpr std::array kOptions = {
    option<DiskMarks>({.key = "warn_free_bytes",
                       .type = "number",
                       .meaning = "below it a warning",
                       .needed = false},
                      At<&DiskMarks::warn_free_bytes>{}, ReadCount<>{}),
    option<DiskMarks>({.key = "routine_free_bytes",
                       .type = "number",
                       .meaning = "below it notices below immediate are refused for now",
                       .needed = false},
                      At<&DiskMarks::routine_free_bytes>{}, ReadCount<>{}),
    option<DiskMarks>({.key = "urgent_free_bytes",
                       .type = "number",
                       .meaning = "below it everything is refused for now",
                       .needed = false},
                      At<&DiskMarks::urgent_free_bytes>{}, ReadCount<>{})};

}  // namespace

std::vector<OptionRow> disk_rows() {
  return option_rows<DiskMarks>(kOptions);
}

Result<DiskMarks> read_disk_marks(text::TomlTable& root) {
  DiskMarks marks;
  CHANCERY_TRY(std::optional<text::TomlTable> disk, root.table_if("disk"));
  if (!disk.has_value()) {
    return marks;
  }
  CHANCERY_TRY_VOID(read_options<DiskMarks>(kOptions, {.table = *disk}, marks));
  if (marks.urgent_free_bytes >= marks.routine_free_bytes) {
    return disk->fail_at("routine_free_bytes", "it is above urgent_free_bytes");
  }
  if (marks.routine_free_bytes >= marks.warn_free_bytes) {
    return disk->fail_at("warn_free_bytes", "it is above routine_free_bytes");
  }
  return marks;
}

DiskWatch::DiskWatch(const std::string& store_path)
    : folder_(std::filesystem::path(store_path).parent_path().string()) {}

std::uint64_t DiskWatch::free_bytes() {
  const std::chrono::steady_clock::time_point now = os::steady_now();
  if (now >= measure_at_) {
    measure_at_ = now + kMeasureEvery;
    free_bytes_ = os::free_bytes(folder_).value_or(free_bytes_);
  }
  return free_bytes_;
}

void DiskWatch::tell(const DiskGauge& gauge) {
  const DiskLevel level = gauge.level();
  if (level == told_) {
    return;
  }
  told_ = level;
  if (level == DiskLevel::kAmple) {
    log::info("disk",
              {{"allows", disk_level_word(level)}, {"free_bytes", gauge.free_bytes().value_or(0)}});
    return;
  }
  log::log(level == DiskLevel::kWarning ? log::Level::kWarn : log::Level::kError, "disk",
           {{"allows", disk_level_word(level)},
            {"free_bytes", gauge.free_bytes().value_or(0)},
            {"folder", folder_},
            {"remedy", error_info(ErrorCode::kDiskLow).remedy}});
}

text::Json disk_json(const DiskGauge& gauge) {
  return {{"level", disk_level_word(gauge.level())},
          {"free_bytes", gauge.free_bytes().value_or(0)},
          {"warn_free_bytes", gauge.marks().warn_free_bytes},
          {"routine_free_bytes", gauge.marks().routine_free_bytes},
          {"urgent_free_bytes", gauge.marks().urgent_free_bytes}};
}

}  // namespace chancery::daemon
