// The connection to the node: requests in from any thread, answers back, one worker thread that
// owns the socket. Inner to client/.
//
// A call ends in one of these ways, and always by its time:
//   an answer of the node, error replies among them
//   kNoDaemon          no connection within connect_timeout, the request never left
//   kUnknownOutcome    it left, and no answer came in time
//   kUnknownKey        the node refused the application's key
//   kQueueFull         request_count_max are under way; an eighth of them is for urgent notices
//   kClientClosed      close() was called
//
// A request whose connection was lost is sent again under the same request id: every request of
// local.proto may be repeated. An answer that comes too late matches nothing and is dropped.
//
// Threads: call() and stats() from any. Limits: request_count_max requests, kRequestBytesMax each.

#pragma once

#include <array>
#include <chrono>
#include <future>
#include <memory>

#include "chancery/client.h"
#include "chancery/v1/local.pb.h"
#include "core/base/result.h"

namespace chancery::client {

class Link {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Link>> open(const Options& options);

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  Link(Link&&) = delete;
  Link& operator=(Link&&) = delete;
  ~Link();  // As close().

  // What is under way, and each later call, ends with kClientClosed. Returns at once.
  void close();

  // `timeout` runs from now. The request id is given here.
  [[nodiscard]] Result<v1::LocalReply> call(v1::LocalRequest request,
                                            std::chrono::milliseconds timeout);

  // The same without waiting: the future has what call() gives. What keeps it from being asked at
  // all is told at once, and it may be begun again.
  [[nodiscard]] Result<std::future<Result<v1::LocalReply>>> begin(
      v1::LocalRequest& request, std::chrono::milliseconds timeout);

  // Two that go together, in their order: both are begun, or none is. Where the first is refused,
  // or has no answer in time, the second ends with it.
  struct Asked {
    v1::LocalRequest& request;
    std::chrono::milliseconds timeout{};
  };
  [[nodiscard]] Result<std::array<std::future<Result<v1::LocalReply>>, 2>> begin_both(
      const Asked& first, const Asked& second);

  [[nodiscard]] const Options& options() const;  // Without the secret key.
  [[nodiscard]] Stats stats() const;

 private:
  class Worker;
  explicit Link(std::unique_ptr<Worker> worker);

  std::unique_ptr<Worker> worker_;
};

}  // namespace chancery::client
