#include "io/http/server.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace chancery::http {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kReadAtOnce = 4096;
// What a client has sent behind its request is taken for so long, so that the answer is not lost:
// closing over unread bytes resets the connection.
constexpr milliseconds kLingerMax{100};
constexpr std::size_t kLingerBytesMax = 1U << 20U;

// Set on a thread while it closes a connection instead of serving it.
thread_local bool shedding = false;

bool wait_for(int fd, short events, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    pollfd waited{.fd = fd, .events = events, .revents = 0};
    const int ready =
        ::poll(&waited, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) {
      return ready > 0;
    }
  }
}

// One request and its answer, against the clock and the count of its bytes.
class Connection : public httplib::Stream {
 public:
  explicit Connection(int fd) : fd_(fd), first_byte_until_(began_ + kFirstByteMax) {}

  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return Clock::now() < until_; }

  ssize_t read(char* out, std::size_t size) override {
    if (at_ == end_ && !fill()) {
      return -1;
    }
    const std::size_t count = std::min(size, end_ - at_);
    std::memcpy(out, buffer_.data() + at_, count);
    at_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* from, std::size_t size) override {
    return wait_for(fd_, POLLOUT, until_) ? ::send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT)
                                          : -1;
  }

  // Nothing here looks at addresses.
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  [[nodiscard]] socket_t socket() const override { return fd_; }

  // What was said to follow the headers, whatever their bound. False where it does not come in
  // time.
  bool read_body(std::string& body) {
    bytes_max_ = taken_ + (body.size() - std::min(body.size(), end_ - at_));
    for (std::size_t have = 0; have < body.size();) {
      const ssize_t got = read(body.data() + have, body.size() - have);
      if (got < 0) {
        return false;
      }
      have += static_cast<std::size_t>(got);
    }
    return true;
  }

  void linger() const {
    ::shutdown(fd_, SHUT_WR);
    const Clock::time_point until = std::min(until_, Clock::now() + kLingerMax);
    std::array<char, kReadAtOnce> ignored{};
    for (std::size_t bytes = 0; bytes < kLingerBytesMax && wait_for(fd_, POLLIN, until);) {
      const ssize_t got = ::recv(fd_, ignored.data(), ignored.size(), MSG_DONTWAIT);
      if (got <= 0) {
        return;
      }
      bytes += static_cast<std::size_t>(got);
    }
  }

 private:
  bool fill() {
    const std::size_t room = std::min(buffer_.size(), bytes_max_ - taken_);
    if (room == 0 || !wait_for(fd_, POLLIN, taken_ == 0 ? first_byte_until_ : until_)) {
      return false;
    }
    const ssize_t got = ::recv(fd_, buffer_.data(), room, MSG_DONTWAIT);
    if (got <= 0) {
      return false;
    }
    at_ = 0;
    end_ = static_cast<std::size_t>(got);
    taken_ += end_;
    return true;
  }

  int fd_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point first_byte_until_;
  Clock::time_point until_ = began_ + kRequestMax;
  std::array<char, kReadAtOnce> buffer_{};
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::size_t taken_ = 0;
  std::size_t bytes_max_ = kRequestBytesMax;
};

// The library has no place for it: of the request that this thread serves.
thread_local Connection* serving = nullptr;

