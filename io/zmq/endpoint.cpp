#include "io/zmq/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace chancery::zmq {
namespace {

constexpr std::uint32_t kPortMax = 65'535;

std::unexpected<Error> broken(std::string_view endpoint, const std::string& rule) {
  return fail(ErrorCode::kConfigInvalid, "'" + std::string(endpoint) + "': " + rule);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_host_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_';
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    return is_address(AF_INET6, host.substr(1, host.size() - 2));
  }
  if (host.empty() || host.size() > kHostBytesMax ||
      !std::ranges::all_of(host, is_host_character)) {
    return false;
  }
  // What ends in a number is an address, and a name otherwise.
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return std::ranges::all_of(last, is_digit) ? is_address(AF_INET, host) : true;
}

bool is_port(std::string_view text) {
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && !text.starts_with('0') &&
         port <= kPortMax;
}

}  // namespace

Result<> check_endpoint(std::string_view endpoint, EndpointUse use) {
  if (endpoint.find('\0') != std::string_view::npos) {
    return broken(endpoint.substr(0, endpoint.find('\0')), "an endpoint has no zero byte");
  }
  if (endpoint.starts_with(kIpcPrefix)) {
    const std::string_view path = endpoint.substr(kIpcPrefix.size());
    if (!path.starts_with('/')) {
      return broken(endpoint, "the path of a socket is absolute");
    }
    if (path.size() > kIpcPathBytesMax) {
      return broken(endpoint, "the path of a socket has " + std::to_string(path.size()) +
                                  " bytes, limit " + std::to_string(kIpcPathBytesMax) +
                                  ": use a shorter folder");
    }
    return {};
  }
  if (!endpoint.starts_with(kTcpPrefix)) {
    return broken(endpoint, "neither tcp:// nor ipc://");
  }
  const std::string_view address = endpoint.substr(kTcpPrefix.size());
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return broken(endpoint, "tcp:// takes a host, a colon and a port");
  }
  const std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  const bool listens = use == EndpointUse::kListen;
  if (!is_host(host) && !(listens && host == "*")) {
    return broken(endpoint, "the host is neither a name nor an IPv4 nor a bracketed IPv6 address");
  }
  if (!is_port(port) && !(listens && port == "*")) {
    return broken(endpoint, "a port is a number from 1 to 65535");
  }
  return {};
}

}  // namespace chancery::zmq
