// The node's engine: what should have come by now and has not, told once and again when it is over.

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/witnesses.h"
#include "io/log/log.h"
#include "node/engine/engine.h"

namespace chancery::node {
namespace {

constexpr std::chrono::seconds kLookEvery{5};

std::string_view word_of(exchange::Lane lane) {
  return lane == exchange::Lane::kUrgent ? "urgent" : "patient";
}

}  // namespace

void Engine::set_overdue_limits(const OverdueLimits& limits) {
  config_.overdue = limits;
  overdue_at_ = {};
}

Result<void> Engine::look_for_overdue() {
  if (now_.steady < overdue_at_) {
    return {};
  }
  overdue_at_ = now_.steady + kLookEvery;
  const std::uint64_t now_ms = now_.unix_ms();
  std::vector<Overdue> found;
  CHANCERY_TRY(const std::vector<Oldest> unlogged, store_->oldest_unlogged());
  for (const Oldest& oldest : unlogged) {
    if (is_over(oldest.since_ms, config_.overdue.logged[oldest.lane], now_ms)) {
      found.push_back({.what = "logged",
                       .peer = {},
                       .lane = oldest.lane,
                       .since_ms = oldest.since_ms,
                       .detail = "notice " + oldest.name + " is not logged"});
    }
  }
  for (const auto& [peer, pair] : pairs_) {
    if (follower_.directory().member(peer) == nullptr) {
      continue;
    }
    for (const exchange::Lane lane : exchange::kLanes) {
      CHANCERY_TRY(const Oldest oldest, store_->oldest_undelivered(peer, lane));
      if (is_over(oldest.since_ms, config_.overdue.delivered[lane], now_ms)) {
        found.push_back({.what = "delivered",
                         .peer = peer,
                         .lane = lane,
                         .since_ms = oldest.since_ms,
                         .detail = peer + " has not stated that it has notice " + oldest.name});
      }
    }
  }
  add_stale_cosignatures(found);
  tell_overdue(std::move(found));
  return {};
}

// An exchange may have too few witnesses. What was not founded yet is no exchange that anybody saw:
// a hub that shows nothing keeps that back as well.
bool Engine::expects_quorum() const {
  const exchange::Directory& directory = follower_.directory();
  if (!directory.founded()) {
    return true;
  }
  const exchange::WitnessSet set = exchange::witnesses_of(directory);
  return set.keys.size() >= set.quorum;
}

// While the hub is there: without it the link is what is at fault. Where there never was a head at
// quorum, its time runs from the first welcome.
void Engine::add_stale_cosignatures(std::vector<Overdue>& found) {
  const CosignedNote head = cosigned_.value_or(CosignedNote{});
  const std::uint64_t now_ms = now_.unix_ms();
  if (link_.phase() != LinkPhase::kUp || head.size > follower_.size()) {
    cosigned_behind_since_ms_ = 0;
    return;
  }
  if (welcomed_since_ms_ == 0) {
    welcomed_since_ms_ = now_ms;
  }
  if (head.size == 0) {
    if (expects_quorum() && is_over(welcomed_since_ms_, config_.overdue.cosigned_idle, now_ms)) {
      found.push_back({.what = "cosigned",
                       .peer = {},
                       .lane = exchange::Lane::kPatient,
                       .since_ms = welcomed_since_ms_,
                       .detail = "the hub has shown no head that a quorum of witnesses cosigned"});
    }
    return;
  }
  if (head.size == follower_.size()) {
    cosigned_behind_since_ms_ = 0;
  } else if (cosigned_behind_since_ms_ == 0 || head.size != cosigned_behind_size_) {
    cosigned_behind_since_ms_ = now_ms;
    cosigned_behind_size_ = head.size;
  }
  const std::uint64_t time_ms = head.time_s * 1000;
  const bool behind = is_over(cosigned_behind_since_ms_, config_.overdue.cosigned_growth, now_ms);
  if (behind || is_over(time_ms, config_.overdue.cosigned_idle, now_ms)) {
    found.push_back({.what = "cosigned",
                     .peer = {},
                     .lane = exchange::Lane::kPatient,
                     .since_ms = behind ? cosigned_behind_since_ms_ : time_ms,
                     .detail = "a quorum of witnesses cosigned " + std::to_string(head.size) +
                               " of " + std::to_string(follower_.size()) + " entries"});
  }
}

void Engine::tell_overdue(std::vector<Overdue> found) {
  const auto lacks = [](const std::vector<Overdue>& all, const Overdue& one) {
    return std::ranges::none_of(all, [&](const Overdue& each) { return each.is_same(one); });
  };
  for (const Overdue& each : found) {
    if (lacks(overdue_, each)) {
      log::error("overdue", {{"what", each.what},
                             {"lane", word_of(each.lane)},
                             {"detail", each.detail},
                             {"remedy", error_info(ErrorCode::kOverdue).remedy}});
    }
  }
  for (const Overdue& each : overdue_) {
    if (lacks(found, each)) {
      log::info("overdue-over",
                {{"what", each.what}, {"lane", word_of(each.lane)}, {"peer", each.peer}});
    }
  }
  overdue_ = std::move(found);
}

}  // namespace chancery::node
