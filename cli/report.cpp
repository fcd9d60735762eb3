#include "cli/report.h"

#include <iostream>

#include "cli/display.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return os::kExitUsage;
    case ErrorCode::kUnavailable:
    case ErrorCode::kUnknownOutcome:
    case ErrorCode::kInternal:
    case ErrorCode::kNoDaemon:
    case ErrorCode::kIo:
      return os::kExitUnknown;
    default:
      return os::kExitFalse;
  }
}

int exit_code_of(const client::ErrorParts& error) {
  const auto code = error_code_from_wire(error.number);
  return code ? exit_code_of(*code) : os::kExitUnknown;
}

std::string error_text(const client::ErrorParts& error) {
  std::string out = "chancery: " + harmless(error.name) + ": " + harmless(error.text);
  if (!error.detail.empty()) {
    out += " (" + harmless(error.detail) + ")";
  }
  out += "\n  remedy: " + harmless(error.remedy) + "\n";
  if (!error.notice_id.empty()) {
    out += "  notice id: " + harmless(error.notice_id) + "\n";
  }
  return out;
}

text::Json error_json(const client::ErrorParts& error) {
  text::Json out = {{"code", error.name},
                    {"text", error.text},
                    {"detail", error.detail},
                    {"remedy", error.remedy},
                    {"retryable", error.retryable}};
  if (!error.notice_id.empty()) {
    out["notice_id"] = error.notice_id;
  }
  return out;
}

int report(const client::ErrorParts& error, bool json) {
  if (json) {
    std::cerr << json_line({{"error", error_json(error)}}) << "\n";
  } else {
    std::cerr << error_text(error);
  }
  return exit_code_of(error);
}

int report(const Error& error, bool json) {
  const ErrorInfo& info = error_info(error.code);
  client::ErrorParts parts;
  parts.number = static_cast<std::uint32_t>(error.code);
  parts.name = info.name;
  parts.text = info.text;
  parts.detail = error.detail;
  parts.remedy = info.remedy;
  parts.retryable = info.retry == Retry::kRetryable;
  return report(parts, json);
}

}  // namespace chancery::cli
