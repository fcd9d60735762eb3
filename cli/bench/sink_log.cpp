#include "cli/bench/sink_log.h"

#include <utility>

#include "cli/bench/load.h"
#include "client/src/convert.h"
#include "core/crypto/sha256.h"
#include "core/exchange/seal.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kNoticesKept = 4096;

// As an application of a node would have it.
Result<client::Notice> shown(const exchange::Envelope& envelope, const std::string& text) {
  v1::InboxItem item;
  item.set_draft(envelope.draft.SerializeAsString());
  item.set_text(text);
  if (envelope.sealed()) {
    CHANCERY_TRY(*item.mutable_text(), exchange::unpad_text(text));
  }
  return client::notice_from(item);
}

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

Result<Received> SinkLog::read(const exchange::Envelope& envelope, const std::string& text) {
  if (const auto known = notices_.find(envelope.notice); known != notices_.end()) {
    return known->second;
  }
  CHANCERY_TRY(const client::Notice notice, shown(envelope, text));
  if (notices_.size() >= kNoticesKept) {
    notices_.clear();
  }
  return notices_.emplace(envelope.notice, Received{.id = notice.id, .digest = digest_of(notice)})
      .first->second;
}

std::optional<Hash> SinkLog::root_at(std::uint64_t size) const {
  const auto found = roots_.find(size);
  return found == roots_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace chancery::cli::bench
