// What the machine and our processes on it used, as /proc tells: the figures beside each rate.
//
// A daemon hides what /proc tells its own user only (harden_process): what is written to disk is
// known to root, and how many descriptors are open before Linux 6.2. Any thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "io/text/json.h"

namespace chancery::cli::bench {

struct Usage {
  double cpu_us = 0;            // Of all threads, of user and system.
  double transport_us = 0;      // Of these, the threads of libzmq: encryption and sockets.
  std::uint64_t rss_bytes = 0;  // Now.
  std::uint64_t rss_peak_bytes = 0;
  std::optional<std::uint64_t> open_fds;
  std::optional<std::uint64_t> written_bytes;
};

// Of a process that runs; of one that is gone nothing.
[[nodiscard]] Usage usage_of(pid_t pid);
[[nodiscard]] Usage own_usage();

// CPU time that all processors were busy since the machine started, whoever for.
[[nodiscard]] double busy_us();
// Flushes of the disk under this path since then, whoever asked; nothing where the kernel counts
// none.
[[nodiscard]] std::optional<std::uint64_t> disk_flushes(const std::string& path);

// Of a file, or of all that is in a folder; 0 where there is none.
[[nodiscard]] std::uint64_t bytes_of(const std::string& path);

// Processor, memory, kernel, system; of what is not known "unknown".
[[nodiscard]] text::Json machine();
// On what the stores of this folder lie, and whether that outlives a power cut.
[[nodiscard]] text::Json durability(const std::string& folder);

// The value of "Name: value" in the text of a file like /proc/cpuinfo, or nothing.
[[nodiscard]] std::optional<std::string> value_after(const std::string& text,
                                                     std::string_view name);

}  // namespace chancery::cli::bench
