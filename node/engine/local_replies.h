// What the parts of the local API have in common. Inner to node/engine.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "chancery/v1/local.pb.h"
#include "core/base/result.h"
#include "core/exchange/limits.h"
#include "node/engine/application.h"
#include "node/engine/local_api.h"
#include "node/store/find.h"
#include "node/store/node_store.h"

namespace chancery::node {

inline constexpr std::uint32_t kPageMax = 500;  // Items.
// Of the items of one page. Half a frame: the largest notice fits into the other half.
inline constexpr std::size_t kPageBytesMax = exchange::kFrameBytesMax / 2;

// A write that failed may have undone the turn's whole transaction: what is in memory no longer
// follows from the store, and the engine has to start over from it, in this process only where it
// is known that nothing was written.
[[nodiscard]] inline Result<void> or_stop(const Result<void>& written) {
  const bool known = written.has_value() || written.error().code == ErrorCode::kDiskFull;
  return known ? written : fail(ErrorCode::kIo, written.error().to_string());
}

inline constexpr std::size_t kScanAtOnce = 250;  // Rows, from one look to the next.

[[nodiscard]] inline std::uint32_t page_limit(std::uint32_t limit) {
  return limit == 0 ? kPageMax : std::min(limit, kPageMax);
}
// Of the notices that one request names. kLimitExceeded.
[[nodiscard]] inline Result<void> check_count(int count) {
  return static_cast<std::uint32_t>(count) <= kPageMax
             ? Result<void>()
             : fail(ErrorCode::kLimitExceeded, std::to_string(count) +
                                                   " notices in one request, "
                                                   "at most " +
                                                   std::to_string(kPageMax));
}

// Whether the grant covers it, and it passes the filter.
[[nodiscard]] bool is_asked_for(const NodeStore::InboxHead& head, const v1::InboxRequest& request,
                                const Application& application);

// kNoGrant where the grant lets it read nothing at all, or nothing of a pattern of kinds that is
// asked for.
[[nodiscard]] Result<void> check_may_read(
    const Application& application,
    const google::protobuf::RepeatedPtrField<std::string>& patterns = {});

// Lists are for looking through: of a text the subject is enough.
[[nodiscard]] std::string subject_only(const std::string& text);

// `cosigned_size` is that of the newest head at quorum.
[[nodiscard]] constexpr bool is_witnessed(std::uint64_t index, std::uint64_t cosigned_size) {
  return index < cosigned_size;
}
[[nodiscard]] v1::InboxItem with_witnessed(v1::InboxItem item, std::uint64_t cosigned_size);
// Delivered is what a quorum has witnessed and each recipient states that it has.
[[nodiscard]] Result<v1::Stage> stage_of(const OutboxRow& row, std::uint64_t cosigned_size,
                                         NodeStore& store);
// How far the recipients have come, those who said anything.
[[nodiscard]] Result<std::vector<v1::RecipientStage>> recipient_stages(const OutboxRow& row,
                                                                       const v1::Draft& draft,
                                                                       NodeStore& store);
[[nodiscard]] Result<v1::AwaitReply> await_reply(const OutboxRow& row, const LogView& view,
                                                 NodeStore& store);

}  // namespace chancery::node
