#include "client/src/errors.h"

#include <algorithm>
#include <string>

namespace chancery::client {
namespace {

constexpr std::uint64_t kRetryAfterMsMax = 3'600'000;  // An hour: more is not meant.

}  // namespace

ErrorParts parts_of(const chancery::Error& error) {
  const ErrorInfo& info = error_info(error.code);
  ErrorParts parts;
  parts.number = static_cast<std::uint32_t>(error.code);
  parts.name = info.name;
  parts.text = info.text;
  parts.detail = error.detail;
  parts.remedy = info.remedy;
  parts.retryable = info.retry == Retry::kRetryable;
  return parts;
}

ErrorParts parts_of(const v1::ErrorReply& reply) {
  ErrorParts parts;
  if (const auto code = error_code_from_wire(reply.code())) {
    parts = parts_of(chancery::Error{*code, reply.text()});
  } else {
    parts.number = reply.code();
    parts.name = "error-" + std::to_string(reply.code());
    parts.text = "The node reports an error that this library is too old to know.";
    parts.detail = reply.text();
    parts.remedy = "Upgrade this program to the version of the node.";
  }
  parts.retry_after = std::chrono::milliseconds(
      static_cast<std::int64_t>(std::min(reply.retry_after_ms(), kRetryAfterMsMax)));
  return parts;
}

}  // namespace chancery::client
