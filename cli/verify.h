// `chancery verify`: what an evidence file proves, judged with the genesis alone.
//
// No daemon, no network, no configuration: whoever has this program and the genesis hash from
// somewhere that they trust needs nothing else.

#pragma once

#include <string>

#include "cli/shared.h"
#include "core/base/result.h"
#include "core/exchange/evidence.h"
#include "io/text/json.h"

namespace chancery::cli {

struct EvidenceOptions {
  std::string file{};
  std::string genesis{};
  std::string pin{};  // SIZE:ROOT, or empty.
};

// 0 verified, 1 falsified, 2 could not tell.
[[nodiscard]] Result<int> run_verify(const EvidenceOptions& options, const Shared& shared);

// What a file proves, in plain words, and as JSON.
[[nodiscard]] std::string describe_evidence(const exchange::EvidenceReport& report);
[[nodiscard]] text::Json as_json(const exchange::EvidenceReport& report);

}  // namespace chancery::cli
