// A hub's store with a long log in it, before anything runs: small clear notices from a member to
// another whose nodes nobody starts, so that nobody else has to take them in.
//
// Made by the code of a node (draft, stamp, batch signature) and logged by the hub's engine on its
// own store, turn by turn, as both daemons do it: only sockets are left out. `chancery audit
// verify` accepts it. One thread; the hub must not run.

#pragma once

#include <cstdint>
#include <functional>

#include "cli/bench/exchange.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

// The exchange was set up with spare members. `progress` is told after each batch.
[[nodiscard]] Result<void> prefill(Exchange& exchange, std::uint64_t count,
                                   const std::function<void(std::uint64_t done)>& progress);

}  // namespace chancery::cli::bench
