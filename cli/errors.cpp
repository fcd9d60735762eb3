#include "cli/errors.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>

#include "cli/display.h"
#include "cli/lookup.h"
#include "cli/report.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

std::string_view word_of(Retry retry) {
  return retry == Retry::kRetryable ? "retryable" : "final";
}

std::string number_of(const ErrorInfo& info) {
  return std::to_string(std::to_underlying(info.code));
}

text::Json info_json(const ErrorInfo& info) {
  return {{"code", info.name},
          {"number", std::to_underlying(info.code)},
          {"retryable", info.retry == Retry::kRetryable},
          {"text", info.text},
          {"remedy", info.remedy},
          {"exit_code", exit_code_of(info.code)}};
}

}  // namespace

Result<int> run_errors_list(const Shared& shared) {
  text::Json list = text::Json::array();
  for (const ErrorInfo& info : error_table()) {
    if (shared.json) {
      list.push_back(info_json(info));
    } else {
      std::cout << number_of(info) << "\t" << info.name << "\t" << word_of(info.retry) << "\t"
                << info.text << "\n";
    }
  }
  if (shared.json) {
    std::cout << json_line({{"errors", list}}) << "\n";
  }
  return os::kExitDone;
}

Result<int> run_errors_lookup(const ErrorsOptions& options, const Shared& shared) {
  const auto table = error_table();
  const auto found = std::ranges::find_if(table, [&](const ErrorInfo& info) {
    const std::string number = number_of(info);
    return options.code == info.name || options.code == number || options.code == "error-" + number;
  });
  if (found == table.end()) {
    std::set<std::string> names;
    for (const ErrorInfo& info : table) {
      names.emplace(info.name);
    }
    return fail(ErrorCode::kNotFound, not_among("error", options.code, names));
  }
  if (shared.json) {
    std::cout << json_line(info_json(*found)) << "\n";
    return os::kExitDone;
  }
  std::cout << found->name << " (" << number_of(*found) << ", " << word_of(found->retry) << ")\n"
            << "  " << found->text << "\n"
            << "  remedy: " << found->remedy << "\n"
            << "  exit code: " << exit_code_of(found->code) << "\n";
  return os::kExitDone;
}

}  // namespace chancery::cli
