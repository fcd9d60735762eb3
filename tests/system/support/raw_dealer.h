// A peer that keeps to no rule of ours: libzmq as it is, with CURVE or without.

#pragma once

#include <gtest/gtest.h>
#include <zmq.h>

#include <array>
#include <memory>
#include <string>

#include "io/zmq/context.h"
#include "io/zmq/curve.h"

namespace chancery::test {

class RawDealer {
 public:
  explicit RawDealer(const zmq::Context& context)
      : context_(context), socket_(zmq_socket(context_.handle().get(), ZMQ_DEALER)) {
    const int linger = 0;
    set(ZMQ_LINGER, &linger, sizeof linger);
  }
  RawDealer(const RawDealer&) = delete;
  RawDealer& operator=(const RawDealer&) = delete;
  RawDealer(RawDealer&&) = delete;
  RawDealer& operator=(RawDealer&&) = delete;
  ~RawDealer() { zmq_close(socket_); }

  void use_curve(const zmq::CurveKeyPair& own, const zmq::CurveKey& server) {
    set(ZMQ_CURVE_SERVERKEY, server.data(), server.size());
    set(ZMQ_CURVE_PUBLICKEY, own.public_key.data(), own.public_key.size());
    set(ZMQ_CURVE_SECRETKEY, own.secret.bytes().data(), own.secret.bytes().size());
  }
  void set(int option, const void* value, std::size_t size) {
    EXPECT_EQ(zmq_setsockopt(socket_, option, value, size), 0) << zmq_strerror(zmq_errno());
  }
  void connect(const std::string& endpoint) {
    EXPECT_EQ(zmq_connect(socket_, endpoint.c_str()), 0) << zmq_strerror(zmq_errno());
  }
  [[nodiscard]] bool send(const std::string& part, bool more = false) {
    const int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
    return zmq_send(socket_, part.data(), part.size(), flags) >= 0;
  }
  // Whether any part has come.
  [[nodiscard]] bool hears() {
    std::array<char, 1> byte{};
    return zmq_recv(socket_, byte.data(), byte.size(), ZMQ_DONTWAIT) >= 0;
  }

 private:
  zmq::Context context_;
  void* socket_;
};

}  // namespace chancery::test
