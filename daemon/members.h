// Who takes part, in `status --json` of hub and node.

#pragma once

#include "core/exchange/directory.h"
#include "io/text/json.h"

namespace chancery::daemon {

// Of the newest head at quorum; zeroes before the first.
[[nodiscard]] inline text::Json cosigned_json(std::uint64_t size, std::uint64_t time_s) {
  return {{"size", size}, {"time_ms", time_s * 1000}};
}

[[nodiscard]] inline text::Json members_json(const exchange::Directory& directory) {
  text::Json members = text::Json::array();
  for (const v1::Member& member : directory.roster().members()) {
    members.push_back({{"code", member.code()},
                       {"name", member.name()},
                       {"nodes", directory.active_nodes_of(member.code()).size()}});
  }
  return members;
}

}  // namespace chancery::daemon
