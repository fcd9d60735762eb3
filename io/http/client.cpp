#include "io/http/client.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>

namespace chancery::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::unexpected<Error> no_url(std::string_view why) {
  return fail(ErrorCode::kConfigInvalid, "a URL is http:// or https://, a host, and what follows " +
                                             std::string("it: ") + std::string(why));
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

Result<void> split_authority(Url& url) {
  std::string_view rest = url.authority;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    url.host = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    if (end == std::string_view::npos || !is_ipv6(url.host)) {
      return no_url("no IPv6 address in brackets");
    }
    rest.remove_prefix(end + 1);
  } else {
    url.host = rest.substr(0, rest.find(':'));
    if (!is_host(url.host)) {
      return no_url("no host");
    }
    rest.remove_prefix(url.host.size());
  }
  url.port = url.secure ? kHttpsPort : kHttpPort;
  if (rest.empty()) {
    return {};
  }
  const std::string_view digits = rest.substr(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  if (rest.front() != ':' || error != std::errc{} || end != digits.data() + digits.size() ||
      digits.front() == '0') {
    return no_url("a port is 1 to 65535");
  }
  return {};
}

std::unique_ptr<httplib::ClientImpl> client_of(const Url& url) {
  if (url.secure) {
    return std::make_unique<httplib::SSLClient>(url.host, url.port);
  }
  return std::make_unique<httplib::ClientImpl>(url.host, url.port);
}

bool was_before_the_request(httplib::Error error) {
  return error == httplib::Error::Connection || error == httplib::Error::ConnectionTimeout ||
         error == httplib::Error::SSLConnection || error == httplib::Error::SSLLoadingCerts ||
         error == httplib::Error::SSLServerVerification;
}

std::string words_of(httplib::Error error, const Post& post) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "no connection";
    case httplib::Error::SSLConnection:
      return "the TLS handshake failed";
    case httplib::Error::SSLLoadingCerts:
      return "no certificates in " + post.ca_file;
    case httplib::Error::SSLServerVerification:
      return "the certificate is not of this host, or of no CA that is trusted here";
    case httplib::Error::Write:
      return "the connection ended, or time was up, before the request was sent";
    default:
      return "no answer that is HTTP came in time";
  }
}

Posted send(const Post& post, const Url& url) {
  const std::unique_ptr<httplib::ClientImpl> client = client_of(url);
  client->set_connection_timeout(post.step_time_max);
  client->set_read_timeout(post.step_time_max);
  client->set_write_timeout(post.step_time_max);
  client->set_url_encode(false);  // It is sent as it was written.
  client->set_follow_location(false);
  if (url.secure) {
    client->enable_server_certificate_verification(true);
    client->set_ca_cert_path(post.ca_file);
  }
  Posted posted;
  httplib::Request request;
  request.method = "POST";
  request.path = url.target;
  request.body = post.body;
  request.set_header("Host", url.authority);
  request.set_header("Content-Type", post.type);
  for (const auto& [name, value] : post.headers) {
    request.set_header(name, value);
  }
  request.response_handler = [&](const httplib::Response& response) {
    posted.status = response.status;
    return false;  // What follows is not read.
  };
  httplib::Response response;
  auto error = httplib::Error::Success;
  if (client->send(request, response, error)) {
    posted.status = response.status;  // One without a body, such as 204.
  }
  if (!posted.status.has_value()) {
    posted.fault = words_of(error, post);
  }
  posted.may_be_heard = !was_before_the_request(error);
  return posted;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return no_url(std::to_string(kUrlBytesMax) + " bytes at most");
  }
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; })) {
    return no_url("visible ASCII alone");
  }
  Url url{.secure = text.starts_with("https://")};
  if (!url.secure && !text.starts_with("http://")) {
    return no_url("no other scheme");
  }
  const std::string_view rest = text.substr(text.find("//") + 2);
  const std::size_t target = std::min(rest.find_first_of("/?#"), rest.size());
  url.authority = rest.substr(0, target);
  url.target = rest.substr(target);
  if (url.authority.contains('@')) {
    return no_url("no user and no password");
  }
  if (url.target.contains('#')) {
    return no_url("no fragment");
  }
  if (!url.target.starts_with('/')) {
    url.target.insert(0, "/");
  }
  CHANCERY_TRY_VOID(split_authority(url));
  return url;
}

Posted post(const Post& post) {
  const Result<Url> url = parse_url(post.url);
  if (!url.has_value()) {
    return {.fault = url.error().detail};
  }
  try {
    return send(post, *url);
  } catch (const std::exception& error) {  // Without memory, say.
    return {.may_be_heard = true, .fault = std::string("the answer is no use: ") + error.what()};
  }
}

}  // namespace chancery::http
