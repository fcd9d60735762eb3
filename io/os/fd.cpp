#include "io/os/fd.h"

#include <unistd.h>

namespace chancery::os {

void Fd::reset() {
  const int number = std::exchange(number_, -1);
  if (number >= 0) {
    ::close(number);  // Not again on EINTR: on Linux the number is free by then.
  }
}

}  // namespace chancery::os
