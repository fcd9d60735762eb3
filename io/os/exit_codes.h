// What a program of ours says with its exit code; scripts may rely on it.

#pragma once

namespace chancery::os {

constexpr int kExitDone = 0;     // Done; or: what was asked is true.
constexpr int kExitFalse = 1;    // Refused; or: what was asked is false.
constexpr int kExitUnknown = 2;  // Could not tell: neither success nor failure is known.
constexpr int kExitUsage = 64;   // The command line is not right (EX_USAGE of sysexits.h).

}  // namespace chancery::os
