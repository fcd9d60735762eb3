// What should have come by now, by precedence: the oldest of each sort that waits, and for how long
// it may. Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/exchange/lane.h"

namespace chancery::node {

struct OverdueLimits {
  exchange::PerLane<std::chrono::seconds> logged{.patient = std::chrono::minutes(10),
                                                 .urgent = std::chrono::seconds(30)};
  exchange::PerLane<std::chrono::seconds> delivered{.patient = std::chrono::hours(24),
                                                    .urgent = std::chrono::minutes(2)};
  // After the log grew, and after the newest cosignature of a quorum.
  std::chrono::seconds cosigned_growth{60};
  std::chrono::seconds cosigned_idle{600};

  bool operator==(const OverdueLimits&) const = default;
};

// The oldest that waits; since 0 where nothing does.
struct Oldest {
  std::uint64_t since_ms = 0;
  exchange::Lane lane = exchange::Lane::kPatient;
  std::string name;  // Of the notice: its N in digits.
};

struct Overdue {
  std::string what;  // "logged", "delivered" or "cosigned".
  std::string peer;  // Of delivered: to whom.
  exchange::Lane lane = exchange::Lane::kPatient;
  std::uint64_t since_ms = 0;  // By the clock of the node.
  std::string detail;

  // The same thing at another look.
  [[nodiscard]] bool is_same(const Overdue& other) const {
    return what == other.what && peer == other.peer && lane == other.lane;
  }
};

[[nodiscard]] inline bool is_over(std::uint64_t since_ms, std::chrono::seconds limit,
                                  std::uint64_t now_ms) {
  const auto limit_ms = static_cast<std::uint64_t>(std::chrono::milliseconds(limit).count());
  return since_ms != 0 && now_ms > since_ms + limit_ms;
}

}  // namespace chancery::node
