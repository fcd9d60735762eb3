// Care for secrets in memory: wiping, and comparing without telling where two values differ.
//
// Does not lock pages or hide secrets from a debugger; the daemons turn core dumps off.

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/bytes.h"

namespace chancery::crypto {

// Overwrites the text in a way that the compiler keeps, then empties it.
void wipe(std::string& secret);
void wipe(std::span<std::uint8_t> secret);

// Time depends on the lengths only. Different lengths are unequal.
[[nodiscard]] bool equal_constant_time(Bytes left, Bytes right);

// Wipes a local when its scope ends, whichever way.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string& secret) : secret_(secret) {}
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;
  WipeAtEnd(WipeAtEnd&&) = delete;
  WipeAtEnd& operator=(WipeAtEnd&&) = delete;
  ~WipeAtEnd() { wipe(secret_); }

 private:
  std::string& secret_;
};

}  // namespace chancery::crypto
