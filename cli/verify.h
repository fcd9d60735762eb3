// `chancery verify`: what an evidence file proves, judged with the genesis alone.
//
// No daemon, no network, no configuration: whoever has this program and the genesis hash from
// somewhere that they trust needs nothing else.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "cli/shared.h"
#include "core/base/result.h"
#include "core/exchange/evidence.h"
#include "core/workflow/consultation_evidence.h"
#include "io/text/json.h"

namespace chancery::cli {

struct EvidenceOptions {
  std::string file{};
  std::string genesis{};
  std::string pin{};  // SIZE:ROOT, or empty.
};

// 0 verified, 1 falsified, 2 could not tell.
[[nodiscard]] Result<int> run_verify(const EvidenceOptions& options, const Shared& shared);

struct Explained {
  exchange::EvidenceReport report;
  // What the thread in the file comes to, where it has one.
  std::optional<v1::Consultation> consultation;
  std::vector<workflow::ContradictedTally> contradicted;
};

// The errors of verify_evidence() and of workflow::proven_consultation().
[[nodiscard]] Result<Explained> explain_evidence(std::string_view bytes, const Hash& genesis,
                                                 const std::optional<exchange::LogPin>& pin = {});

// What a file proves, in plain words, and as JSON.
[[nodiscard]] std::string describe_evidence(const Explained& what);
[[nodiscard]] text::Json as_json(const Explained& what);

}  // namespace chancery::cli
