#include "io/zmq/connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace chancery::zmq {
namespace {

// libzmq gives each connection its turn. So a message that is complete is taken before as many of
// all are, also where there is always one more.
constexpr std::uint64_t kRoundCount = 4096;

}  // namespace

Connections::Connections(Monitor monitor, const ConnectionLimits& limits)
    : monitor_(std::move(monitor)), limits_(limits) {}

Result<> Connections::watch() {
  const auto turn = [this] {
    const std::lock_guard<std::mutex> held(mutex_);
    read_monitor();
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_at_ >= kLookInterval) {
      looked_at_ = now;
      look();
    }
  };
  // libzmq wakes a reader only once it has found nothing.
  read_monitor();
  CHANCERY_TRY(thread_, Thread::repeat("zmq-watch", kLookInterval, turn, monitor_.wake_fd()));
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

std::uint64_t Connections::all_waiting_bytes() {
  const std::lock_guard<std::mutex> held(mutex_);
  return all_waiting_bytes_;
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
  Connection& made = connections_[fd];
  made.number = number;
  made.passage = limits_.inlet == nullptr ? nullptr : limits_.inlet->passage_of(fd);
  silent_[number] = fd;
}

void Connections::forget(std::map<int, Connection>::iterator item) {
  if (item != connections_.end()) {
    silent_.erase(item->second.number);
    cut_count_ -= item->second.cut ? 1U : 0U;
    if (limits_.inlet == nullptr && item->second.waits > 0) {
      left_[item->second.user_id] += item->second.waits;
    }
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

void Connections::delivered(int fd, std::string_view routing_id, std::string_view user_id,
                            std::uint64_t bytes) {
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
  found->second.user_id = user_id;
  found->second.backlog.took(bytes);
  taken_from(found->second);
  found->second.stuck_at.reset();
  if (limits_.inlet != nullptr && ++delivered_count_ % kRoundCount == 0) {
    cut_who_is_stuck(std::chrono::steady_clock::now());
  }
}

void Connections::taken_from(Connection& connection) {
  if (connection.passage != nullptr) {
    connection.passage->taken = connection.backlog.taken();
  }
}

Look Connections::look_at_one(int fd, const Connection& connection) {
  Look look = look_at(fd);
  if (connection.passage != nullptr) {
    look.received = connection.passage->passed.load();
  }
  return look;
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
  if (now - drained_at_ < kLookInterval) {
    return;
  }
  drained_at_ = now;
  left_.clear();
  for (auto& [fd, connection] : connections_) {
    if (connection.backlog.moved()) {
      if (const Look look = look_at_one(fd, connection); look.received.has_value()) {
        connection.backlog.drained(*look.received);
        taken_from(connection);
      }
    }
  }
  if (limits_.inlet != nullptr) {
    limits_.inlet->drained();
    cut_who_is_stuck(now);
  }
}

void Connections::cut_who_is_stuck(std::chrono::steady_clock::time_point now) {
  const InletLimits& limits = limits_.inlet->limits();
  const bool all_wait = shared_bytes() >= limits.all_waiting_bytes_max;
  std::uint64_t most = 0;
  std::optional<int> goes;
  for (auto& [fd, connection] : connections_) {
    const std::uint64_t waits = connection.passage == nullptr ? 0 : connection.passage->waiting();
    if (connection.cut || waits == 0 || (!all_wait && waits < limits.waiting_bytes_max)) {
      connection.stuck_at.reset();
      continue;
    }
    // Who waits for others has no time of its own.
    connection.stuck_at =
        std::max(connection.stuck_at.value_or(now), connection.passage->held_at.load());
    // Only the one of which most waits: it may always be read on, so it waits for nobody.
    const bool is_stuck = now - *connection.stuck_at >= limits_.stuck_max;
    if (waits > most || (waits == most && is_stuck)) {
      most = waits;
      goes = is_stuck ? std::optional<int>(fd) : std::nullopt;
    }
  }
  if (goes.has_value()) {  // The next one soon, if that was not enough.
    ++counters_.waiting_cut_count;
    shut(*goes);
  }
}

std::uint64_t Connections::shared_bytes() const {
  std::uint64_t shared = 0;
  for (const auto& [fd, connection] : connections_) {
    if (connection.passage != nullptr && !connection.cut) {
      shared += limits_.inlet->limits().beyond_small(connection.passage->waiting());
    }
  }
  return shared;
}

// One, and the next at the next look where that was not enough.
void Connections::cut_who_brought_most() {
  if (shared_bytes() < limits_.inlet->limits().all_waiting_bytes_max) {
    return;
  }
  const auto brought = [](const auto& item) {
    const Connection& connection = item.second;
    const bool counts = connection.passage != nullptr && !connection.cut;
    return std::pair(counts ? connection.passage->waiting() : 0, connection.number);
  };
  const auto most = std::ranges::max_element(connections_, {}, brought);
  ++counters_.waiting_cut_count;
  shut(most->first);
}

void Connections::look() {
  const std::size_t parts =
      std::clamp<std::size_t>(connections_.size() / kLookedAtTogether, 1, kLooksForAllMax);
  ++look_count_;
  std::size_t place = look_count_;
  waiting_bytes_ = 0;
  for (auto item = connections_.begin(); item != connections_.end();) {
    const auto current = item++;
    Connection& connection = current->second;
    if (++place % parts != 0 && !connection.routing_id.empty()) {
      waiting_bytes_ = std::max(waiting_bytes_, connection.waits);
      continue;
    }
    const Look look = look_at_one(current->first, connection);
    if (look.gone) {
      forget(current);
      continue;
    }
    const std::uint64_t most =
        connection.routing_id.empty() ? limits_.first_bytes_max : limits_.waiting_bytes_max;
    connection.waits = look.received.has_value() ? connection.backlog.waiting(*look.received) : 0;
    waiting_bytes_ = std::max(waiting_bytes_, connection.waits);
    if (connection.waits > most && !connection.cut) {
      ++counters_.waiting_cut_count;
      shut(current->first);
    }
  }
  if (limits_.inlet == nullptr) {
    cut_who_has_most();
  }
  if (limits_.most_goes) {
    cut_who_brought_most();
  }
}

// One, and the next at the next look where that was not enough.
void Connections::cut_who_has_most() {
  std::uint64_t left_bytes = 0;
  for (const auto& [user_id, bytes] : left_) {
    left_bytes += bytes;
  }
  all_waiting_bytes_ = 0;
  for (const auto& [fd, connection] : connections_) {
    (connection.cut ? left_bytes : all_waiting_bytes_) += connection.waits;
  }
  const std::uint64_t max = limits_.all_waiting_bytes_max;
  if (all_waiting_bytes_ <= max && all_waiting_bytes_ + left_bytes <= 2 * max) {
    return;
  }
  struct Share {
    std::uint64_t bytes = 0;
    std::uint64_t largest_bytes = 0;  // Of a connection that can be cut: this one.
    int largest = -1;
  };
  std::map<std::string_view, Share> shares;
  for (const auto& [user_id, bytes] : left_) {
    shares[user_id].bytes += bytes;
  }
  for (const auto& [fd, connection] : connections_) {
    Share& share = shares[connection.user_id];
    share.bytes += connection.waits;
    if (!connection.cut && connection.waits > share.largest_bytes) {
      share.largest_bytes = connection.waits;
      share.largest = fd;
    }
  }
  const auto can_go = [](const auto& item) {
    return item.second.largest_bytes > 0 ? item.second.bytes : 0;
  };
  const auto most = std::ranges::max_element(shares, {}, can_go);
  if (most != shares.end() && can_go(*most) > limits_.spared_bytes_max) {
    ++counters_.waiting_cut_count;
    shut(most->second.largest);
  }
}

void Connections::cut_who_is_behind(std::chrono::steady_clock::time_point now,
                                    std::chrono::milliseconds behind_max) {
  using Time = std::chrono::steady_clock::time_point;
  const std::lock_guard<std::mutex> held(mutex_);
  read_monitor();
  Time longest = now - behind_max;
  std::optional<int> goes;
  for (const auto& [fd, connection] : connections_) {
    const Time since =
        connection.passage == nullptr ? Time{} : connection.passage->behind_since.load();
    if (!connection.cut && since != Time{} && since <= longest) {
      longest = since;
      goes = fd;
    }
  }
  if (goes.has_value()) {
    ++counters_.behind_cut_count;
    shut(*goes);
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
