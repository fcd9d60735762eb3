// A failed system call as an Error: what, where, and the system's own words. For io/os only.

#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "core/base/result.h"

namespace chancery::os {

[[nodiscard]] inline std::unexpected<Error> system_failure(std::string_view call,
                                                           const std::string& where,
                                                           int number = errno) {
  ErrorCode code = ErrorCode::kIo;
  std::string words = std::generic_category().message(number);
  if (number == ENOENT) {
    code = ErrorCode::kFileMissing;
  } else if (number == EEXIST) {
    code = ErrorCode::kExists;
  } else if (number == ENOSPC || number == EDQUOT) {
    code = ErrorCode::kDiskFull;
    words = "disk full";
  }
  return fail(code, std::string(call) + " " + where + ": " + words);
}

}  // namespace chancery::os
