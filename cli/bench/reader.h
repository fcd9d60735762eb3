// An application at a recipient that waits for notices, as users write one: how long until it has
// them. Reads from where the inbox ends when it is made.
//
// Has a thread of its own, which calls `seen`; after finish() nothing is called any more.

#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/bench/exchange.h"
#include "cli/bench/load.h"
#include "core/base/result.h"

namespace chancery::cli::bench {

class Reader {
 public:
  using Seen = std::function<void(const Name&, Clock::time_point)>;

  Reader(Exchange& exchange, std::size_t recipient, const Shape& shape, Seen seen);

  // Until it has seen so many; less where nothing comes for half a minute: all is compared later.
  [[nodiscard]] Result<void> finish(std::uint64_t count);

 private:
  void read(const std::stop_token& stop);

  Exchange& exchange_;
  const Shape& shape_;
  Seen seen_;
  client::Client node_;
  client::InboxQuery query_;
  std::mutex mutex_;  // Of what follows.
  std::uint64_t count_ = 0;
  std::optional<Error> failed_;
  std::jthread thread_;  // Last: it uses the others.
};

}  // namespace chancery::cli::bench
