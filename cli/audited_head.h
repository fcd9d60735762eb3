// The head of a log that was audited last, in the auditor's own place: what is audited later must
// extend it.
//
// A file for each exchange, by its genesis: $XDG_STATE_HOME/chancery/audited/<genesis>, or the same
// under ~/.local/state. It holds the checkpoint as it was found, so that it is evidence where a log
// does not extend it.

#pragma once

#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/checkpoint.h"

namespace chancery::cli {

struct AuditedHead {
  std::string path;
  std::string note;
  ledger::Checkpoint checkpoint;
};

// kNotFound where there is no place for them.
[[nodiscard]] Result<std::string> audited_path(const Hash& genesis);
// Nothing where none was audited yet; kMalformed, kBadCheckpoint where the file is none.
[[nodiscard]] Result<std::optional<AuditedHead>> read_audited(const std::string& path);
// Durable when it returns.
[[nodiscard]] Result<void> write_audited(const std::string& path, const std::string& note);
// kUnavailable where a log of `size` ends before the head: whether it extends it cannot be told.
[[nodiscard]] Result<void> check_reaches(const AuditedHead& head, std::uint64_t size);
// kForeignLog where a log has another root at the size of the head.
[[nodiscard]] Result<void> check_same(const AuditedHead& head, const Hash& root);

}  // namespace chancery::cli
