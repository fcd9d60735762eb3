#include "io/zmq/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

// <linux/tcp.h> and <netinet/tcp.h> both define tcp_info and cannot be included together; glibc's
// ends before tcpi_bytes_received, whose place in the kernel's layout is fixed.
namespace chancery::zmq {
namespace {

constexpr std::size_t kBytesReceivedOffset = 128;  // tcpi_bytes_received, since Linux 4.1.

struct Look {
  bool gone = false;                   // The descriptor is no connection any more.
  std::optional<std::uint64_t> bytes;  // Nothing for ipc.
};

Look look_at(int fd) {
  alignas(8) std::array<std::uint8_t, 256> info{};
  auto size = static_cast<socklen_t>(info.size());
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0) {
    return {.gone = errno == EBADF || errno == ENOTSOCK, .bytes = std::nullopt};
  }
  std::uint64_t bytes = 0;
  if (size < kBytesReceivedOffset + sizeof bytes) {
    return {};
  }
  std::memcpy(&bytes, info.data() + kBytesReceivedOffset, sizeof bytes);
  return {.gone = false, .bytes = bytes};
}

}  // namespace

Connections::Connections(Monitor monitor, const ConnectionLimits& limits)
    : monitor_(std::move(monitor)), limits_(limits) {}

void Connections::update() {
  while (const std::optional<MonitorEvent> event = monitor_.next()) {
    if (event->event == ZMQ_EVENT_ACCEPTED) {
      ++counters_.accepted_count;
      connections_[event->value] = Connection{};
      if (connections_.size() > limits_.connection_count_max) {
        ++counters_.over_count;
        cut(event->value);
      }
    } else if (event->event == ZMQ_EVENT_DISCONNECTED) {
      connections_.erase(event->value);
    }
  }
}

void Connections::delivered(int fd) {
  const auto found = connections_.find(fd);
  if (found != connections_.end()) {
    found->second.delivered = true;
  }
}

void Connections::look(std::chrono::steady_clock::time_point now) {
  if (now - looked_at_ < kLookInterval) {
    return;
  }
  looked_at_ = now;
  update();
  for (auto item = connections_.begin(); item != connections_.end();) {
    const Look look = look_at(item->first);
    Connection& connection = item->second;
    if (look.gone) {
      item = connections_.erase(item);
      continue;
    }
    if (look.bytes && std::exchange(connection.delivered, false)) {
      connection.bytes_at_delivery = *look.bytes;
    }
    if (look.bytes && *look.bytes > connection.bytes_at_delivery &&
        *look.bytes - connection.bytes_at_delivery > limits_.undelivered_bytes_max) {
      ++counters_.undelivered_cut_count;
      ::shutdown(item->first, SHUT_RDWR);
      connection.bytes_at_delivery = *look.bytes;  // Counted once.
    }
    ++item;
  }
}

void Connections::cut(int fd) {
  // Only what is known: libzmq may have closed the descriptor, and something else opened it.
  if (connections_.contains(fd)) {
    ::shutdown(fd, SHUT_RDWR);
  }
}

}  // namespace chancery::zmq
