#include "broker/core/quota.h"

#include <algorithm>

namespace chancery::broker {

MemberQuotas::Buckets MemberQuotas::buckets(const LaneQuota& quota) {
  return {.notices = TokenBucket(quota.notices), .bytes = TokenBucket(quota.bytes)};
}

void MemberQuotas::set_limits(const QuotaLimits& limits) {
  limits_ = limits;
  for (auto& [code, member] : members_) {
    member.patient = buckets(limits.lanes.patient);
    member.urgent = buckets(limits.lanes.urgent);
  }
}

MemberQuotas::Member& MemberQuotas::member(std::string_view code) {
  const auto found = members_.find(code);
  if (found != members_.end()) {
    return found->second;
  }
  return members_
      .emplace(std::string(code), Member{.patient = buckets(limits_.lanes.patient),
                                         .urgent = buckets(limits_.lanes.urgent),
                                         .tally = {}})
      .first->second;
}

std::optional<std::chrono::milliseconds> MemberQuotas::wait(std::string_view code,
                                                            exchange::Lane lane,
                                                            std::uint64_t bytes) {
  Member& of = member(code);
  Buckets& buckets = lane == exchange::Lane::kUrgent ? of.urgent : of.patient;
  const auto for_notice = buckets.notices.wait(1, now_);
  const auto for_bytes = buckets.bytes.wait(bytes, now_);
  const auto longer = std::max(for_notice, for_bytes);  // Nothing is less than any time.
  of.tally.refused_count += longer.has_value() ? 1U : 0U;
  return longer;
}

void MemberQuotas::take(std::string_view code, exchange::Lane lane, std::uint64_t bytes) {
  Member& of = member(code);
  Buckets& buckets = lane == exchange::Lane::kUrgent ? of.urgent : of.patient;
  buckets.notices.take(1);
  buckets.bytes.take(bytes);
  ++of.tally.taken_count;
}

std::map<std::string, MemberQuotas::Tally> MemberQuotas::tallies() const {
  std::map<std::string, Tally> all;
  for (const auto& [code, member] : members_) {
    all.emplace(code, member.tally);
  }
  return all;
}

}  // namespace chancery::broker
