// The mode of a file, without following a link.

#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

namespace chancery::cli {

inline unsigned mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

}  // namespace chancery::cli
