#include "io/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

namespace chancery::http {
namespace {

bool is_loopback(const std::string& host, bool bracketed) {
  if (bracketed) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
  }
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24U == IN_LOOPBACKNET;
}

}  // namespace

Result<Address> parse_loopback(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.front() == '0') {
    return fail(ErrorCode::kConfigInvalid,
                "an address and a port from 1 to 65535: 127.0.0.1:9464 or [::1]:9464");
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  // The system would read a number up to a zero byte.
  if (host.contains('\0') || !is_loopback(std::string(host), bracketed)) {
    return fail(ErrorCode::kConfigInvalid,
                "an address of loopback (127.0.0.1 or [::1]); for others, put a reverse proxy "
                "with TLS and a password in front of it");
  }
  return Address{.host = std::string(host), .port = port};
}

}  // namespace chancery::http
