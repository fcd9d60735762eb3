// A SUB socket, for tests of what a Publisher tells.

#pragma once

#include <gtest/gtest.h>
#include <zmq.h>

#include <string>

#include "io/zmq/context.h"
#include "io/zmq/endpoint.h"

namespace chancery::zmq {

// A subscriber that keeps to no rule of ours: libzmq as it is.
class Subscriber {
 public:
  Subscriber(const Context& context, const std::string& path, const std::string& topic,
             int receive_count_max = 1000)
      : context_(context), socket_(zmq_socket(context_.handle().get(), ZMQ_SUB)) {
    set(ZMQ_RCVHWM, &receive_count_max, sizeof receive_count_max);
    set(ZMQ_SUBSCRIBE, topic.data(), topic.size());
    const int linger = 0;
    set(ZMQ_LINGER, &linger, sizeof linger);
    const std::string endpoint = std::string(kIpcPrefix) + path;
    EXPECT_EQ(zmq_connect(socket_, endpoint.c_str()), 0) << zmq_strerror(zmq_errno());
  }
  ~Subscriber() { zmq_close(socket_); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  Subscriber(Subscriber&&) = delete;
  Subscriber& operator=(Subscriber&&) = delete;

  void ask(const std::string& topic) { set(ZMQ_SUBSCRIBE, topic.data(), topic.size()); }
  void take_back(const std::string& topic) { set(ZMQ_UNSUBSCRIBE, topic.data(), topic.size()); }

  std::string next() {  // Empty where there is nothing.
    zmq_msg_t message;
    zmq_msg_init(&message);
    std::string bytes;
    if (zmq_msg_recv(&message, socket_, ZMQ_DONTWAIT) >= 0) {
      bytes.assign(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
    }
    zmq_msg_close(&message);
    return bytes;
  }

 private:
  void set(int option, const void* value, std::size_t size) {
    EXPECT_EQ(zmq_setsockopt(socket_, option, value, size), 0) << zmq_strerror(zmq_errno());
  }

  Context context_;
  void* socket_;
};

}  // namespace chancery::zmq
