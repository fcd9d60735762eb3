// Where an HTTP server of a daemon may listen: at the machine itself, and nowhere else. It knows
// nobody and enciphers nothing; whoever asks from elsewhere asks a reverse proxy that does both.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace chancery::http {

struct Address {
  std::string host;  // Without brackets.
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

// "127.0.0.1:9464" or "[::1]:9464": numbers, no names, and a port from 1. kConfigInvalid else.
[[nodiscard]] Result<Address> parse_loopback(std::string_view text);

}  // namespace chancery::http
