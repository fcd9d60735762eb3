#include "core/base/disk_gauge.h"

#include <string>

namespace chancery {
namespace {

constexpr std::chrono::seconds kFullAtLeast{5};  // After a write that failed.
constexpr std::uint64_t kLeftAbove = 8;          // A level ends this part of its mark above it.

}  // namespace

std::string_view disk_level_word(DiskLevel level) {
  switch (level) {
    case DiskLevel::kAmple:
      return "ample";
    case DiskLevel::kWarning:
      return "warning";
    case DiskLevel::kUrgentOnly:
      return "urgent-only";
    case DiskLevel::kFull:
      return "full";
  }
  return "";
}

// `above` is 0 on the way down, and kLeftAbove on the way up.
DiskLevel DiskGauge::level_at(std::uint64_t free_bytes, std::uint64_t above) const {
  const auto is_below = [&](std::uint64_t mark) {
    return free_bytes < mark + (above == 0 ? 0 : mark / above);
  };
  return is_below(marks_.urgent_free_bytes)    ? DiskLevel::kFull
         : is_below(marks_.routine_free_bytes) ? DiskLevel::kUrgentOnly
         : is_below(marks_.warn_free_bytes)    ? DiskLevel::kWarning
                                               : DiskLevel::kAmple;
}

void DiskGauge::measured(std::uint64_t free_bytes, Time now) {
  free_bytes_ = free_bytes;
  if (full_until_.has_value() && now >= *full_until_) {
    full_until_.reset();
  }
  const DiskLevel down = level_at(free_bytes, 0);
  const DiskLevel up = level_at(free_bytes, kLeftAbove);
  if (down > level_) {
    level_ = down;
  } else if (up < level_) {
    level_ = up;
  }
}

void DiskGauge::write_failed(Time now) {
  full_until_ = now + kFullAtLeast;
}

Result<void> DiskGauge::admit(bool urgent) const {
  const auto detail = [&] {
    return full_until_.has_value()
               ? std::string("a write found no room")
               : std::to_string(free_bytes_.value_or(0)) + " bytes are free on the store's disk";
  };
  switch (level()) {
    case DiskLevel::kFull:
      return fail(ErrorCode::kDiskFull, detail());
    case DiskLevel::kUrgentOnly:
      return urgent ? Result<void>() : fail(ErrorCode::kDiskLow, detail());
    default:
      return {};
  }
}

}  // namespace chancery
