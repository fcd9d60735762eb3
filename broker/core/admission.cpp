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
  return which <= 1 + static_cast<std::size_t>(v1::PRECEDENCE_OVERRIDE - v1::PRECEDENCE_IMMEDIATE);
}

std::size_t size_of(const exchange::Envelope& envelope) {
  return envelope.header_bytes.size() + envelope.body_bytes.size() +
         envelope.signatures_bytes.size();
}

}  // namespace

Result<void> AdmissionQueue::push(Submission submission) {
  const std::size_t which = class_of(submission.envelope.draft);
  const std::size_t size = size_of(submission.envelope);
  const std::size_t reserve_count = is_urgent(which) ? 0 : limits_.reserve_count;
  const std::size_t reserve_bytes = is_urgent(which) ? 0 : limits_.reserve_bytes;
  if (count_ + 1 + reserve_count > limits_.count_max ||
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
  if (!classes_[kDirectoryClass].empty()) {
    taken.push_back(pop(kDirectoryClass));
    return taken;
  }
  for (std::size_t which = 1; which < kClassCount; ++which) {
    while (taken.size() < count_max && !classes_[which].empty()) {
      taken.push_back(pop(which));
    }
  }
  return taken;
}

}  // namespace chancery::broker
