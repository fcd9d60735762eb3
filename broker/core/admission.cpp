#include "broker/core/admission.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "core/exchange/names.h"

namespace chancery::broker {
namespace {

constexpr std::size_t kDirectoryClass = 0;

std::size_t class_of(const v1::Draft& draft) {
  if (exchange::is_directory_kind(draft.kind())) {
    return kDirectoryClass;
  }
  return 1 + static_cast<std::size_t>(v1::PRECEDENCE_OVERRIDE - draft.precedence());
}

constexpr std::size_t kPatientClass =
    2 + static_cast<std::size_t>(v1::PRECEDENCE_OVERRIDE - v1::PRECEDENCE_IMMEDIATE);

bool is_urgent(std::size_t which) {
  return which != kDirectoryClass && which < kPatientClass;
}

// Whether the reserves are open to it. Directory entries have their own bound.
bool is_reserved(std::size_t which) {
  return is_urgent(which) || which == kDirectoryClass;
}

}  // namespace

// Sums of limits and sizes: far below what a size_t holds.
Result<void> AdmissionQueue::check_share(const std::string& member, std::size_t which,
                                         std::size_t size) const {
  const auto found = shares_.find(member);
  const Share share = found == shares_.end() ? Share{} : found->second;
  const bool reserved = is_reserved(which);
  const std::size_t own_count = reserved ? 0 : limits_.member_reserve_count;
  const std::size_t own_bytes = reserved ? 0 : limits_.member_reserve_bytes;
  const bool full =
      share.all.count + 1 + own_count > limits_.member_count_max ||
      share.all.bytes + size + own_bytes > limits_.member_bytes_max ||
      (which == kDirectoryClass && share.directory_count >= limits_.member_directory_count_max);
  // Where the others' backlog has left nothing but the hub's reserve.
  const bool reserve_only = count_ + 1 + limits_.reserve_count > limits_.count_max ||
                            bytes_ + size + limits_.reserve_bytes > limits_.bytes_max;
  const bool reserve_used =
      reserve_only && (share.reserved.count + 1 > limits_.member_reserve_count ||
                       share.reserved.bytes + size > limits_.member_reserve_bytes);
  if (full || reserve_used) {
    return fail(ErrorCode::kQueueFull,
                "the member's own share of the hub's admission queue is used up: it has " +
                    std::to_string(share.all.count) + " envelopes of " +
                    std::to_string(share.all.bytes) + " bytes waiting");
  }
  return {};
}

std::size_t AdmissionQueue::directory_count() const {
  return classes_[kDirectoryClass].count;
}

AdmissionQueue::Waiting AdmissionQueue::fullest_share() const {
  Waiting fullest;
  for (const auto& [member, share] : shares_) {
    if (share.all.bytes > fullest.bytes) {
      fullest = share.all;
    }
  }
  return fullest;
}

Result<void> AdmissionQueue::check_room(const std::string& member, std::size_t which,
                                        std::size_t size) const {
  const bool reserved = is_reserved(which);
  const std::size_t reserve_count = reserved ? 0 : limits_.reserve_count;
  const std::size_t reserve_bytes = reserved ? 0 : limits_.reserve_bytes;
  const bool directory_full =
      which == kDirectoryClass && classes_[which].count >= limits_.directory_count_max;
  if (directory_full || count_ + 1 + reserve_count > limits_.count_max ||
      bytes_ + size + reserve_bytes > limits_.bytes_max) {
    return fail(ErrorCode::kQueueFull, "the hub's admission queue holds " + std::to_string(count_) +
                                           " envelopes of " + std::to_string(bytes_) + " bytes");
  }
  return check_share(member, which, size);
}

Result<void> AdmissionQueue::push(Submission submission) {
  const std::size_t which = class_of(submission.envelope.draft);
  const std::size_t size = submission.envelope.size();
  const bool reserved = is_reserved(which);
  CHANCERY_TRY_VOID(disk_.admit(reserved));
  if (Result<void> room = check_room(submission.member, which, size); !room.has_value()) {
    ++full_count_;
    return room;
  }
  Share& share = shares_[submission.member];
  ++share.all.count;
  share.all.bytes += size;
  share.reserved.count += reserved ? 1 : 0;
  share.reserved.bytes += reserved ? size : 0;
  share.directory_count += which == kDirectoryClass ? 1 : 0;
  ++count_;
  bytes_ += size;
  ++classes_[which].count;
  classes_[which].queues[submission.member].push_back(std::move(submission));
  return {};
}

Submission AdmissionQueue::pop(std::size_t which, const std::string& member) {
  Class& from = classes_[which];
  const auto queue = from.queues.find(member);
  Submission submission = std::move(queue->second.front());
  queue->second.pop_front();
  if (queue->second.empty()) {
    from.queues.erase(queue);
  }
  from.last = member;
  --from.count;
  const std::size_t size = submission.envelope.size();
  const bool reserved = is_reserved(which);
  const auto share = shares_.find(member);
  --share->second.all.count;
  share->second.all.bytes -= size;
  share->second.reserved.count -= reserved ? 1 : 0;
  share->second.reserved.bytes -= reserved ? size : 0;
  share->second.directory_count -= which == kDirectoryClass ? 1 : 0;
  if (share->second.all.count == 0) {
    shares_.erase(share);
  }
  --count_;
  bytes_ -= size;
  return submission;
}

// Who waits, in the order of their turns.
std::vector<std::string> AdmissionQueue::turns(const Class& from) {
  std::vector<std::string> members;
  members.reserve(from.queues.size());
  for (const auto& [member, queue] : from.queues) {
    members.push_back(member);
  }
  std::ranges::rotate(members, std::ranges::upper_bound(members, from.last));
  return members;
}

// Round after round, one of each member, until it has `share_count_max` in this batch.
void AdmissionQueue::take_in_turn(std::size_t which, std::size_t& places,
                                  std::size_t share_count_max, Counts& given,
                                  std::vector<Submission>& taken) {
  std::vector<std::string> round = turns(classes_[which]);
  while (!round.empty()) {
    std::vector<std::string> next;
    for (std::string& member : round) {
      std::size_t& count = given[member];
      if (count >= share_count_max) {
        continue;
      }
      if (places == 0) {
        return;
      }
      --places;
      taken.push_back(pop(which, member));
      ++count;
      if (classes_[which].queues.contains(member)) {
        next.push_back(std::move(member));
      }
    }
    round = std::move(next);
  }
}

bool AdmissionQueue::has(Takes takes) const {
  if (takes == Takes::kAll) {
    return !empty();
  }
  return std::any_of(classes_.begin(), classes_.begin() + kPatientClass,
                     [](const Class& each) { return each.count > 0; });
}

std::vector<Submission> AdmissionQueue::take(std::size_t count_max, Takes takes) {
  std::vector<Submission> taken;
  // Where both wait they take turns.
  const std::size_t entries = classes_[kDirectoryClass].count;
  if (entries > 0 && (entries == count_ || !directory_was_last_)) {
    directory_was_last_ = entries < count_;
    taken.push_back(pop(kDirectoryClass, turns(classes_[kDirectoryClass]).front()));
    return taken;
  }
  directory_was_last_ = false;
  if (shares_.empty()) {
    return taken;
  }
  // A precedence is what its origin says, and one that says override of everything must not keep
  // the routine notices of the others waiting for ever. So the places are shared out first, and
  // what nobody needs goes by precedence alone.
  Counts given;
  std::array<std::vector<Submission>, kClassCount> by_class;
  const std::size_t end = takes == Takes::kAll ? kClassCount : kPatientClass;
  std::size_t places = count_max;
  const std::size_t share_count = std::max<std::size_t>(1, count_max / shares_.size());
  for (const std::size_t most : {share_count, std::numeric_limits<std::size_t>::max()}) {
    for (std::size_t which = 1; which < end; ++which) {
      take_in_turn(which, places, most, given, by_class.at(which));
    }
  }
  for (std::vector<Submission>& of_class : by_class) {
    std::ranges::move(of_class, std::back_inserter(taken));
  }
  return taken;
}

}  // namespace chancery::broker
