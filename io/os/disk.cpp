#include "io/os/disk.h"

#include <sys/stat.h>
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

Result<bool> on_one_disk(const std::string& folder, const std::string& other) {
  struct stat one{};
  struct stat two{};
  if (stat(folder.c_str(), &one) != 0) {
    return system_failure("stat", folder);
  }
  if (stat(other.c_str(), &two) != 0) {
    return system_failure("stat", other);
  }
  return one.st_dev == two.st_dev;
}

}  // namespace chancery::os
