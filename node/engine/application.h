// Who may ask what of the node's local API. Names, keys and grants come from the configuration.

#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/token_bucket.h"

namespace chancery::node {

inline constexpr std::uint64_t kApplicationRate = 100'000;

struct Application {
  std::string name;
  Hash key{};                        // CURVE public key.
  std::vector<std::string> publish;  // Patterns of kinds.
  std::vector<std::string> read;
  Rate rate{.per_second = kApplicationRate,
            .burst = 2 * kApplicationRate};  // Of notices, each lane.

  bool operator==(const Application&) const = default;
};

}  // namespace chancery::node
