#include "io/zmq/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
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
      accepted(event->value);
    } else if (event->event == ZMQ_EVENT_DISCONNECTED) {
      forget(connections_.find(event->value));
    }
  }
}

void Connections::accepted(int fd) {
  forget(connections_.find(fd));
  const std::uint64_t number = ++counters_.accepted_count;
  connections_[fd].number = number;
  silent_[number] = fd;
  if (connections_.size() - cut_count_ > limits_.connection_count_max) {
    ++counters_.over_count;
    cut(silent_.begin()->second);  // The new one, where it is the only one.
  }
}

void Connections::forget(std::map<int, Connection>::iterator item) {
  if (item != connections_.end()) {
    silent_.erase(item->second.number);
    cut_count_ -= item->second.cut ? 1U : 0U;
    if (!item->second.routing_id.empty()) {
      gone_.push_back(std::move(item->second.routing_id));
    }
    if (gone_.size() > kGoneCountMax) {  // Nobody asks.
      gone_.pop_front();
    }
    connections_.erase(item);
  }
}

std::vector<std::string> Connections::take_gone() {
  std::vector<std::string> taken(std::make_move_iterator(gone_.begin()),
                                 std::make_move_iterator(gone_.end()));
  gone_.clear();
  return taken;
}

void Connections::delivered(int fd, std::string_view routing_id) {
  if (mark(fd, routing_id)) {
    return;
  }
  // The monitor may have more to say about this descriptor. Marked before as well, so that no
  // connection is cut as silent with its first message in hand.
  update();
  mark(fd, routing_id);
}

// Whether it was known under this id before.
bool Connections::mark(int fd, std::string_view routing_id) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) {
    return false;
  }
  Connection& connection = found->second;
  connection.delivered = true;
  silent_.erase(connection.number);
  if (connection.routing_id == routing_id) {
    return true;
  }
  connection.routing_id = routing_id;
  return false;
}

void Connections::look(std::chrono::steady_clock::time_point now) {
  if (now - looked_at_ < kLookInterval) {
    return;
  }
  looked_at_ = now;
  update();
  for (auto item = connections_.begin(); item != connections_.end();) {
    const auto current = item++;
    const Look look = look_at(current->first);
    Connection& connection = current->second;
    if (look.gone) {
      forget(current);
      continue;
    }
    if (look.bytes && std::exchange(connection.delivered, false)) {
      connection.bytes_at_delivery = *look.bytes;
    }
    const std::uint64_t most =
        connection.routing_id.empty() ? limits_.first_bytes_max : limits_.undelivered_bytes_max;
    if (look.bytes && *look.bytes > connection.bytes_at_delivery &&
        *look.bytes - connection.bytes_at_delivery > most) {
      ++counters_.undelivered_cut_count;
      shut(current->first, connection);
      connection.bytes_at_delivery = *look.bytes;  // Counted once.
    }
  }
}

void Connections::cut(int fd) {
  // Only what is known: libzmq may have closed the descriptor, and something else opened it.
  if (const auto found = connections_.find(fd); found != connections_.end()) {
    shut(fd, found->second);
  }
}

void Connections::cut(int fd, std::string_view routing_id) {
  const auto found = connections_.find(fd);
  if (found != connections_.end() && found->second.routing_id == routing_id) {
    shut(fd, found->second);
  }
}

void Connections::shut(int fd, Connection& connection) {
  ::shutdown(fd, SHUT_RDWR);
  silent_.erase(connection.number);
  cut_count_ += std::exchange(connection.cut, true) ? 0U : 1U;
}

}  // namespace chancery::zmq
