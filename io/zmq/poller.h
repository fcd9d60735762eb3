// Waits for several sockets and file descriptors at once: what a daemon's loop sleeps in.
//
// A socket counts as ready when a message can be read or, of a Dealer, an event, so its owner then
// calls receive() and next_event() until there is nothing. A socket that was destroyed
// is skipped; one that reconnected stays registered.
//
// One owner, the thread that owns the sockets. Limits: as many entries as are added.

#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>

#include "core/base/result.h"

namespace chancery::zmq {

class Dealer;
class Router;
struct PollHandles;

class Poller {
 public:
  using Token = std::size_t;

  Token add(const Router& router);
  Token add(const Dealer& dealer);
  Token add(int fd);  // Readable, or broken. Not owned: remove it before closing it.
  void remove(Token token);

  // How many entries are ready: none when the time passed or a signal came first. kUnavailable
  // when the context is gone.
  [[nodiscard]] Result<std::size_t> wait(std::chrono::milliseconds timeout);

  // Of the last wait().
  [[nodiscard]] bool ready(Token token) const;

 private:
  struct Entry {
    std::shared_ptr<const PollHandles> handles;
    int fd = -1;
    bool ready = false;
  };

  Token add(Entry entry);

  std::map<Token, Entry> entries_;
  Token next_ = 0;
};

}  // namespace chancery::zmq
