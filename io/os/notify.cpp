#include "io/os/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace chancery::os {
namespace {

// The value of a variable, which is gone from the environment then.
std::string take(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before threads.
  std::string taken = value == nullptr ? "" : value;
  ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  return taken;
}

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
  return error == std::errc() && end == digits.end() ? std::optional(value) : std::nullopt;
}

}  // namespace

Notify Notify::from_environment() {
  Notify notify;
  std::string address = take("NOTIFY_SOCKET");
  const std::optional<std::uint64_t> watchdog_us = number(take("WATCHDOG_USEC"));
  const std::optional<std::uint64_t> watched_pid = number(take("WATCHDOG_PID"));
  const bool known = address.size() > 1 && address.size() < sizeof(sockaddr_un::sun_path) &&
                     (address[0] == '/' || address[0] == '@');
  if (!known) {
    return notify;
  }
  if (address[0] == '@') {
    address[0] = '\0';
  }
  notify.socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  notify.address_ = std::move(address);
  const auto pid = static_cast<std::uint64_t>(::getpid());
  const std::uint64_t watchdog = watchdog_us.value_or(0);
  if (watchdog > 1 && watched_pid.value_or(pid) == pid) {
    notify.every_ = std::chrono::microseconds(watchdog / 2);
  }
  return notify;
}

void Notify::send(std::string_view text) const {
  if (!socket_) {
    return;
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  (void)::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), size);
}

void Notify::ready(std::string_view status) {
  send("READY=1\nSTATUS=" + std::string(status));
}

void Notify::status(std::string_view status) {
  send("STATUS=" + std::string(status));
}

void Notify::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t now_us = (static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U) +
                               (static_cast<std::uint64_t>(now.tv_nsec) / 1'000U);
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us));
}

void Notify::stopping(std::string_view status) {
  send("STOPPING=1\nSTATUS=" + std::string(status));
}

void Notify::turned(std::chrono::steady_clock::time_point now) {
  if (every_.has_value() && now - told_at_ >= *every_) {
    told_at_ = now;
    send("WATCHDOG=1");
  }
}

}  // namespace chancery::os
