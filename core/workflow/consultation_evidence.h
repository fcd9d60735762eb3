// What an evidence file shows of the consultation that its notice opens: the same fold as members
// make of their stores, of what is in the file. Protocol chapters 14 (C-215 to C-217) and 15.
//
// Pure: no file, no clock.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"
#include "core/exchange/evidence.h"
#include "core/workflow/consultation.h"

namespace chancery::workflow {

// The log as it was at a size.
struct LogHead {
  Hash root{};
  const exchange::Directory* directory = nullptr;  // Not owned.
};

// The cut that a checkpoint is; nothing where it is not of the log, or not at quorum by the
// directory at its size. `head_at` gives nothing where the log has no such size.
[[nodiscard]] Result<std::optional<Cut>> cut_of(
    std::string_view checkpoint,
    const std::function<Result<std::optional<LogHead>>(std::uint64_t size)>& head_at);

// A tally that says that its node had the text too late, and a statement of the same node, logged
// in time, that it had it: both are signed, and both are in the file. In time by the hub's clock.
struct ContradictedTally {
  std::string member;
  std::uint64_t tally_index = 0;
  exchange::SaidBy stated;
};

struct ProvenConsultation {
  std::string subject;
  std::vector<ConsultationEntry> entries;  // The opening first.
  Outcome outcome;
  std::vector<ContradictedTally> contradicted;
};

// Nothing where the notice opens none, or its text is withheld. kNotProven where a record is of
// another thread, and what keeps an entry from being read.
[[nodiscard]] Result<std::optional<ProvenConsultation>> proven_consultation(
    const exchange::EvidenceReport& report);

}  // namespace chancery::workflow
