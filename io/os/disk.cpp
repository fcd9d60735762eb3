#include "io/os/disk.h"

#include <sys/statvfs.h>

#include "io/os/failure.h"

namespace chancery::os {

Result<std::uint64_t> free_bytes(const std::string& folder) {
  struct statvfs said{};
  if (statvfs(folder.c_str(), &said) != 0) {
    return system_failure("statvfs", folder);
  }
  return std::uint64_t{said.f_bavail} * said.f_frsize;
}

}  // namespace chancery::os
