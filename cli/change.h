// One command at a time changes a file: whoever reads it, changes it and writes it holds this lock.
//
// The lock is a file beside it, NAME.lock, which stays (io/os/file.h).

#pragma once

#include <string>

#include "core/base/result.h"
#include "io/os/file.h"

namespace chancery::cli {

// kUnavailable, naming the process that holds it, where another command changes the file.
[[nodiscard]] inline Result<os::FileLock> lock_for_change(const std::string& path) {
  Result<os::FileLock> lock = os::lock_file(path + ".lock");
  if (!lock.has_value() && lock.error().code == ErrorCode::kStoreBusy) {
    return fail(ErrorCode::kUnavailable, "another command changes it: " + lock.error().detail);
  }
  return lock;
}

}  // namespace chancery::cli
