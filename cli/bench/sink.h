// Recipients that verify everything and store nothing: to the hub, the node of each of them.
//
// With each member's keys it says hello, gives credits as a node does, follows every batch, judges
// and opens every delivery, and its witness cosigns. It has no store, inbox or applications: of a
// notice it keeps what is compared at the end. It does not state what came, nor look at the heads
// that a quorum cosigned.
//
// A process of its own, by a verb that no help shows (`bench sink`): so its CPU and its memory are
// told from those of the load, as those of nodes are, and a sink that dies is a daemon that ended.
// On stderr: `ready` once all members are in step, `count` as notices come. At SIGTERM what came is
// written, and it ends.

#pragma once

#include <cstddef>
#include <string>

#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

struct SinkOptions {
  std::string exchange{};  // The folder of the exchange.
  std::size_t recipient_count = 0;
  std::string output{};  // A folder: a file of each recipient (received.h).
};

[[nodiscard]] Result<int> run_sink(const SinkOptions& options, const Shared& shared);

}  // namespace chancery::cli::bench
