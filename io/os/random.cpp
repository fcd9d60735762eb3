#include "io/os/random.h"

#include <sys/random.h>

#include <cerrno>

#include "core/base/result.h"

namespace chancery::os {

void fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    CHANCERY_CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill_random({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace chancery::os
