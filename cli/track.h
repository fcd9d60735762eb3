// `chancery track`: how far a notice has come, stage by stage.

#pragma once

#include <string>

#include "cli/shared.h"

namespace chancery::cli {

struct TrackOptions {
  std::string name;  // As for `show`.
  bool watch = false;
  std::string timeout = "1h";
};

[[nodiscard]] Result<int> run_track(const TrackOptions& options, const Shared& shared);

}  // namespace chancery::cli
