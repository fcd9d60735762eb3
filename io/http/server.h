// A small HTTP server for what others ask of a daemon: short answers to GET and HEAD, or to POST.
//
// Nothing that a client does costs more than is bounded here: requests are read by a few threads,
// against a clock, and one connection carries one request. Where more connections wait than may,
// the one that waited the longest is closed, and the newest is read first: a crowd that says
// nothing does not keep a scraper out. The handler runs on these threads, several at a time.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "io/http/address.h"

namespace chancery::http {

inline constexpr std::size_t kThreads = 4;
inline constexpr std::size_t kWaitingMax = 32;         // Connections that no thread reads yet.
inline constexpr std::size_t kRequestBytesMax = 4096;  // Its first line and headers, no body.
// For the first byte, then for the request and its answer as a whole.
inline constexpr std::chrono::milliseconds kFirstByteMax{500};
inline constexpr std::chrono::milliseconds kRequestMax{2000};

struct Request {
  std::string path;
  std::string accept{};  // The header; empty where there is none.
  std::string body{};    // Of a POST.
};

struct Response {
  int status = 200;
  std::string body;
  std::string type = "text/plain; charset=utf-8";
};

class Server {
 public:
  using Handler = std::function<Response(const Request&)>;

  // Listens when it returns. Signals are to be blocked before: its threads inherit the mask.
  // With a body it answers to POST alone, else to GET and HEAD alone: 405. A body says how long it
  // is (411), and of more than `body_bytes_max` none is read (413).
  // kAddressInUse where the address cannot be had, kUnavailable where there are no threads.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Address& address,
                                                             Handler handler,
                                                             std::size_t body_bytes_max = 0);
  // Waits for requests under way, at most kRequestMax.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  Server(Server&&) = delete;
  Server& operator=(Server&&) = delete;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace chancery::http
