// Chance for the simulation: the same seed gives the same numbers on every machine and in every
// build. splitmix64, by the constants of its public-domain definition (Steele, Lea, Flood 2014).

#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace chancery::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  // From 0 up to, and without, `end`; 0 where `end` is 0.
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : next() % end; }
  std::uint64_t between(std::uint64_t first, std::uint64_t last) {
    CHANCERY_CHECK(first <= last);
    return first + below(last - first + 1);
  }
  // True in `per_million` of a million cases.
  bool chance(std::uint64_t per_million) { return below(1'000'000) < per_million; }

  std::string bytes(std::size_t count) {
    std::string out;
    while (out.size() < count) {
      const std::uint64_t number = next();
      for (unsigned shift = 0; shift < 64 && out.size() < count; shift += 8) {
        out += static_cast<char>((number >> shift) & 0xffU);
      }
    }
    return out;
  }
  // A stream of its own, so that what one actor draws does not move the others.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace chancery::sim
