// `chancery outbox list | cancel | retry`: what the member published, and what it came to.

#pragma once

#include <string>
#include <vector>

#include "cli/shared.h"

namespace chancery::cli {

struct OutboxListOptions {
  std::vector<std::string> stages{};  // Empty is what is not done: queued, refused.
};
struct OutboxNoticeOptions {
  std::string name;  // As for `show`.
};

[[nodiscard]] Result<int> run_outbox_list(const OutboxListOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_outbox_cancel(const OutboxNoticeOptions& options,
                                            const Shared& shared);
[[nodiscard]] Result<int> run_outbox_retry(const OutboxNoticeOptions& options,
                                           const Shared& shared);

}  // namespace chancery::cli
