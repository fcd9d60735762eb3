// A way to a socket on 127.0.0.1 that holds back what the connecting end sends, lets it through at
// once, and resets the connection: what a peer does who wants the other end to be at a bad place.

#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace chancery::zmq {

inline sockaddr_in local_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
inline sockaddr* as_address(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);  // NOLINT(*-reinterpret-cast): bind(2).
}
inline std::uint16_t port_of(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

// A connection that says nothing to "tcp://127.0.0.1:PORT".
inline int connect_local(const std::string& endpoint) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to = local_address(port_of(endpoint));
  EXPECT_EQ(::connect(fd, as_address(to), sizeof to), 0);
  return fd;
}

class Gate {
 public:
  // To "tcp://127.0.0.1:PORT".
  explicit Gate(const std::string& endpoint)
      : far_endpoint_(endpoint), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = local_address(0);
    socklen_t size = sizeof own;
    EXPECT_EQ(::bind(listener_, as_address(own), sizeof own), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, as_address(own), &size), 0);
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    thread_ = std::thread([this] { run(); });
  }
  ~Gate() {
    stop();
    ::close(listener_);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  Gate(Gate&&) = delete;
  Gate& operator=(Gate&&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

  void hold() { holding_ = true; }

  // Everything that was held, in one piece; then a reset, once the other end had it.
  void let_through_and_reset() {
    stop();
    EXPECT_EQ(::send(far_, held_.data(), held_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(held_.size()));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(::setsockopt(far_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    ::close(far_);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

 private:
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  void run() {
    near_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    far_ = connect_local(far_endpoint_);
    std::array<char, 1U << 16U> data{};
    while (!stopping_) {
      std::array<pollfd, 2> ends = {pollfd{.fd = near_, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = far_, .events = POLLIN, .revents = 0}};
      ::poll(ends.data(), ends.size(), 10);
      if ((ends[0].revents & POLLIN) != 0) {
        const ssize_t size = ::recv(near_, data.data(), data.size(), 0);
        pass_up({data.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
      }
      if ((ends[1].revents & POLLIN) != 0) {
        const ssize_t size = ::recv(far_, data.data(), data.size(), 0);
        ::send(near_, data.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)),
               MSG_NOSIGNAL);
      }
    }
    ::close(near_);
  }

  void pass_up(const std::string& data) {
    if (!holding_) {
      ::send(far_, data.data(), data.size(), MSG_NOSIGNAL);
      return;
    }
    held_ += data;
    held_bytes_ = held_.size();
  }

  std::string far_endpoint_;
  int listener_;
  int near_ = -1;
  int far_ = -1;
  std::string endpoint_;
  std::atomic<bool> holding_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> held_bytes_{0};
  std::string held_;  // The thread's, and ours once that has ended.
  std::thread thread_;
};

}  // namespace chancery::zmq
