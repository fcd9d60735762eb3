// The directory beside a log at rest: its entries as a file, and the leaves judged by them.
//
//   file    for each directory entry of the log, in order:
//           log index (8, big-endian) || length (4, big-endian) || Envelope
//
// Each entry hashes to its leaf, and the first one makes the genesis: so no byte of the file is
// free. With it, whoever has the leaves and the genesis knows who may sign the log's checkpoints,
// and cosign them. docs/reference/exports.md. Failures are kMalformed, kLimitExceeded, and those of
// envelope.h and directory.h. Pure.
//
// Limits: 16 MiB, 65,536 entries.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/witness_policy.h"

namespace chancery::exchange {

inline constexpr std::size_t kExportedDirectoryBytesMax = 16U << 20U;
inline constexpr std::size_t kExportedDirectoryEntriesMax = 65'536;

struct ExportedEntry {
  std::uint64_t index = 0;
  std::string envelope;  // The exact bytes.

  [[nodiscard]] bool operator==(const ExportedEntry&) const = default;
};

[[nodiscard]] std::string format_directory(const std::vector<ExportedEntry>& entries);
// Indices rise.
[[nodiscard]] Result<std::vector<ExportedEntry>> parse_directory(std::string_view bytes);

// Leaves in log order, each judged by the directory as it is there (protocol chapter 8).
class LeafFold {
 public:
  explicit LeafFold(const Hash& genesis) : directory_(genesis) {}

  // Goes on behind leaves that were judged before: entries of them, and how many leaves there were.
  [[nodiscard]] Result<void> resume(const std::vector<ExportedEntry>& entries, std::uint64_t size);
  // The next leaf is this directory entry.
  [[nodiscard]] Result<void> directory_leaf(std::string_view leaf, std::string_view envelope);
  // It is a notice.
  [[nodiscard]] Result<void> notice_leaf(std::string_view leaf);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const Directory& directory() const { return directory_; }

 private:
  Result<void> check_time(std::string_view leaf);

  Directory directory_;
  RootCache cache_;
  std::string root_;  // Of the directory, as it stands in leaves.
  std::uint64_t size_ = 0;
  std::uint64_t accepted_at_ms_ = 0;
};

[[nodiscard]] bool is_directory_leaf(std::string_view leaf);

// Who signs a log of this directory, and who cosigns it: its newest log key, and a quorum of its
// witnesses; "quorum none" where it has too few of them. Of a founded directory.
[[nodiscard]] Result<ledger::WitnessPolicy> policy_of(const Directory& directory);

// A checkpoint as it lies in an export: a line of the log's key, then of witnesses of the policy,
// in its order and one each, and nothing else.
struct ExportedCheckpoint {
  ledger::Checkpoint checkpoint;
  std::vector<ledger::Cosignature> cosignatures;
  bool quorum_needed = false;  // The policy asks for one.
  bool at_quorum = false;      // The policy is met.
};
// kBadCheckpoint.
[[nodiscard]] Result<ExportedCheckpoint> open_exported(std::string_view note,
                                                       const ledger::WitnessPolicy& policy);
// That form of a checkpoint, without the lines of others. kBadCheckpoint.
[[nodiscard]] Result<std::string> exported_form(std::string_view note,
                                                const ledger::WitnessPolicy& policy);

}  // namespace chancery::exchange
