// Randomness from the kernel: keys, nonces, identifiers.
//
// getrandom(2) blocks until the pool is seeded and then never fails; should it fail all the same,
// the process stops, since a key made without randomness is worse than none. Any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace chancery::os {

void fill_random(std::span<std::uint8_t> out);
[[nodiscard]] std::string random_bytes(std::size_t size);

}  // namespace chancery::os
