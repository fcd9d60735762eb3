// How long things took, as a histogram in microseconds that keeps the tail: each doubling is parted
// into 128 buckets, so that a percentile is at most 1 % above what was measured and never below it.
//
// Values from 0 to 2^40 (12 days); what is longer counts as that. 29 KiB each. One thread; merge()
// those of several.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chancery::cli::bench {

class Histogram {
 public:
  static constexpr std::uint64_t kValueMax = 1ULL << 40U;

  Histogram();

  void record(std::uint64_t micros, std::uint64_t count = 1);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  // The value that `part` (0.99) of what was recorded does not exceed; 0 where nothing was.
  [[nodiscard]] std::uint64_t percentile(double part) const;

 private:
  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t highest_in(std::size_t bucket);

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace chancery::cli::bench
