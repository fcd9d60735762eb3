// What became of a call, as a word that a failed test prints: "good", or the name of the error.

#pragma once

#include <string>

#include "core/base/result.h"

namespace chancery::test {

template <class T>
[[nodiscard]] std::string outcome(const Result<T>& result) {
  return result.has_value() ? "good" : std::string(error_info(result.error().code).name);
}

}  // namespace chancery::test
