// `chancery bench soak`: a fixed rate for minutes, and whether anything grows meanwhile: memory,
// descriptors, CPU and latencies in windows of equal length.

#pragma once

#include <cstddef>
#include <cstdint>

#include "cli/bench/scenario.h"

namespace chancery::cli::bench {

inline constexpr std::size_t kSoakWindowsMax = 1000;  // Two histograms each.

struct SoakOptions {
  CommonOptions common{};
  double minutes = 0.5;
  std::uint32_t rate = 100;  // Notices a second.
  std::uint32_t every = 5;   // Seconds in a window.
};

[[nodiscard]] Result<int> run_soak(const SoakOptions& options, const Shared& shared);

// So many windows, the last one perhaps shorter. kUsage where there are too many to keep.
[[nodiscard]] Result<std::size_t> windows_of(const SoakOptions& options);

// A line for each figure of the windows: its first, median and last value, and its largest drift:
// the difference from the first that is largest either way. Null where no window has it. Pure.
[[nodiscard]] text::Json summary_of(const text::Json& windows);

}  // namespace chancery::cli::bench
