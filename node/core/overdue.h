// What should have come by now, by precedence, and for how long it may be waited for: of a notice
// only where its status is actual. Pure.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/exchange/lane.h"

namespace chancery::node {

struct OverdueLimits {
  exchange::PerLane<std::chrono::seconds> logged{.patient = std::chrono::minutes(10),
                                                 .urgent = std::chrono::seconds(30)};
  exchange::PerLane<std::chrono::seconds> delivered{.patient = std::chrono::hours(24),
                                                    .urgent = std::chrono::minutes(2)};
  // By people of a recipient for action: none where 0.
  exchange::PerLane<std::chrono::seconds> acknowledged{.patient = std::chrono::hours(72),
                                                       .urgent = std::chrono::minutes(15)};
  // After the log grew, and after the newest cosignature of a quorum.
  std::chrono::seconds cosigned_growth{60};
  std::chrono::seconds cosigned_idle{600};

  bool operator==(const OverdueLimits&) const = default;
};

// What is waited for: an Overdue is one of these.
inline constexpr std::array<std::string_view, 4> kOverdueSorts = {"logged", "delivered",
                                                                  "acknowledged", "cosigned"};

// A notice that waits for something, and since when.
struct Late {
  Hash notice{};  // N
  std::uint64_t since_ms = 0;
  std::vector<std::string> members{};  // Whose people's acknowledgement is owed.
};

// Which are looked for: those that have waited since before then, the longest first.
struct LateQuery {
  exchange::Lane lane = exchange::Lane::kPatient;
  std::uint64_t before_ms = 0;
  std::size_t count_max = 1;
  std::string_view member{};  // Where this one is waited for; empty is any.
};

struct Overdue {
  std::string what{};  // Of kOverdueSorts.
  // Of delivered: who is waited for. Of acknowledged: this member, where it is waited for, and
  // nobody where others are; the detail names them.
  std::string peer{};
  exchange::Lane lane = exchange::Lane::kPatient;
  std::uint64_t since_ms = 0;  // By the clock of the node.
  std::string detail{};
  std::vector<std::string> owing{};  // Members that are waited for.
  std::optional<Hash> notice{};      // N, where it is about one.
  std::chrono::seconds limit{0};     // How long it may be waited for.

  [[nodiscard]] std::uint64_t due_at_ms() const {
    return since_ms + static_cast<std::uint64_t>(std::chrono::milliseconds(limit).count());
  }

  // The same thing at another look.
  [[nodiscard]] bool is_same(const Overdue& other) const {
    return what == other.what && peer == other.peer && lane == other.lane;
  }
};

// What has waited since before then has waited for too long; nothing where there is no limit (0).
[[nodiscard]] inline std::optional<std::uint64_t> late_before(std::uint64_t now_ms,
                                                              std::chrono::seconds limit) {
  const auto limit_ms = static_cast<std::uint64_t>(std::chrono::milliseconds(limit).count());
  return limit_ms == 0 || now_ms < limit_ms ? std::nullopt : std::optional(now_ms - limit_ms);
}

[[nodiscard]] inline bool is_over(std::uint64_t since_ms, std::chrono::seconds limit,
                                  std::uint64_t now_ms) {
  const auto limit_ms = static_cast<std::uint64_t>(std::chrono::milliseconds(limit).count());
  return since_ms != 0 && now_ms > since_ms + limit_ms;
}

}  // namespace chancery::node
