// What a recipient that stores nothing keeps of a notice until all is compared.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

struct Received {
  std::string id;
  Hash digest{};                 // digest_of() in load.h
  std::uint64_t arrived_us = 0;  // Since 1970.

  friend bool operator==(const Received&, const Received&) = default;
};

// A file of one recipient: a line for each. kIo, kMalformed.
[[nodiscard]] Result<void> write_received(const std::string& path,
                                          const std::vector<Received>& received);
[[nodiscard]] Result<std::vector<Received>> read_received(const std::string& path);

}  // namespace chancery::cli::bench
