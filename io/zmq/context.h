// The ZeroMQ context: I/O threads and the table of sockets, one per process.
//
// io/zmq/ is the only folder that includes <zmq.h>; callers see bytes, Results and the classes
// here. Every socket, the ZAP handler too, keeps the context alive, so that the order of
// destruction does not matter: the last one to go ends the I/O threads, which waits at most the
// linger time of the sockets.
//
// Threads: a Context may be given to several threads; each socket made from it belongs to one.

#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

namespace chancery::zmq {

struct ContextOptions {
  int socket_count_max = 256;  // Sockets of ours and inner ones; connections do not count.
  int io_thread_count = 1;
};

class Context {
 public:
  // kConfigInvalid for a number below one, kUnavailable when libzmq has no CURVE or no memory.
  [[nodiscard]] static Result<Context> create(const ContextOptions& options = {});

  // For the sockets of this folder.
  [[nodiscard]] const std::shared_ptr<void>& handle() const { return handle_; }

 private:
  explicit Context(std::shared_ptr<void> handle) : handle_(std::move(handle)) {}

  std::shared_ptr<void> handle_;
};

[[nodiscard]] std::string library_version();  // Of the libzmq that runs: "4.3.4".

}  // namespace chancery::zmq
