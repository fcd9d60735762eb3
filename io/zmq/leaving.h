// What a socket was given to send and libzmq still holds in its queues: of one peer, and of all.
//
// libzmq counts messages and knows no bytes. So each message is lent to it with its own count,
// which libzmq's thread takes back when it has enciphered the message, or dropped it with its
// connection. No peer can make it smaller than it is.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace chancery::zmq {

struct Leaving {
  std::atomic<std::size_t> messages{0};
  std::atomic<std::size_t> bytes{0};
  std::shared_ptr<Leaving> all{};  // That this is a part of; none where it is all.

  void add(std::size_t size) {
    for (Leaving* tally = this; tally != nullptr; tally = tally->all.get()) {
      ++tally->messages;
      tally->bytes += size;
    }
  }
  void remove(std::size_t size) {
    for (Leaving* tally = this; tally != nullptr; tally = tally->all.get()) {
      --tally->messages;
      tally->bytes -= size;
    }
  }
};

}  // namespace chancery::zmq
