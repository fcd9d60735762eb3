#include "core/base/result.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace chancery {
namespace {

constexpr std::array kTable = {
#define CHANCERY_ERROR(enumerator, number, name, retry, text, remedy) \
  ErrorInfo{ErrorCode::enumerator, name, Retry::retry, text, remedy},
#include "core/base/errors.def"
#undef CHANCERY_ERROR
};

}  // namespace

std::span<const ErrorInfo> error_table() {
  return kTable;
}

const ErrorInfo& error_info(ErrorCode code) {
  const auto* const found = std::ranges::find(kTable, code, &ErrorInfo::code);
  CHANCERY_CHECK(found != kTable.end());
  return *found;
}

std::optional<ErrorCode> error_code_from_wire(std::uint32_t number) {
  for (const ErrorInfo& info : kTable) {
    if (static_cast<std::uint32_t>(info.code) == number) {
      return info.code;
    }
  }
  return std::nullopt;
}

std::optional<ErrorCode> error_code_from_name(std::string_view name) {
  for (const ErrorInfo& info : kTable) {
    if (info.name == name) {
      return info.code;
    }
  }
  return std::nullopt;
}

std::string Error::to_string() const {
  std::string text(error_info(code).name);
  if (!detail.empty()) {
    text += ": " + detail;
  }
  return text;
}

void check_failed(std::string_view condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %.*s\n", file, line,
               static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace chancery
