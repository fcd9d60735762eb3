#include "node/core/hook_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace chancery::node {

bool HookFilter::takes(const Overdue& overdue) const {
  return (!urgent_only || overdue.lane == exchange::Lane::kUrgent) &&
         (on.empty() || std::ranges::find(on, overdue.what) != on.end());
}

bool HookQueue::Thing::is_to_be_told() const {
  return event.is_over ? known != Known::kNothing : known != Known::kOverdue;
}

HookQueue::Thing HookQueue::thing_of(const Overdue& overdue, bool is_over, Time now,
                                     std::uint64_t now_ms) const {
  return {.event = {.id = new_id_(), .is_over = is_over, .overdue = overdue, .at_ms = now_ms},
          .due_at = now};
}

bool HookQueue::see(const std::vector<Overdue>& overdue, const HookFilter& filter, Time now,
                    std::uint64_t now_ms) {
  bool changed = false;
  for (Thing& thing : things_) {
    const auto found = std::ranges::find_if(overdue, [&](const Overdue& each) {
      return each.is_same(thing.event.overdue) && filter.takes(each);
    });
    const bool is_over = found == overdue.end();
    if (is_over == thing.event.is_over) {
      continue;
    }
    Thing next = thing_of(is_over ? thing.event.overdue : *found, is_over, now, now_ms);
    next.known = thing.known;
    next.under_way = thing.under_way;
    thing = std::move(next);
    changed = changed || thing.is_to_be_told();
  }
  forget_settled();
  for (const exchange::Lane lane : exchange::kLanes) {
    for (const Overdue& each : overdue) {
      const bool is_known = std::ranges::any_of(
          things_, [&](const Thing& thing) { return thing.event.overdue.is_same(each); });
      if (each.lane == lane && filter.takes(each) && !is_known && things_.size() < kThingsMax) {
        things_.push_back(thing_of(each, false, now, now_ms));
        changed = true;
      }
    }
  }
  return changed;
}

std::optional<HookEvent> HookQueue::next(Time now) {
  Thing* first = nullptr;
  const auto rank = [](const Thing& thing) {
    return std::tuple(thing.event.overdue.lane != exchange::Lane::kUrgent, thing.event.at_ms);
  };
  for (Thing& thing : things_) {
    if (thing.is_to_be_told() && !thing.under_way && thing.due_at <= now &&
        (first == nullptr || rank(thing) < rank(*first))) {
      first = &thing;
    }
  }
  if (first == nullptr) {
    return std::nullopt;
  }
  first->under_way = true;
  return first->event;
}

void HookQueue::told(const HookEvent& event, HookOutcome outcome, Time now) {
  const auto found = std::ranges::find_if(
      things_, [&](const Thing& thing) { return thing.event.overdue.is_same(event.overdue); });
  if (found == things_.end()) {
    return;
  }
  found->under_way = false;
  if (outcome == HookOutcome::kTold) {
    found->known = event.is_over ? Known::kNothing : Known::kOverdue;
  } else if (outcome == HookOutcome::kUnsure) {
    found->known = Known::kUnsure;
  }
  if (outcome != HookOutcome::kTold && found->event.id == event.id) {
    found->due_at = now + found->backoff.next(0);
  }
  forget_settled();
}

std::optional<HookQueue::Time> HookQueue::next_at() const {
  std::optional<Time> at;
  for (const Thing& thing : things_) {
    if (thing.is_to_be_told() && !thing.under_way) {
      at = std::min(at.value_or(thing.due_at), thing.due_at);
    }
  }
  return at;
}

void HookQueue::doubt(Time now) {
  for (Thing& thing : things_) {
    if (thing.known != Known::kNothing || thing.under_way) {
      thing.known = Known::kUnsure;
    }
    thing.under_way = false;
    thing.due_at = now;
    thing.backoff.succeeded();
  }
}

std::size_t HookQueue::waiting_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(things_, &Thing::is_to_be_told));
}

void HookQueue::forget_settled() {
  std::erase_if(things_, [](const Thing& thing) {
    return thing.event.is_over && thing.known == Known::kNothing && !thing.under_way;
  });
}

}  // namespace chancery::node
