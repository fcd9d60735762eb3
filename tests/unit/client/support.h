// What the client's tests share: a folder, keys, and the node's end of local.proto, a real ROUTER
// with CURVE on a socket file, that answers as each test says.

#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "chancery/client.h"
#include "chancery/v1/local.pb.h"
#include "core/exchange/limits.h"
#include "io/zmq/context.h"
#include "io/zmq/curve.h"
#include "io/zmq/poller.h"
#include "io/zmq/router.h"
#include "io/zmq/zap.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::client {

// The value, or a failed test and the end of the program: nothing after it could work.
template <class T>
T must(Result<T> result) {
  if (!result.has_value()) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return *std::move(result);
}

inline zmq::CurveKeyPair random_keys() {
  std::random_device random;
  zmq::CurveKeyPair keys{};
  for (std::uint8_t& byte : keys.secret.bytes()) {
    byte = static_cast<std::uint8_t>(random());
  }
  keys.public_key = must(zmq::curve_public(keys.secret));
  return keys;
}

// Nothing: no answer.
using Answerer = std::function<std::optional<v1::LocalReply>(const v1::LocalRequest&)>;

// Runs from its making to its end.
class NodeEnd {
 public:
  NodeEnd(const std::string& endpoint, const zmq::CurveKeyPair& keys, const zmq::CurveKey& admitted,
          Answerer answerer)
      : zap_(must(zmq::ZapHandler::start(context_))), answerer_(std::move(answerer)) {
    zap_.allow("app", {{admitted, "desk"}});
    zmq::Router router =
        must(zmq::Router::bind(context_, {.endpoint = endpoint,
                                          .secret = keys.secret,
                                          .zap_domain = "app",
                                          .frame_bytes_max = exchange::kFrameBytesMax}));
    thread_ = std::thread([this, router = std::move(router)]() mutable { run(router); });
  }
  NodeEnd(const NodeEnd&) = delete;
  NodeEnd& operator=(const NodeEnd&) = delete;
  NodeEnd(NodeEnd&&) = delete;
  NodeEnd& operator=(NodeEnd&&) = delete;
  ~NodeEnd() {
    stopping_ = true;
    thread_.join();
  }

  [[nodiscard]] std::vector<v1::LocalRequest> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  void run(zmq::Router& router) {
    zmq::Poller poller;
    poller.add(router);
    while (!stopping_) {
      must(poller.wait(std::chrono::milliseconds(10)));
      while (const auto received = router.receive()) {
        v1::LocalRequest request;
        EXPECT_EQ(received->user_id, "desk");
        EXPECT_TRUE(request.ParseFromString(received->frames.at(0)));
        {
          const std::scoped_lock lock(mutex_);
          requests_.push_back(request);
        }
        if (auto reply = answerer_(request)) {
          if (reply->request_id() == 0) {
            reply->set_request_id(request.request_id());
          }
          // The client may be gone, closed by a test.
          static_cast<void>(router.send(received->routing_id, {reply->SerializeAsString()}));
        }
      }
    }
  }

  zmq::Context context_ = must(zmq::Context::create());
  zmq::ZapHandler zap_;
  Answerer answerer_;
  mutable std::mutex mutex_;
  std::vector<v1::LocalRequest> requests_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace chancery::client
