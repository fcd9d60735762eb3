// The node's witness over HTTP, for log clients and witnesses outside of the exchange: POST
// /add-checkpoint of c2sp.org/tlog-witness.
//
// The loop and the threads of HTTP meet here under one lock, and the loop never waits: a thread
// leaves its request, and the loop takes it in its next turn and answers once that is committed.
// As many requests wait as HTTP has threads; who is not answered within kWaitMax gets 503.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/http/server.h"
#include "node/core/witness.h"

namespace chancery::node {

class HttpWitness {
 public:
  static constexpr std::chrono::milliseconds kWaitMax{1'000};

  struct Asked {
    std::string request;
    std::optional<std::uint64_t> followed_size{};  // When it was taken last.
    std::optional<WitnessAnswer> answer{};
  };
  struct Counters {
    std::uint64_t answered_count = 0;
    std::uint64_t cosigned_count = 0;
  };

  // Where `listen` is empty nobody ever asks. Signals are to be blocked before: threads inherit the
  // mask.
  [[nodiscard]] static Result<std::unique_ptr<HttpWitness>> start(const std::string& listen);

  // Each turn of the loop: who waits and was not taken before at this size of the followed log.
  [[nodiscard]] std::vector<std::shared_ptr<Asked>> take(std::uint64_t followed_size);
  // What the witness says is durable.
  void answer(Asked& asked, WitnessAnswer answer);
  [[nodiscard]] Counters counters();

  // To a request, on any thread; waits for the loop up to kWaitMax.
  [[nodiscard]] http::Response respond(const http::Request& request);

 private:
  HttpWitness() = default;

  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<std::shared_ptr<Asked>> waiting_;
  Counters counters_;
  std::unique_ptr<http::Server> server_;  // Last: its threads use what is above.
};

}  // namespace chancery::node
