// What the system says of a disk.

#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace chancery::os {

// Bytes that a process without privileges may still write on the disk of this folder.
[[nodiscard]] Result<std::uint64_t> free_bytes(const std::string& folder);

// Whether what is written in one of these folders takes room from the other.
[[nodiscard]] Result<bool> on_one_disk(const std::string& folder, const std::string& other);

}  // namespace chancery::os
