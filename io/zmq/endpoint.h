// Whether a text is an endpoint that this project takes: what libzmq would bend, it refuses.
//
// libzmq takes a port modulo 65,536, names of interfaces and source addresses. Here an endpoint is
// tcp://HOST:PORT with a name, an IPv4 or a bracketed IPv6 address, and 1 to 65,535 without leading
// zeros; or ipc:// and an absolute path: to libzmq "@" is the abstract name space and "*" anywhere,
// and neither has a file mode. Whether the host exists is found out by using it.
//
// Pure; any thread. Limits: kIpcPathBytesMax, which is the kernel's (unix(7)); kHostBytesMax (RFC
// 1035).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"

namespace chancery::zmq {

inline constexpr std::string_view kIpcPrefix = "ipc://";
inline constexpr std::string_view kTcpPrefix = "tcp://";
inline constexpr std::size_t kIpcPathBytesMax = 107;
inline constexpr std::size_t kHostBytesMax = 253;

enum class EndpointUse : std::uint8_t {
  kConnect,
  kListen,  // The host may be "*", all addresses; and so may the port, any that is free.
};

// kConfigInvalid, naming the rule that is broken.
[[nodiscard]] Result<> check_endpoint(std::string_view endpoint, EndpointUse use);

}  // namespace chancery::zmq
