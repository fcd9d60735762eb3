// The envelopes that were logged, or read and found good, last, for the members that they are for:
// one that was just logged is not read at all, another is read from the file, and hashed, once and
// not once for every reader.
//
// Envelopes of an index never change but by erasure, of which forget() has to be told.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace chancery::broker {

class ServedEnvelopes {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{8} << 20U;

  using Shared = std::shared_ptr<const std::string>;

  // nullptr where it is not here.
  [[nodiscard]] Shared find(std::uint64_t index) const {
    const auto found = envelopes_.find(index);
    return found == envelopes_.end() ? nullptr : found->second;
  }

  // The oldest go where there is no room; one that would take a quarter of it is not kept.
  void keep(std::uint64_t index, const Shared& envelope) {
    const std::size_t size = envelope->size();
    if (size > kBytesMax / 4) {
      return;
    }
    const auto [place, is_new] = envelopes_.try_emplace(index, envelope);
    if (!is_new) {
      return;
    }
    order_.push_back(index);
    bytes_ += size;
    while (bytes_ > kBytesMax) {
      forget(order_.front());
      order_.pop_front();
    }
  }

  void forget(std::uint64_t index) {
    if (const auto found = envelopes_.find(index); found != envelopes_.end()) {
      bytes_ -= found->second->size();
      envelopes_.erase(found);
    }
  }

 private:
  std::unordered_map<std::uint64_t, Shared> envelopes_;
  std::deque<std::uint64_t> order_;  // As they came; some are forgotten.
  std::size_t bytes_ = 0;
};

}  // namespace chancery::broker
