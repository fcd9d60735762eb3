// What the tests of io/zmq share: keys, patience, and a hub with one admitted member. Sockets are
// real, on 127.0.0.1 with ports that the system chooses.

#pragma once

#include <gtest/gtest.h>
#include <zmq.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "io/zmq/context.h"
#include "io/zmq/curve.h"
#include "io/zmq/dealer.h"
#include "io/zmq/router.h"
#include "io/zmq/zap.h"

namespace chancery::zmq {

// Only a failing test waits this long.
inline constexpr std::chrono::milliseconds kPatience{10'000};
inline constexpr const char* kDomain = "member";
inline constexpr const char* kUser = "AM";

// The value, or a failed test and the end of the program: nothing after it could work.
template <class T>
T must(Result<T> result) {
  if (!result.has_value()) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return *std::move(result);
}

inline CurveKeyPair random_keys() {
  std::random_device random;
  CurveKeyPair keys{};
  for (std::uint8_t& byte : keys.secret.bytes()) {
    byte = static_cast<std::uint8_t>(random());
  }
  keys.public_key = must(curve_public(keys.secret));
  return keys;
}

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience = kPatience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// The next message of a Router or Dealer; an empty one and a failed test when none comes.
template <class End>
auto next_message(End& end) {
  auto message = end.receive();
  EXPECT_TRUE(eventually([&] { return message || (message = end.receive()); }));
  return std::move(message).value_or(typename decltype(message)::value_type{});
}

inline LinkEvent next_event(Dealer& dealer) {
  std::optional<LinkEvent> event;
  EXPECT_TRUE(eventually([&] { return (event = dealer.next_event()).has_value(); }));
  return event.value_or(LinkEvent{});
}

// Skips other events, and connects anew where the connection was lost.
inline bool reaches(Dealer& dealer, LinkState state,
                    std::chrono::milliseconds patience = kPatience) {
  return eventually(
      [&] {
        const std::optional<LinkEvent> event = dealer.next_event();
        if (event && event->state == LinkState::kDisconnected) {
          EXPECT_TRUE(dealer.reconnect());
        }
        return event && event->state == state;
      },
      patience);
}

// The code of the first send that fails; kInternal when none does.
template <class Send>
ErrorCode code_of_first_failure(int count, Send send) {
  for (int i = 0; i < count; ++i) {
    const Result<> sent = send();
    if (!sent) {
      return sent.error().code;
    }
  }
  return ErrorCode::kInternal;
}

class HubTest : public ::testing::Test {
 protected:
  HubTest() { zap_->allow(kDomain, {{member_.public_key, kUser}}); }

  [[nodiscard]] RouterOptions router_options() const {
    return {.endpoint = "tcp://127.0.0.1:*", .secret = hub_.secret, .zap_domain = kDomain};
  }

  [[nodiscard]] Router bind() { return must(Router::bind(context_, router_options())); }

  [[nodiscard]] DealerOptions dealer_options(const Router& router, const CurveKeyPair& keys) const {
    return {.endpoint = router.endpoint(),
            .own = keys,
            .server_public = hub_.public_key,
            .reconnect_min = std::chrono::milliseconds(20)};
  }

  Dealer connect(const Router& router, const CurveKeyPair& keys) {
    return must(Dealer::connect(context_, dealer_options(router, keys)));
  }

  Dealer connect(const Router& router) {
    Dealer dealer = connect(router, member_);
    EXPECT_TRUE(reaches(dealer, LinkState::kConnected));
    return dealer;
  }

  Context context_ = must(Context::create());
  CurveKeyPair hub_ = random_keys();
  CurveKeyPair member_ = random_keys();
  std::unique_ptr<ZapHandler> zap_ =
      std::make_unique<ZapHandler>(must(ZapHandler::start(context_)));
};

// A peer that keeps to no rule of ours: libzmq as it is, with an admitted key.
class RawDealer {
 public:
  RawDealer(const Context& context, const CurveKeyPair& own, const CurveKey& server)
      : context_(context), socket_(zmq_socket(context_.handle().get(), ZMQ_DEALER)) {
    set(ZMQ_CURVE_SERVERKEY, server.data(), server.size());
    set(ZMQ_CURVE_PUBLICKEY, own.public_key.data(), own.public_key.size());
    set(ZMQ_CURVE_SECRETKEY, own.secret.bytes().data(), own.secret.bytes().size());
    const int linger = 0;
    set(ZMQ_LINGER, &linger, sizeof linger);
  }
  ~RawDealer() { zmq_close(socket_); }
  RawDealer(const RawDealer&) = delete;
  RawDealer& operator=(const RawDealer&) = delete;
  RawDealer(RawDealer&&) = delete;
  RawDealer& operator=(RawDealer&&) = delete;

  void set(int option, const void* value, std::size_t size) {
    EXPECT_EQ(zmq_setsockopt(socket_, option, value, size), 0) << zmq_strerror(zmq_errno());
  }
  void connect(const std::string& endpoint) {
    EXPECT_EQ(zmq_connect(socket_, endpoint.c_str()), 0) << zmq_strerror(zmq_errno());
  }
  bool send(const std::string& part, bool more) {
    return zmq_send(socket_, part.data(), part.size(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >=
           0;
  }
  bool receive_part() {
    char byte = 0;
    return zmq_recv(socket_, &byte, sizeof byte, ZMQ_DONTWAIT) >= 0;
  }

 private:
  Context context_;
  void* socket_;
};

}  // namespace chancery::zmq
