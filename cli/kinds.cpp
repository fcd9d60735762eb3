#include "cli/kinds.h"

#include <algorithm>
#include <iostream>

#include "chancery/notice.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kColumn = 24;

std::string padded(const std::string& text) {
  return text + std::string(kColumn - std::min(kColumn - 1, text.size()), ' ');
}

text::Json kind_json(const client::Kind& kind) {
  text::Json fields = text::Json::array();
  for (const client::KindField& field : kind.fields) {
    fields.push_back({{"name", field.name}, {"type", field.type}});
  }
  return {{"kind", kind.name}, {"title", kind.title}, {"fields", fields}};
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
      std::cout << json_line(kind_json(*found)) << "\n";
    } else {
      print_kind(*found);
    }
    return os::kExitDone;
  }
  text::Json list = text::Json::array();
  for (const client::Kind& kind : kinds) {
    if (shared.json) {
      list.push_back(kind_json(kind));
    } else {
      std::cout << padded(kind.name) << kind.title << "\n";
    }
  }
  if (shared.json) {
    std::cout << json_line({{"kinds", list}}) << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