// The library's own queue has no bound, and its threads wait for whoever came first.
class Workers : public httplib::TaskQueue {
 public:
  Workers() {
    try {
      for (std::size_t i = 0; i < kThreads; ++i) {
        threads_.emplace_back([this] { work(); });
      }
    } catch (...) {
      Workers::shutdown();
      throw;
    }
  }
  ~Workers() override { Workers::shutdown(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  Workers(Workers&&) = delete;
  Workers& operator=(Workers&&) = delete;

  void enqueue(std::function<void()> task) override {
    std::function<void()> oldest;
    {
      const std::scoped_lock lock(mutex_);
      waiting_.push_back(std::move(task));
      if (waiting_.size() > kWaitingMax) {
        oldest = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    changed_.notify_one();
    if (oldest) {
      shed(oldest);
    }
  }

  void shutdown() override {
    {
      const std::scoped_lock lock(mutex_);
      stops_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
    for (const std::function<void()>& task : std::exchange(waiting_, {})) {
      shed(task);
    }
  }

 private:
  static void shed(const std::function<void()>& task) {
    shedding = true;
    task();
    shedding = false;
  }

  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stops_ || !waiting_.empty(); });
      if (stops_) {
        return;
      }
      const std::function<void()> newest = std::move(waiting_.back());
      waiting_.pop_back();
      lock.unlock();
      newest();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stops_ = false;
  std::vector<std::thread> threads_;
};

// The library parses requests and writes answers; connections are ours.
class Listener : public httplib::Server {
 public:
  // The library's own is 5: a crowd would keep everybody out for a second or more.
  void deepen_backlog() { ::listen(svr_sock_, SOMAXCONN); }

 private:
  bool process_and_close_socket(socket_t sock) override {
    const bool served = !shedding && serve(sock);
    ::close(sock);
    return served;
  }

  bool serve(socket_t sock) {
    try {
      Connection connection(sock);
      serving = &connection;
      bool closed = false;
      const bool served =
          // The library would answer each of many ranges with a copy of the page.
          process_request(connection, true, closed,
                          [](httplib::Request& request) { request.ranges.clear(); });
      connection.linger();
      return served;
    } catch (const std::exception&) {
      return false;  // Without memory, say: this connection ends, the daemon does not.
    }
  }
};

constexpr std::string_view methods_of(std::size_t body_bytes_max) {
  return body_bytes_max > 0 ? "POST" : "GET, HEAD";
}

bool is_served(const std::string& method, std::size_t body_bytes_max) {
  return body_bytes_max > 0 ? method == "POST" : method == "GET" || method == "HEAD";
}

struct Body {
  int status = 200;
  std::string bytes{};
};

Body body_of(const httplib::Request& request, std::size_t bytes_max) {
  if (request.has_header("Transfer-Encoding") || !request.has_header("Content-Length")) {
    return {.status = 411};
  }
  const std::string digits = request.get_header_value("Content-Length");
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error == std::errc::result_out_of_range || (error == std::errc{} && size > bytes_max)) {
    return {.status = 413};
  }
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
  if (!is_number || request.get_header_value_count("Content-Length") != 1) {
    return {.status = 400};
  }
  Body body{.bytes = std::string(size, '\0')};
  if (!serving->read_body(body.bytes)) {
    body.status = 400;
  }
  return body;
}

Response answer(const Server::Handler& handler, const httplib::Request& request,
                std::size_t body_bytes_max) {
  if (!is_served(request.method, body_bytes_max)) {
    return {.status = 405, .body = "only " + std::string(methods_of(body_bytes_max)) + "\n"};
  }
  Request asked{.path = request.path, .accept = request.get_header_value("Accept")};
  if (body_bytes_max > 0) {
    Body body = body_of(request, body_bytes_max);
    if (body.status != 200) {
      return {.status = body.status,
              .body = "a body of a known length, " + std::to_string(body_bytes_max) +
                      " bytes at most\n"};
    }
    asked.body = std::move(body.bytes);
  }
  return handler(asked);
}

}  // namespace

struct Server::Parts {
  Listener listener;
  std::unique_ptr<Workers> workers;  // Until the listener has them.
  std::thread thread;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(const Address& address, Handler handler,
                                              std::size_t body_bytes_max) {
  auto parts = std::make_unique<Parts>();
  Listener& listener = parts->listener;
  // The library's own options let a second process listen at the same port.
  listener.set_socket_options([](socket_t sock) {
    const int on = 1;
    ::setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  listener.set_pre_routing_handler(
      [handler = std::move(handler), body_bytes_max](const httplib::Request& request,
                                                     httplib::Response& response) {
        const Response made = answer(handler, request, body_bytes_max);
        response.status = made.status;
        if (made.status == 405) {
          response.set_header("Allow", std::string(methods_of(body_bytes_max)));
        }
        response.set_header("Cache-Control", "no-store");
        response.set_content(made.body, made.type);
        return httplib::Server::HandlerResponse::Handled;
      });
  listener.new_task_queue = [made = parts.get()] { return made->workers.release(); };
  if (!listener.bind_to_port(address.host, address.port)) {
    return fail(ErrorCode::kAddressInUse, "http " + address.host + " port " +
                                              std::to_string(address.port) + ": " +
                                              std::strerror(errno));
  }
  listener.deepen_backlog();
  try {
    parts->workers = std::make_unique<Workers>();
    parts->thread = std::thread([&listener] { listener.listen_after_bind(); });
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kUnavailable, std::string("threads for http: ") + error.what());
  }
  while (!listener.is_running()) {  // Before that, the library does not hear stop().
    std::this_thread::sleep_for(milliseconds(1));
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  parts_->listener.stop();
  parts_->thread.join();
}

}  // namespace chancery::http
