#include "cli/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace chancery::cli::bench {
namespace {

// Values below twice this have a bucket each; above, a doubling has this many.
constexpr std::uint64_t kPerDoubling = 128;
constexpr unsigned kPerDoublingBits = 7;

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(kValueMax) + 1) {}

std::size_t Histogram::bucket_of(std::uint64_t value) {
  const unsigned bits = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = bits > kPerDoublingBits + 1 ? bits - kPerDoublingBits - 1 : 0;
  return static_cast<std::size_t>((shift * kPerDoubling) + (value >> shift));
}

std::uint64_t Histogram::highest_in(std::size_t bucket) {
  const std::uint64_t shift = bucket < 2 * kPerDoubling ? 0 : (bucket / kPerDoubling) - 1;
  const std::uint64_t first = bucket - (shift * kPerDoubling);
  return ((first + 1) << shift) - 1;
}

void Histogram::record(std::uint64_t micros, std::uint64_t count) {
  const std::uint64_t value = std::min(micros, kValueMax);
  buckets_[bucket_of(value)] += count;
  count_ += count;
  max_ = count > 0 ? std::max(max_, value) : max_;
}

void Histogram::merge(const Histogram& other) {
  std::ranges::transform(buckets_, other.buckets_, buckets_.begin(), std::plus<>());
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double part) const {
  const auto wanted = static_cast<std::uint64_t>(
      std::ceil(std::clamp(part, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && seen >= wanted) {
      return std::min(highest_in(bucket), max_);
    }
  }
  return max_;
}

}  // namespace chancery::cli::bench
