// From core's Result to the exceptions of the public headers. Inner to client/.

#pragma once

#include <string>
#include <utility>

#include "chancery/error.h"
#include "chancery/v1/local.pb.h"
#include "core/base/result.h"

namespace chancery::client {

[[nodiscard]] ErrorParts parts_of(const chancery::Error& error);

// What a node said; a code of a newer node is kept as "error-<number>".
[[nodiscard]] ErrorParts parts_of(const v1::ErrorReply& reply);

template <class T>
T value_or_throw(Result<T> result) {
  if (!result.has_value()) {
    throw Error(parts_of(result.error()));
  }
  return *std::move(result);
}

}  // namespace chancery::client
