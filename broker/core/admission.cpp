#include "broker/core/admission.h"

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

bool is_urgent(std::size_t which) {
  return which != kDirectoryClass &&
         which <= 1 + static_cast<std::size_t>(v1::PRECEDENCE_OVERRIDE - v1::PRECEDENCE_IMMEDIATE);
}

std::size_t size_of(const exchange::Envelope& envelope) {
  return envelope.header_bytes.size() + envelope.body_bytes.size() +
         envelope.signatures_bytes.size();
}

}  // namespace

Result<void> AdmissionQueue::push(Submission submission) {
  const std::size_t which = class_of(submission.envelope.draft);
  const std::size_t size = size_of(submission.envelope);
  const bool few = is_urgent(which) || which == kDirectoryClass;  // These have their own bound.
  const std::size_t reserve_count = few ? 0 : limits_.reserve_count;
  const std::size_t reserve_bytes = few ? 0 : limits_.reserve_bytes;
  const bool directory_full =
      which == kDirectoryClass && classes_[which].size() >= limits_.directory_count_max;
  if (directory_full || count_ + 1 + reserve_count > limits_.count_max ||
      bytes_ + size + reserve_bytes > limits_.bytes_max) {
    return fail(ErrorCode::kQueueFull, "the hub's admission queue holds " + std::to_string(count_) +
                                           " envelopes of " + std::to_string(bytes_) + " bytes");
  }
  ++count_;
  bytes_ += size;
  classes_[which].push_back(std::move(submission));
  return {};
}

Submission AdmissionQueue::pop(std::size_t which) {
  Submission submission = std::move(classes_[which].front());
  classes_[which].pop_front();
  --count_;
  bytes_ -= size_of(submission.envelope);
  return submission;
}

std::vector<Submission> AdmissionQueue::take(std::size_t count_max) {
  std::vector<Submission> taken;
  // Where both wait they take turns.
  const std::size_t entries = classes_[kDirectoryClass].size();
  if (entries > 0 && (entries == count_ || !directory_was_last_)) {
    directory_was_last_ = entries < count_;
    taken.push_back(pop(kDirectoryClass));
    return taken;
  }
  directory_was_last_ = false;
  for (std::size_t which = 1; which < kClassCount; ++which) {
    while (taken.size() < count_max && !classes_[which].empty()) {
      taken.push_back(pop(which));
    }
  }
  return taken;
}

}  // namespace chancery::broker
