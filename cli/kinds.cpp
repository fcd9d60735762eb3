#include "cli/kinds.h"

#include <algorithm>
#include <iostream>

#include "chancery/notice.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "client/src/answer_json.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kColumn = 24;

std::string padded(const std::string& text) {
  return text + std::string(kColumn - std::min(kColumn - 1, text.size()), ' ');
}

void print_kind(const client::Kind& kind) {
  std::cout << kind.name << ": " << kind.title << "\n";
  for (const client::KindField& field : kind.fields) {
    std::cout << "  " << padded(field.name) << field.type << "\n";
  }
}

}  // namespace

Result<int> run_kinds(const KindsOptions& options, const Shared& shared) {
  const std::vector<client::Kind> kinds = client::kinds();
  if (!options.kind.empty()) {
    const auto found = std::ranges::find(kinds, options.kind, &client::Kind::name);
    if (found == kinds.end()) {
      return fail(ErrorCode::kNotFound, require_kind(options.kind).error().detail);
    }
    if (shared.json) {
      std::cout << json_line(client::kind_json(*found)) << "\n";
    } else {
      print_kind(*found);
    }
    return os::kExitDone;
  }
  if (shared.json) {
    std::cout << json_line(client::kinds_json(kinds)) << "\n";
    return os::kExitDone;
  }
  for (const client::Kind& kind : kinds) {
    std::cout << padded(kind.name) << kind.title << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
