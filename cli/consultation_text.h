// Where a consultation stands, for people and as JSON (docs/reference/cli.md).

#pragma once

#include <string>

#include "chancery/v1/local.pb.h"
#include "io/text/json.h"

namespace chancery::cli {

// "agreed (final)".
[[nodiscard]] std::string conclusion_of(const v1::Consultation& shown);
// That, the terms, and each party.
[[nodiscard]] std::string describe_consultation(const v1::Consultation& shown);
[[nodiscard]] text::Json as_json(const v1::Consultation& shown);

}  // namespace chancery::cli
