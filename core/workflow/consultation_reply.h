// Where a consultation stands, as a node tells it and a command shows it
// (proto/chancery/v1/local.proto).

#pragma once

#include <span>
#include <string>

#include "chancery/v1/local.pb.h"
#include "core/workflow/consultation.h"

namespace chancery::workflow {

// `outcome` is what the entries come to, the opening first.
[[nodiscard]] v1::Consultation as_reply(std::span<const ConsultationEntry> entries,
                                        const Outcome& outcome, const std::string& subject);

}  // namespace chancery::workflow
