// What one member may hand in over time: notices and bytes a second, with bursts.
//
// Each lane has buckets of its own, so that a member whose routine traffic is over its share can
// still send a flash. Directory entries count with the urgent. Who submits is who the transport
// authenticated. Remembers one row for each member that ever submitted: as many as the roster has.
// Pure; the owner says what time it is.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/token_bucket.h"
#include "core/exchange/lane.h"

namespace chancery::broker {

struct LaneQuota {
  Rate notices;
  Rate bytes;
  bool operator==(const LaneQuota&) const = default;
};

struct QuotaLimits {
  exchange::PerLane<LaneQuota> lanes{
      .patient = {.notices = {.per_second = 50'000, .burst = 200'000},
                  .bytes = {.per_second = 128U << 20U, .burst = 512U << 20U}},
      .urgent = {.notices = {.per_second = 10'000, .burst = 40'000},
                 .bytes = {.per_second = 32U << 20U, .burst = 128U << 20U}}};
  bool operator==(const QuotaLimits&) const = default;
};

class MemberQuotas {
 public:
  struct Tally {
    std::uint64_t taken_count = 0;
    std::uint64_t refused_count = 0;
  };

  explicit MemberQuotas(const QuotaLimits& limits) : limits_(limits) {}

  void at(TokenBucket::Time now) { now_ = now; }
  // From now on; each member begins with its bursts.
  void set_limits(const QuotaLimits& limits);

  // How long the member has to wait before one of so many bytes is taken, which counts as refused;
  // nothing where it is taken now.
  [[nodiscard]] std::optional<std::chrono::milliseconds> wait(std::string_view member,
                                                              exchange::Lane lane,
                                                              std::uint64_t bytes);
  // After wait() said nothing, and the notice was taken.
  void take(std::string_view member, exchange::Lane lane, std::uint64_t bytes);

  [[nodiscard]] std::map<std::string, Tally> tallies() const;

 private:
  struct Buckets {
    TokenBucket notices;
    TokenBucket bytes;
  };
  struct Member {
    Buckets patient;
    Buckets urgent;
    Tally tally;
  };

  static Buckets buckets(const LaneQuota& quota);
  Member& member(std::string_view code);

  QuotaLimits limits_;
  TokenBucket::Time now_{};
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace chancery::broker
