// How the command fails: what it writes to stderr, and the exit code that scripts see.
//
//   chancery: no-daemon: Nothing answers at the daemon's address. (no node answers at ipc:///…)
//     remedy: Start the daemon, or correct the address.
//
// With --json the same as {"error":{"code","text","detail","remedy","retryable"}} on one line.

#pragma once

#include "chancery/error.h"
#include "core/base/result.h"

namespace chancery::cli {

// 64 for a wrong command line, 2 where nothing is known about what was asked (no daemon, a
// time-out, a failing disk), 1 for everything else.
[[nodiscard]] int exit_code_of(ErrorCode code);
// For a number that a node sent.
[[nodiscard]] int exit_code_of(const client::ErrorParts& error);

[[nodiscard]] std::string error_text(const client::ErrorParts& error);

// Writes to stderr; gives the exit code.
int report(const client::ErrorParts& error, bool json);
int report(const Error& error, bool json);

}  // namespace chancery::cli
