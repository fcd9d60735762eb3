// What the system says of a disk.

#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace chancery::os {

// Bytes that a process without privileges may still write on the disk of this folder.
[[nodiscard]] Result<std::uint64_t> free_bytes(const std::string& folder);

}  // namespace chancery::os
