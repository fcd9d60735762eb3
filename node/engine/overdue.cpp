// The node's engine: what should have come by now and has not, told once and again when it is over.

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/witnesses.h"
#include "io/log/log.h"
#include "node/engine/engine.h"
#include "node/engine/local_replies.h"
#include "node/store/find.h"

namespace chancery::node {
namespace {

constexpr std::chrono::seconds kLookEvery{5};
constexpr std::size_t kListedOverdue = 100;

std::string_view word_of(exchange::Lane lane) {
  return lane == exchange::Lane::kUrgent ? "urgent" : "patient";
}

std::string joined(const std::vector<std::string>& codes) {
  std::string all;
  for (const std::string& code : codes) {
    all.append(all.empty() ? "" : ", ").append(code);
  }
  return all;
}

// By which notice something of a sort is over.
Overdue overdue_by(Overdue sort, const Late& late) {
  const std::string name = hex(late.notice);
  sort.notice = late.notice;
  sort.since_ms = late.since_ms;
  if (sort.what == "logged") {
    sort.detail = "notice " + name + " is not logged";
  } else if (sort.what == "delivered") {
    sort.owing = {sort.peer};
    sort.detail = sort.peer + " has not stated that it has notice " + name;
  } else {
    sort.owing = late.members;
    sort.detail = "notice " + name + " is not acknowledged by people of " + joined(late.members);
  }
  return sort;
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
  CHANCERY_TRY_VOID(forget_who_left());
  CHANCERY_TRY(std::vector<Overdue> found, find_late(1));
  add_stale_cosignatures(found);
  tell_overdue(std::move(found));
  return {};
}

// Who is in the roster no more owes nothing any more.
Result<void> Engine::forget_who_left() {
  const exchange::Directory& directory = follower_.directory();
  if (!directory.founded() || disk_.is_full()) {
    return {};
  }
  for (const auto& [peer, pair] : pairs_) {
    if (directory.member(peer) != nullptr) {
      left_.erase(peer);
    } else if (left_.insert(peer).second) {
      CHANCERY_TRY_VOID(write());
      CHANCERY_TRY_VOID(store_->end_owed_by(peer));
    }
  }
  return {};
}

Result<std::vector<Overdue>> Engine::find_late(std::size_t of_each_max, std::string_view member) {
  std::vector<Overdue> found;
  const auto look = [&](Overdue sort, std::chrono::seconds limit, std::string_view waited_for,
                        const auto& find) -> Result<void> {
    const std::optional<std::uint64_t> before_ms = late_before(now_.unix_ms(), limit);
    if (!before_ms.has_value()) {
      return {};
    }
    CHANCERY_TRY(const std::vector<Late> all, find(LateQuery{.lane = sort.lane,
                                                             .before_ms = *before_ms,
                                                             .count_max = of_each_max,
                                                             .member = waited_for}));
    sort.limit = limit;
    for (const Late& late : all) {
      found.push_back(overdue_by(sort, late));
    }
    return {};
  };
  const auto is_wanted = [&](std::string_view code) { return member.empty() || member == code; };
  const OverdueLimits& limits = config_.overdue;
  for (const exchange::Lane lane : exchange::kLanes) {
    if (member.empty()) {
      CHANCERY_TRY_VOID(
          look({.what = "logged", .lane = lane}, limits.logged[lane], {},
               [&](const LateQuery& query) { return store_->late_unlogged(query, lowest_); }));
    }
    for (const auto& [peer, pair] : pairs_) {
      if (follower_.directory().member(peer) != nullptr && is_wanted(peer)) {
        CHANCERY_TRY_VOID(
            look({.what = "delivered", .peer = peer, .lane = lane}, limits.delivered[lane], peer,
                 [&](const LateQuery& query) { return store_->late_undelivered(query); }));
      }
    }
    const auto unacknowledged = [&](bool own) {
      return [&, own](const LateQuery& query) {
        return store_->late_unacknowledged(own, query, now_.unix_ms());
      };
    };
    CHANCERY_TRY_VOID(look({.what = "acknowledged", .lane = lane}, limits.acknowledged[lane],
                           member, unacknowledged(true)));
    if (is_wanted(config_.member)) {
      CHANCERY_TRY_VOID(look({.what = "acknowledged", .peer = config_.member, .lane = lane},
                             limits.acknowledged[lane], {}, unacknowledged(false)));
    }
  }
  return found;
}

// Of one's own, or as it is shown.
Result<std::optional<v1::InboxItem>> Engine::listed(const Hash& notice, std::size_t& bytes) {
  const std::uint64_t cosigned_size = cosigned_.value_or(CosignedNote{}).size;
  v1::ShowRequest request;
  request.set_notice(to_string(notice));
  CHANCERY_TRY(const std::optional<OutboxRow> own, store_->find_own(request));
  std::optional<v1::InboxItem> item;
  if (own.has_value()) {
    item = own_item(*own, store_->genesis(), cosigned_size);
  } else {
    CHANCERY_TRY(item, store_->find_notice(request));
  }
  if (item.has_value()) {
    bytes += item->text().size();  // Read, if not given.
    item->set_text(subject_only(item->text()));
    item = with_witnessed(*std::move(item), cosigned_size);
  }
  return item;
}

Result<v1::OverdueReply> Engine::list_overdue(const v1::OverdueRequest& request, const Now& now) {
  now_ = now;
  const std::size_t limit = request.limit() == 0 ? kListedOverdue : page_limit(request.limit());
  CHANCERY_TRY(std::vector<Overdue> found, find_late(limit + 1, request.member()));
  if (request.member().empty()) {
    std::ranges::copy_if(overdue_, std::back_inserter(found),
                         [](const Overdue& each) { return !each.notice.has_value(); });
  }
  const auto& sorts = request.sorts();
  std::erase_if(found, [&](const Overdue& each) {
    return !sorts.empty() && std::ranges::find(sorts, each.what) == sorts.end();
  });
  std::ranges::sort(found, {}, [](const Overdue& each) {
    return std::tuple(each.due_at_ms(), each.notice, std::string_view(each.what),
                      std::string_view(each.peer));
  });
  v1::OverdueReply reply;
  reply.set_more(found.size() > limit);
  found.resize(std::min(found.size(), limit));
  std::size_t bytes = 0;
  for (const Overdue& each : found) {
    if (bytes > kPageBytesMax) {
      reply.set_more(true);
      break;
    }
    v1::OverdueItem& item = *reply.add_items();
    item.set_sort(each.what);
    item.mutable_members()->Assign(each.owing.begin(), each.owing.end());
    item.set_urgent(each.lane == exchange::Lane::kUrgent);
    item.set_since_ms(each.since_ms);
    item.set_due_at_ms(each.due_at_ms());
    item.set_detail(each.detail);
    if (each.notice.has_value()) {
      CHANCERY_TRY(std::optional<v1::InboxItem> notice, listed(*each.notice, bytes));
      if (notice.has_value()) {
        *item.mutable_item() = *std::move(notice);
      }
    }
  }
  return reply;
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
                       .detail = "the hub has shown no head that a quorum of witnesses cosigned",
                       .limit = config_.overdue.cosigned_idle});
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
    found.push_back(
        {.what = "cosigned",
         .peer = {},
         .lane = exchange::Lane::kPatient,
         .since_ms = behind ? cosigned_behind_since_ms_ : time_ms,
         .detail = "a quorum of witnesses cosigned " + std::to_string(head.size) + " of " +
                   std::to_string(follower_.size()) + " entries",
         .limit = behind ? config_.overdue.cosigned_growth : config_.overdue.cosigned_idle});
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
