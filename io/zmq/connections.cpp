#include "io/zmq/connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

namespace chancery::zmq {

Connections::Connections(Monitor monitor, const ConnectionLimits& limits)
    : monitor_(std::move(monitor)), limits_(limits) {}

Result<> Connections::watch() {
  const auto turn = [this] {
    const std::lock_guard<std::mutex> held(mutex_);
    read_monitor();
    const auto now = std::chrono::steady_clock::now();
    if (limits_.counts_bytes && now - looked_at_ >= kLookInterval) {
      looked_at_ = now;
      look();
    }
  };
  // libzmq wakes a reader only once it has found nothing.
  read_monitor();
  const auto interval = limits_.counts_bytes ? kLookInterval : Thread::kOnlyWhenWoken;
  CHANCERY_TRY(thread_, Thread::repeat("zmq-watch", interval, turn, monitor_.wake_fd()));
  return {};
}

std::size_t Connections::count() {
  const std::lock_guard<std::mutex> held(mutex_);
  read_monitor();
  return connections_.size();
}

ConnectionCounters Connections::counters() {
  const std::lock_guard<std::mutex> held(mutex_);
  read_monitor();
  return counters_;
}

std::uint64_t Connections::waiting_bytes() {
  const std::lock_guard<std::mutex> held(mutex_);
  return waiting_bytes_;
}

void Connections::read_monitor() {
  while (const std::optional<MonitorEvent> event = monitor_.next()) {
    if (event->event == ZMQ_EVENT_ACCEPTED) {
      accepted(event->value);
    } else if (event->event == ZMQ_EVENT_DISCONNECTED) {
      forget(connections_.find(event->value));
    }
  }
  // Only now: of a descriptor that is cut nothing more may have been told.
  while (connections_.size() - cut_count_ > limits_.connection_count_max && !silent_.empty()) {
    ++counters_.over_count;
    const auto goes = limits_.newest_goes ? std::prev(silent_.end()) : silent_.begin();
    shut(goes->second);  // The new one, where it is the only one.
  }
}

void Connections::accepted(int fd) {
  forget(connections_.find(fd));
  const std::uint64_t number = ++counters_.accepted_count;
  connections_[fd].number = number;
  silent_[number] = fd;
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
  const std::lock_guard<std::mutex> held(mutex_);
  read_monitor();
  std::vector<std::string> taken(std::make_move_iterator(gone_.begin()),
                                 std::make_move_iterator(gone_.end()));
  gone_.clear();
  return taken;
}

void Connections::delivered(int fd, std::string_view routing_id, std::uint64_t bytes) {
  const std::lock_guard<std::mutex> held(mutex_);
  auto found = connections_.find(fd);
  if (found == connections_.end() || !mark(found->second, routing_id)) {
    // The monitor may have more to say about this descriptor. Marked before as well, so that no
    // connection is cut as silent with its first message in hand.
    read_monitor();
    found = connections_.find(fd);
    if (found == connections_.end()) {
      return;
    }
    mark(found->second, routing_id);
  }
  found->second.backlog.took(bytes);
}

bool Connections::mark(Connection& connection, std::string_view routing_id) {
  silent_.erase(connection.number);
  if (connection.routing_id == routing_id) {
    return true;
  }
  connection.routing_id = routing_id;
  return false;
}

void Connections::drained(std::chrono::steady_clock::time_point now) {
  const std::lock_guard<std::mutex> held(mutex_);
  if (!limits_.counts_bytes || now - drained_at_ < kLookInterval) {
    return;
  }
  drained_at_ = now;
  for (auto& [fd, connection] : connections_) {
    if (connection.backlog.moved()) {
      if (const Look look = look_at(fd); look.received.has_value()) {
        connection.backlog.drained(*look.received);
      }
    }
  }
}

void Connections::look() {
  waiting_bytes_ = 0;
  for (auto item = connections_.begin(); item != connections_.end();) {
    const auto current = item++;
    const Look look = look_at(current->first);
    const Connection& connection = current->second;
    if (look.gone) {
      forget(current);
      continue;
    }
    const std::uint64_t most =
        connection.routing_id.empty() ? limits_.first_bytes_max : limits_.waiting_bytes_max;
    const std::uint64_t waits =
        look.received.has_value() ? connection.backlog.waiting(*look.received) : 0;
    waiting_bytes_ = std::max(waiting_bytes_, waits);
    if (waits > most && !connection.cut) {
      ++counters_.waiting_cut_count;
      shut(current->first);
    }
  }
}

void Connections::cut(int fd) {
  const std::lock_guard<std::mutex> held(mutex_);
  read_monitor();
  shut(fd);
}

void Connections::cut(int fd, std::string_view routing_id) {
  const std::lock_guard<std::mutex> held(mutex_);
  read_monitor();
  const auto found = connections_.find(fd);
  if (found != connections_.end() && found->second.routing_id == routing_id) {
    shut(fd);
  }
}

void Connections::shut(int fd) {
  // Only what is known: libzmq may have closed the descriptor, and something else opened it.
  if (const auto found = connections_.find(fd); found != connections_.end()) {
    ::shutdown(fd, SHUT_RDWR);
    silent_.erase(found->second.number);
    cut_count_ += std::exchange(found->second.cut, true) ? 0U : 1U;
  }
}

}  // namespace chancery::zmq
