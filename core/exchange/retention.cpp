#include "core/exchange/retention.h"

#include <algorithm>

#include "core/exchange/names.h"

namespace chancery::exchange {
namespace {

constexpr std::uint64_t kDayMs = 24ULL * 60 * 60 * 1000;
constexpr std::uint64_t kAgainMs = 10ULL * 60 * 1000;

}  // namespace

std::optional<std::uint32_t> retention_days(const v1::Roster& roster, std::string_view kind) {
  if (is_directory_kind(kind)) {
    return std::nullopt;  // Everybody who follows the log needs them.
  }
  const auto rule = std::ranges::find_if(
      roster.retention(), [&](const v1::Retention& each) { return matches(each.kinds(), kind); });
  if (rule == roster.retention().end()) {
    return std::nullopt;
  }
  return rule->days();
}

bool is_past_retention(const v1::Roster& roster, std::string_view kind,
                       std::uint64_t accepted_at_ms, std::uint64_t now_ms, std::uint64_t slack_ms) {
  const std::optional<std::uint32_t> days = retention_days(roster, kind);
  return days.has_value() && accepted_at_ms + *days * kDayMs <= now_ms + slack_ms;
}

bool has_just_arrived(const Kept& kept, std::uint64_t now_ms) {
  return kept.arrived_at_ms <= now_ms && now_ms - kept.arrived_at_ms < kDayMs;
}

std::uint64_t PacedClock::at(std::uint64_t unix_ms, std::chrono::steady_clock::time_point now) {
  if (since_.has_value()) {
    const auto gone = std::chrono::duration_cast<std::chrono::milliseconds>(now - since_->at);
    const std::uint64_t paced = since_->unix_ms + static_cast<std::uint64_t>(gone.count());
    if (unix_ms >= paced) {
      return paced;
    }
  }
  since_ = {.unix_ms = unix_ms, .at = now};
  return unix_ms;
}

std::optional<std::uint64_t> RetentionPass::next(const v1::Roster& roster,
                                                 std::uint64_t now_ms) const {
  if (roster.retention().empty() || now_ms < not_before_ms_) {
    return std::nullopt;
  }
  return from_;
}

std::vector<std::uint64_t> RetentionPass::take(const std::vector<Kept>& page,
                                               const v1::Roster& roster, std::uint64_t now_ms,
                                               const std::function<bool(const Kept&)>& may_go) {
  std::vector<std::uint64_t> past;
  if (from_ == 0) {
    whole_again_ms_ = now_ms + kDayMs;
  }
  for (const Kept& kept : page) {
    if (!is_past_retention(roster, kept.draft.kind(), kept.accepted_at_ms, now_ms)) {
      continue;
    }
    if (may_go(kept)) {
      past.push_back(kept.index);
    } else if (!waited_for_.has_value()) {
      waited_for_ = kept.index;
    }
  }
  // Whatever comes later in the log is younger: nothing behind a page that is too young is due.
  const auto shortest = std::ranges::min_element(roster.retention(), {}, &v1::Retention::days);
  const bool at_end = page.size() < kRetentionPageMax ||
                      page.back().accepted_at_ms + shortest->days() * kDayMs > now_ms;
  if (!at_end) {
    from_ = page.back().index + 1;
    return past;
  }
  const bool sooner = waited_for_.has_value() && now_ms + kAgainMs < whole_again_ms_;
  from_ = sooner ? waited_for_.value_or(0) : 0;
  not_before_ms_ = sooner ? now_ms + kAgainMs : whole_again_ms_;
  waited_for_.reset();
  return past;
}

}  // namespace chancery::exchange
