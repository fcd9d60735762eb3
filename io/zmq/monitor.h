// What libzmq tells about the connections of one socket (zmq_socket_monitor). Inner to io/zmq.
//
// The queue has no limit on purpose: at a limit libzmq's I/O thread would wait for our reader, and
// with it every connection of the process. It is read soon: by the thread of a Router, with every
// receive() of a Dealer. The monitor is stopped before its reader is closed, for the same reason.
//
// One owner, the thread that owns the socket; destroyed before the socket.

#pragma once

#include <optional>

#include "core/base/result.h"
#include "io/zmq/context.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {

struct MonitorEvent {
  int event;  // ZMQ_EVENT_...
  int value;  // A descriptor, a ZAP status or an errno.
};

class Monitor {
 public:
  [[nodiscard]] static Result<Monitor> open(Context& context, Socket& watched, int events);

  Monitor() = default;
  Monitor(Monitor&& other) noexcept;
  Monitor& operator=(Monitor&& other) noexcept;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor();

  void close();
  [[nodiscard]] std::optional<MonitorEvent> next();
  [[nodiscard]] void* get() const { return reader_.get(); }
  // Can be read where there may be more to tell, once next() has given nothing: not before, even
  // where there is something.
  [[nodiscard]] int wake_fd() const;

 private:
  Monitor(void* watched, Socket reader) : watched_(watched), reader_(std::move(reader)) {}

  void* watched_ = nullptr;
  Socket reader_;
};

}  // namespace chancery::zmq
