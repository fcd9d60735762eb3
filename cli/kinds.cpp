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

void print_fields(const std::vector<client::KindField>& fields, const std::string& indent) {
  for (const client::KindField& field : fields) {
    std::cout << indent << padded(field.name) << field.label << " / " << field.label_ru << "\n"
              << indent << padded("") << (field.required ? "required, " : "") << field.type;
    // Of a choice and of an object the type says it all.
    if (!field.type.starts_with("one of") && field.fields.empty()) {
      std::cout << ": " << field.rule;
    }
    std::cout << "\n";
    print_fields(field.fields, indent + "  ");
  }
}

void print_kind(const client::Kind& kind) {
  std::cout << kind.name << ": " << kind.title << " / " << kind.title_ru << "\n";
  print_fields(kind.fields, "  ");
  for (const std::string& rule : kind.rules) {
    std::cout << "  " << rule << "\n";
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
    std::cout << padded(kind.name) << kind.title << " / " << kind.title_ru << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
