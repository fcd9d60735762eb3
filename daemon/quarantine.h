// What `status` says of records that fail their hash.

#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "core/exchange/damage.h"
#include "io/text/json.h"

namespace chancery::daemon {

inline constexpr std::size_t kQuarantineShownMax = 100;

[[nodiscard]] inline text::Json quarantine_json(std::span<const exchange::Damage> damages) {
  text::Json records = text::Json::array();
  for (const exchange::Damage& damage :
       damages.first(std::min(damages.size(), kQuarantineShownMax))) {
    records.push_back({{"part", damage.part},
                       {"index", damage.index},
                       {"code", error_info(damage.error.code).name},
                       {"detail", damage.error.detail}});
  }
  return {{"count", damages.size()}, {"records", std::move(records)}};
}

}  // namespace chancery::daemon
