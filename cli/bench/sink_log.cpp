#include "cli/bench/sink_log.h"

#include <utility>

#include "cli/bench/load.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/seal.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kNoticesKept = 4096;

}  // namespace

Result<SinkLog::Batch> SinkLog::take(const v1::LogBatch& batch) {
  const std::string bytes = batch.SerializeAsString();
  const Hash fingerprint = crypto::sha256({as_bytes(bytes)});
  if (const auto known = batches_.find(batch.first_index()); known != batches_.end()) {
    return known->second.fingerprint == fingerprint
               ? Result<Batch>(known->second)
               : fail(ErrorCode::kForeignLog, "two members were shown two batches at " +
                                                  std::to_string(batch.first_index()));
  }
  CHANCERY_TRY(exchange::FollowedBatch followed, follower_.follow(batch, cache_));
  leaves_.insert(leaves_.end(), followed.leaves.begin(), followed.leaves.end());
  Batch taken{.fingerprint = fingerprint,
              .size = follower_.size(),
              .root = follower_.tree().root(),
              .checkpoint = std::move(followed.checkpoint)};
  roots_.emplace(taken.size, taken.root);
  batches_.emplace(followed.first_index, taken);
  return taken;
}

Result<const Received*> SinkLog::read(const exchange::Envelope& envelope, const std::string& text) {
  if (const auto known = notices_.find(envelope.notice); known != notices_.end()) {
    return &known->second;
  }
  Received received{.id = uuid_text(as_bytes(envelope.draft.notice_id())), .digest = {}};
  if (envelope.sealed()) {
    CHANCERY_TRY(const std::string unpadded, exchange::unpad_text(text));
    received.digest = digest_of(envelope.draft, unpadded);
  } else {
    received.digest = digest_of(envelope.draft, text);
  }
  if (notices_.size() >= kNoticesKept) {
    notices_.clear();
  }
  return &notices_.emplace(envelope.notice, std::move(received)).first->second;
}

std::optional<Hash> SinkLog::root_at(std::uint64_t size) const {
  const auto found = roots_.find(size);
  return found == roots_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace chancery::cli::bench
