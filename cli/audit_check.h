// `chancery audit verify --export DIR`: an export read anew, down to its last byte.
//
// Nothing in the folder is believed for what it says of itself: bundles are hashed to tiles, tiles
// to the root, the root is what the checkpoint says, its signatures are of the keys that the
// directory gives, and the directory is what its leaves and the genesis are made of. So a caller
// who knows the genesis, or the log's key, knows that it is that log; without either it is known
// only that the folder is whole and signed by the key that lies in it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/audited_head.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/note.h"
#include "core/ledger/tree_check.h"

namespace chancery::cli {

// What the caller knows from elsewhere.
struct Pins {
  std::optional<Hash> genesis{};
  std::optional<ledger::NoteKey> log_key{};
};
// kUsage. `vkey` is a verifier key, or the name of a file that holds one.
[[nodiscard]] Result<Pins> read_pins(const std::string& genesis, const std::string& vkey);

struct ExportVerdict {
  Hash genesis{};
  std::string origin;
  std::string vkey;
  std::string checkpoint;  // The note.
  std::uint64_t size = 0;
  Hash root{};
  std::uint64_t directory_entries = 0;
  bool quorum_needed = false;
  bool at_quorum = false;
  std::size_t cosignatures = 0;
  std::vector<ledger::FileFinding> findings;

  [[nodiscard]] bool passed() const { return findings.empty(); }
};

// kUnavailable while an export is under way there, or was cut off; kFileMissing where no export
// is; kIo.
[[nodiscard]] Result<ExportVerdict> check_export(const std::string& folder, const Pins& pins,
                                                 bool show_progress);

// Whether an export that was found good extends a head. kUnavailable, kForeignLog.
[[nodiscard]] Result<void> check_extends(const std::string& folder, const ExportVerdict& verdict,
                                         const AuditedHead& head);

}  // namespace chancery::cli
