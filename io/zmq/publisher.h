// What is told to whoever listens at a socket file: a PUB socket (ZMTP 3.1, RFC 37) for plain SUB
// programs in any language.
//
// Its boundary is the file permission of the socket. A message has one part that begins with its
// topic, since libzmq 4.3.4 may end the process when a connection breaks in the middle of several
// (libzmq#3442).
//
// Bounds: connection_count_max, over which the newest is cut; a subscriber's queue of
// send_count_max messages, over which it alone loses what comes; leaving_bytes_max in all queues
// together, where a message that waits for several is counted once. Where there is no room for one
// more, the owner waits with it, and of those that were behind for behind_max (inlet.h), the one
// for longest is cut: it loses what it has not read, and holds nobody up for longer. Who reads
// somewhat more than that is not cut, and the others hear no faster.
//
// libzmq keeps what a subscriber asks for without a limit, in many times the bytes that ask for it.
// So these are counted (inlet.h): who has sent more than topic_bytes_max on a connection is cut,
// and where all have sent all_topic_bytes_max, who has sent most. Counted is whatever it sends,
// also what takes a topic back. A SUB socket that is cut connects again by itself, and asks for no
// more than it wants then: it loses what is told in between.
//
// One owner, one thread. No call waits, except bind().

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "io/zmq/context.h"

namespace chancery::zmq {

struct PublisherOptions {
  std::string path{};  // Of the socket file, at most kIpcPathBytesMax bytes.
  std::uint32_t mode = 0660;
  int send_count_max = 1000;  // Messages queued for a subscriber.
  std::size_t leaving_bytes_max = 16U << 20U;
  std::chrono::milliseconds behind_max{1000};
  int connection_count_max = 64;
  std::size_t topic_bytes_max = 64U << 10U;       // Received on a connection …
  std::size_t all_topic_bytes_max = 256U << 10U;  // … and on all, beyond the first KiB of each.
};

struct PublisherCounters {
  std::uint64_t published_count = 0;
  std::uint64_t connection_over_count = 0;
  std::uint64_t behind_count = 0;       // Connections cut for what they did not read.
  std::uint64_t topics_over_count = 0;  // Connections cut for what they asked.
};

class Publisher {
 public:
  // kConfigInvalid for a path that is too long or a limit of zero, kAddressInUse when a process
  // listens there, kExists when the path is not a socket, kIo when the system refuses.
  [[nodiscard]] static Result<Publisher> bind(Context& context, const PublisherOptions& options);

  Publisher(Publisher&& other) noexcept;
  Publisher& operator=(Publisher&& other) noexcept;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher();

  // Has libzmq look at what subscribers ask for, and who has gone. Now and again, also where there
  // is nothing to tell.
  void listen();

  // Whether there is room for a message of so many bytes: always for one where nothing waits. If
  // not, listen() and ask again after kLookInterval: by then somebody has read, or is cut.
  [[nodiscard]] bool has_room(std::size_t bytes);
  // To those who subscribed to how it begins. There is room for it.
  void publish(std::string message);

  [[nodiscard]] std::size_t connection_count();
  [[nodiscard]] std::size_t leaving_bytes() const;
  [[nodiscard]] std::size_t leaving_bytes_max() const;
  [[nodiscard]] std::size_t connection_count_max() const;
  // What was received of those who are connected, or were until lately.
  [[nodiscard]] std::uint64_t topic_bytes() const;
  [[nodiscard]] std::uint64_t topic_bytes_max() const;  // Of all.
  [[nodiscard]] const PublisherCounters& counters() const;

 private:
  struct State;
  explicit Publisher(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace chancery::zmq
