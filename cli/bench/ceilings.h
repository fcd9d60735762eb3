// What this machine can do at most of what a notice needs, each alone and on one core: beside a
// rate, they say what is left to win. Measured in the same run, before the load.
//
// Blocks for some two seconds. The loopback has a thread of its own meanwhile.

#pragma once

#include <functional>
#include <string>

#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::cli::bench {

struct Ceilings {
  double fdatasync_per_s = 0;   // Of 4 KiB that are appended.
  double append_mib_per_s = 0;  // In pieces of 1 MiB, durable at the end.
  double commit_per_s = 0;      // SQLite as the stores have it, with a row of 1 KiB.
  double sign_per_s = 0;        // Ed25519
  double verify_per_s = 0;
  double sha256_mib_per_s = 0;                  // In pieces of 1 KiB.
  double round_trip_per_s = 0;                  // 64 bytes over TCP on 127.0.0.1, and back.
  [[nodiscard]] double lone_notice_us() const;  // Two of each: commit, sign, verify, round trip.
};

// Writes in the folder, which has to be there, and takes away what it wrote. `check` is asked
// between two of them: its error ends it.
[[nodiscard]] Result<Ceilings> measure_ceilings(const std::string& folder,
                                                const std::function<Result<void>()>& check);
[[nodiscard]] text::Json to_json(const Ceilings& ceilings);

}  // namespace chancery::cli::bench
