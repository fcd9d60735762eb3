#include "io/zmq/monitor.h"

#include <cstring>
#include <string>
#include <utility>

namespace chancery::zmq {

Result<Monitor> Monitor::open(Context& context, Socket& watched, int events) {
  CHANCERY_TRY(Socket reader, Socket::open(context, ZMQ_PAIR));
  CHANCERY_TRY_VOID(reader.set(ZMQ_RCVHWM, "the monitor's queue", 0));
  CHANCERY_TRY_VOID(reader.set(ZMQ_LINGER, "the monitor's linger time", 0));
  const std::string endpoint = inner_endpoint("monitor");
  if (zmq_socket_monitor(watched.get(), endpoint.c_str(), events) != 0) {
    return fail_zmq(ErrorCode::kUnavailable, "socket monitor");
  }
  Monitor monitor(watched.get(), std::move(reader));
  if (zmq_connect(monitor.get(), endpoint.c_str()) != 0) {
    return fail_zmq(ErrorCode::kUnavailable, "socket monitor");
  }
  return monitor;
}

Monitor::Monitor(Monitor&& other) noexcept
    : watched_(std::exchange(other.watched_, nullptr)), reader_(std::move(other.reader_)) {}

Monitor& Monitor::operator=(Monitor&& other) noexcept {
  if (this != &other) {
    close();
    watched_ = std::exchange(other.watched_, nullptr);
    reader_ = std::move(other.reader_);
  }
  return *this;
}

Monitor::~Monitor() {
  close();
}

void Monitor::close() {
  if (watched_ != nullptr) {
    zmq_socket_monitor(std::exchange(watched_, nullptr), nullptr, 0);
  }
  reader_.close();
}

int Monitor::wake_fd() const {
  int fd = -1;
  std::size_t size = sizeof fd;
  return zmq_getsockopt(reader_.get(), ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

std::optional<MonitorEvent> Monitor::next() {
  // Part 1 is a 16-bit event and a 32-bit value, both in the order of this machine; part 2 is an
  // address, which nobody here needs.
  const std::optional<Multipart> message = reader_.receive({.part_count_max = 2});
  std::uint16_t event = 0;
  std::int32_t value = 0;
  if (!message || message->frames[0].size() != sizeof event + sizeof value) {
    return std::nullopt;
  }
  std::memcpy(&event, message->frames[0].data(), sizeof event);
  std::memcpy(&value, message->frames[0].data() + sizeof event, sizeof value);
  return MonitorEvent{.event = event, .value = value};
}

}  // namespace chancery::zmq
