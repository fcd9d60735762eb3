// A way to a socket file that withholds what comes after so many bytes, as libzmq itself sends no
// message before it is whole.

#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>

namespace chancery::zmq {

inline sockaddr_un file_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

inline int connect_file(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = file_address(path);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

class Withholding {
 public:
  Withholding(const std::string& path, const std::string& to, std::size_t bytes)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), to_(to), left_(bytes) {
    const sockaddr_un address = file_address(path);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Withholding() {
    stopping_ = true;
    thread_.join();
    ::close(far_);
    ::close(near_);
    ::close(listener_);
  }
  Withholding(const Withholding&) = delete;
  Withholding& operator=(const Withholding&) = delete;
  Withholding(Withholding&&) = delete;
  Withholding& operator=(Withholding&&) = delete;

  // From now on nothing is withheld.
  void let_through() { withholds_ = false; }

 private:
  void run() {
    near_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    far_ = connect_file(to_);
    std::array<char, 1U << 16U> data{};
    while (!stopping_) {
      std::array<pollfd, 2> ends = {
          pollfd{.fd = left_ > 0 || !withholds_ ? near_ : -1, .events = POLLIN, .revents = 0},
          pollfd{.fd = far_, .events = POLLIN, .revents = 0}};
      ::poll(ends.data(), ends.size(), 10);
      if ((ends[0].revents & POLLIN) != 0) {
        const std::size_t size = receive(near_, data, withholds_ ? left_ : data.size());
        left_ -= std::min(left_, size);
        send_all(far_, data.data(), size);
      }
      if ((ends[1].revents & POLLIN) != 0) {
        const std::size_t size = receive(far_, data, data.size());
        if (size == 0) {
          return;  // It was cut.
        }
        send_all(near_, data.data(), size);
      }
    }
  }
  static std::size_t receive(int from, std::array<char, 1U << 16U>& data, std::size_t most) {
    return static_cast<std::size_t>(
        std::max<ssize_t>(::recv(from, data.data(), std::min(most, data.size()), 0), 0));
  }
  static void send_all(int to, const char* data, std::size_t size) {
    for (ssize_t step = 1; size > 0 && step > 0;) {
      step = ::send(to, data, size, MSG_NOSIGNAL);
      data += std::max<ssize_t>(step, 0);
      size -= static_cast<std::size_t>(std::max<ssize_t>(step, 0));
    }
  }

  int listener_;
  int near_ = -1;
  int far_ = -1;
  std::string to_;
  std::size_t left_;
  std::atomic<bool> withholds_{true};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace chancery::zmq
