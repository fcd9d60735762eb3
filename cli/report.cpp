#include "cli/report.h"

#include <iostream>

#include "cli/display.h"
#include "client/src/answer_json.h"
#include "client/src/errors.h"
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

int report(const client::ErrorParts& error, bool json) {
  if (json) {
    std::cerr << json_line({{"error", client::error_json(error)}}) << "\n";
  } else {
    std::cerr << error_text(error);
  }
  return exit_code_of(error);
}

int report(const Error& error, bool json) {
  return report(client::parts_of(error), json);
}

}  // namespace chancery::cli
