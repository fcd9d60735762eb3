// Figures as they are shown: no more digits than a measurement has. Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace chancery::cli::bench {

// Three digits after the point below 10, one below 1000, none above.
[[nodiscard]] inline double rounded(double value) {
  const double size = std::abs(value);
  const double steps = size < 10 ? 1000 : size < 1000 ? 10 : 1;
  return std::round(value * steps) / steps;
}

inline constexpr double kMicrosPerMilli = 1e3;
inline constexpr double kMicrosPerSecond = 1e6;
inline constexpr double kBytesPerMib = 1U << 20U;

[[nodiscard]] inline double mib(std::uint64_t bytes) {
  return rounded(static_cast<double>(bytes) / kBytesPerMib);
}

// 0 where it is before.
[[nodiscard]] inline std::uint64_t micros_between(std::chrono::steady_clock::time_point start,
                                                  std::chrono::steady_clock::time_point end) {
  const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
  return taken > 0 ? static_cast<std::uint64_t>(taken) : 0;
}

// 0 where there is nothing to divide by.
[[nodiscard]] inline double ratio(double value, double of) {
  return of > 0 ? value / of : 0;
}

// Of an even number of values the higher one of the two in the middle; 0 of none.
template <class Number>
[[nodiscard]] Number median(std::vector<Number> values) {
  std::ranges::sort(values);
  return values.empty() ? Number{} : values[values.size() / 2];
}

}  // namespace chancery::cli::bench
