// `chancery draft KIND`: a notice to fill in, as JSON that `chancery publish --file` reads. What
// its fields take stands in a key that publishing passes over.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/render.h"
#include "cli/shared.h"
#include "core/exchange/kind_rules.h"
#include "io/text/json.h"

namespace chancery::cli {

struct DraftOptions {
  std::string kind;
  std::string language = "en";  // Of the notice, and of what is said of its fields: en or ru.
};

// What to fill in, and every field of the kind, empty: lists that must not be, with one empty
// element. It is refused as it is, and publishable once what is required is filled in.
[[nodiscard]] text::Json draft_template(const exchange::KindRules& rules, Language language);

// What to fill in, a line each.
[[nodiscard]] std::vector<std::string> draft_guide(const exchange::KindRules& rules,
                                                   Language language);

[[nodiscard]] Result<int> run_draft(const DraftOptions& options, const Shared& shared);

}  // namespace chancery::cli
