#include "io/zmq/poller.h"

#include <zmq.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "io/zmq/dealer.h"
#include "io/zmq/router.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {

Poller::Token Poller::add(const Router& router) {
  return add(Entry{.handles = router.poll_handles()});
}
Poller::Token Poller::add(const Dealer& dealer) {
  return add(Entry{.handles = dealer.poll_handles()});
}
Poller::Token Poller::add(int fd) {
  return add(Entry{.handles = nullptr, .fd = fd});
}

Poller::Token Poller::add(Entry entry) {
  entries_.emplace(next_, std::move(entry));
  return next_++;
}

void Poller::remove(Token token) {
  entries_.erase(token);
}

Result<std::size_t> Poller::wait(std::chrono::milliseconds timeout) {
  std::vector<zmq_pollitem_t> items;
  std::vector<Entry*> owners;
  const auto want = [&](Entry& entry, void* socket, int fd) {
    items.push_back({.socket = socket, .fd = fd, .events = ZMQ_POLLIN, .revents = 0});
    owners.push_back(&entry);
  };
  for (auto& [token, entry] : entries_) {
    entry.ready = false;
    if (entry.handles == nullptr) {
      want(entry, nullptr, entry.fd);
      continue;
    }
    for (void* const socket : {entry.handles->socket, entry.handles->monitor}) {
      if (socket != nullptr) {
        want(entry, socket, 0);
      }
    }
    if (entry.handles->wake_fd >= 0) {
      want(entry, nullptr, entry.handles->wake_fd);
    }
  }
  const int found = zmq_poll(items.data(), static_cast<int>(items.size()), timeout.count());
  if (found < 0) {
    if (zmq_errno() == EINTR) {
      return std::size_t{0};
    }
    return fail_zmq(ErrorCode::kUnavailable, "waiting for sockets");
  }
  std::size_t ready_count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].revents != 0 && !std::exchange(owners[i]->ready, true)) {
      ++ready_count;
    }
  }
  return ready_count;
}

bool Poller::ready(Token token) const {
  const auto found = entries_.find(token);
  return found != entries_.end() && found->second.ready;
}

}  // namespace chancery::zmq
