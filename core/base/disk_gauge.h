// How much room a disk has, in the levels at which a daemon changes what it takes.
//
// Its owner measures the free bytes before it writes, and says when a write found no room in spite
// of that (a quota, another process that was faster). A level is entered at its mark and left an
// eighth above it, so that it does not flap; after a failed write the disk counts as full for some
// seconds, whatever is measured, and the next write is the trial. Nothing was measured yet: ample.
// Pure. See docs/decisions/0021-full-is-not-failing.md.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"

namespace chancery {

enum class DiskLevel : std::uint8_t {
  kAmple,
  kWarning,     // People are told.
  kUrgentOnly,  // Urgent notices are taken, others refused for now.
  kFull,        // Nothing is taken.
};

// "ample", "warning", "urgent-only", "full".
[[nodiscard]] std::string_view disk_level_word(DiskLevel level);

// Free bytes below which each level begins. Each mark is above the next.
struct DiskMarks {
  std::uint64_t warn_free_bytes = 1ULL << 30U;
  std::uint64_t routine_free_bytes = 512ULL << 20U;
  std::uint64_t urgent_free_bytes = 128ULL << 20U;

  bool operator==(const DiskMarks&) const = default;
};

class DiskGauge {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit DiskGauge(const DiskMarks& marks) : marks_(marks) {}

  // In force with the next measurement.
  void set_marks(const DiskMarks& marks) { marks_ = marks; }
  void measured(std::uint64_t free_bytes, Time now);
  void write_failed(Time now);

  // kDiskLow or kDiskFull where what is to be stored has no room.
  [[nodiscard]] Result<void> admit(bool urgent) const;

  [[nodiscard]] DiskLevel level() const { return full_until_ ? DiskLevel::kFull : level_; }
  [[nodiscard]] bool is_full() const { return level() == DiskLevel::kFull; }
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const { return free_bytes_; }
  [[nodiscard]] const DiskMarks& marks() const { return marks_; }

 private:
  [[nodiscard]] DiskLevel level_at(std::uint64_t free_bytes, std::uint64_t above) const;

  DiskMarks marks_;
  DiskLevel level_ = DiskLevel::kAmple;
  std::optional<std::uint64_t> free_bytes_;
  std::optional<Time> full_until_;  // After a write that failed.
};

}  // namespace chancery
