// Following the log: each batch is appended, folded and compared with the hub's signed checkpoint.
//
// One comparison of roots proves that the log only grew, that the directory in force is the one
// that everybody folds to, and that whatever hashes to a leaf is included. A node follows live, an
// auditor follows from the first entry; both do it here. Protocol chapter 8 (C-100 to C-119).

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {

struct FollowedBatch {
  std::uint64_t first_index = 0;
  std::vector<ledger::Leaf> leaves;
  std::string checkpoint;                   // The note, verbatim.
  std::optional<Envelope> directory_entry;  // Where the batch is one.
};

class LogFollower {
 public:
  explicit LogFollower(const Hash& genesis) : directory_(genesis) {}
  LogFollower(ledger::CompactTree tree, Directory directory, std::uint64_t accepted_at_ms)
      : tree_(std::move(tree)), directory_(std::move(directory)), accepted_at_ms_(accepted_at_ms) {}

  // Takes the batch or leaves everything as it was. kGap where it does not start at size(), then in
  // this order: kMalformed; of a directory entry what does not parse, kLeafMismatch, what makes it
  // bad; kDirectoryMismatch; kBadCheckpoint; kRootMismatch.
  [[nodiscard]] Result<FollowedBatch> follow(const v1::LogBatch& batch, RootCache& cache);

  [[nodiscard]] const ledger::CompactTree& tree() const { return tree_; }
  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }
  [[nodiscard]] const Directory& directory() const { return directory_; }
  [[nodiscard]] std::uint64_t accepted_at_ms() const { return accepted_at_ms_; }

 private:
  ledger::CompactTree tree_;
  Directory directory_;
  std::uint64_t accepted_at_ms_ = 0;
};

}  // namespace chancery::exchange
