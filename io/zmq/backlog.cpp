#include "io/zmq/backlog.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace chancery::zmq {
namespace {

// <linux/tcp.h> and <netinet/tcp.h> both define tcp_info and cannot be included together; glibc's
// ends before tcpi_bytes_received, whose place in the kernel's layout is fixed.
constexpr std::size_t kBytesReceivedOffset = 128;  // tcpi_bytes_received, since Linux 4.1.

}  // namespace

Look look_at(int fd) {
  alignas(8) std::array<std::uint8_t, 256> info{};
  auto size = static_cast<socklen_t>(info.size());
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0) {
    return {.gone = errno == EBADF || errno == ENOTSOCK, .received = std::nullopt};
  }
  std::uint64_t received = 0;
  if (size < kBytesReceivedOffset + sizeof received) {
    return {};
  }
  std::memcpy(&received, info.data() + kBytesReceivedOffset, sizeof received);
  return {.gone = false, .received = received};
}

}  // namespace chancery::zmq
