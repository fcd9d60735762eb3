#include "core/exchange/log_follower.h"

#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/ledger/checkpoint.h"

namespace chancery::exchange {
namespace {

// The newest log key signs each checkpoint. The first one after a change of log key is signed by
// the key before as well, unless the roster says that it is lost.
Result<ledger::Checkpoint> open_signed(const std::string& note, const Directory& before,
                                       const Directory& after) {
  const std::vector<ledger::NoteKey> keys = after.log_keys();
  CHANCERY_TRY(const ledger::SignedCheckpoint opened, ledger::open_checkpoint(note, keys.back()));
  if (before.founded()) {
    const ledger::NoteKey old_key = before.log_keys().back();
    if (!(old_key == keys.back()) && !after.roster().hub().old_key_lost()) {
      CHANCERY_TRY_VOID(ledger::open_checkpoint(note, old_key));
    }
  }
  return opened.checkpoint;
}

}  // namespace

Result<FollowedBatch> LogFollower::follow(const v1::LogBatch& batch, RootCache& cache) {
  if (batch.first_index() != size()) {
    return fail(ErrorCode::kGap, "batch at " + std::to_string(batch.first_index()) +
                                     ", expected at " + std::to_string(size()));
  }
  const std::size_t count = batch.entries().size() / Hash{}.size();
  if (count == 0 || batch.entries().size() % Hash{}.size() != 0 || count > kBatchSizeMax ||
      batch.directory().size() != Hash{}.size() || batch.type() < 1 || batch.type() > 2) {
    return fail(ErrorCode::kMalformed, "batch at " + std::to_string(size()));
  }
  if (batch.accepted_at_ms() > kUnixMsMax) {
    return fail(ErrorCode::kMalformed, "accepted_at is out of range");
  }
  if (batch.accepted_at_ms() < accepted_at_ms_) {
    return fail(ErrorCode::kMalformed, "accepted_at runs backwards at " + std::to_string(size()));
  }

  FollowedBatch followed{.first_index = size(),
                         .leaves = {},
                         .checkpoint = batch.checkpoint(),
                         .directory_entry = std::nullopt};
  const auto type = static_cast<ledger::LeafType>(batch.type());
  if (type == ledger::LeafType::kNotice && !batch.directory_entry().empty()) {
    return fail(ErrorCode::kMalformed, "a batch of notices with a directory entry");
  }
  std::optional<Directory> changed;  // A copy only where there is something to change.
  if (type == ledger::LeafType::kDirectory) {
    CHANCERY_TRY(Envelope entry, parse_envelope(batch.directory_entry(), directory_.genesis()));
    if (count != 1 || as_view(entry.entry) != batch.entries()) {
      return fail(ErrorCode::kLeafMismatch, "directory entry at " + std::to_string(size()));
    }
    changed = directory_;
    CHANCERY_TRY_VOID(changed->apply(entry, cache));
    CHANCERY_TRY_VOID(check_continues(directory_, *changed, tree_.size(), tree_.root()));
    followed.directory_entry = std::move(entry);
  }
  const Directory& after = changed.has_value() ? *changed : directory_;
  if (!after.founded() || as_view(after.root()) != batch.directory()) {
    return fail(ErrorCode::kDirectoryMismatch,
                "at " + std::to_string(size()) + ": the leaf names " +
                    hex(as_bytes(batch.directory())) + ", the fold gives " + hex(after.root()));
  }

  ledger::CompactTree tree = tree_;
  followed.leaves.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const ledger::Leaf leaf{
        .type = type,
        .accepted_at_ms = batch.accepted_at_ms(),
        .directory = hash_from(batch.directory()),
        .entry = hash_from(std::string_view(batch.entries()).substr(i * 32, 32))};
    tree.append(ledger::leaf_hash(leaf));
    followed.leaves.push_back(leaf);
  }
  CHANCERY_TRY(const ledger::Checkpoint checkpoint,
               open_signed(batch.checkpoint(), directory_, after));
  if (checkpoint.size != tree.size() || checkpoint.root != tree.root()) {
    return fail(ErrorCode::kRootMismatch, "the hub signed size " + std::to_string(checkpoint.size) +
                                              ", the leaves make size " +
                                              std::to_string(tree.size()));
  }
  tree_ = std::move(tree);
  if (changed.has_value()) {
    directory_ = *std::move(changed);
  }
  accepted_at_ms_ = batch.accepted_at_ms();
  return followed;
}

}  // namespace chancery::exchange
