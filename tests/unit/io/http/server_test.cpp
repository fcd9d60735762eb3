#include "io/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::http {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Of now: somebody may take it before we do.
std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(probe);
  return ntohs(address.sin_port);
}

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(port);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void say(std::string_view text) const { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Whether the server has not closed it, as far as one can see.
  [[nodiscard]] bool is_open() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }
  void end() const { ::shutdown(fd_, SHUT_WR); }
  // All that comes, until the server closes.
  [[nodiscard]] std::string hear() const {
    std::string all;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::recv(fd_, part.data(), part.size(), 0)) > 0;) {
      all.append(part.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  int fd_;
  bool connected_ = false;
};

class HttpServer : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<Server>> started =
        Server::start({.host = "127.0.0.1", .port = port_}, [](const Request& request) {
          return request.path == "/path" ? Response{.body = "accept " + request.accept + "\n"}
                                         : Response{.status = 404, .body = "no such page\n"};
        });
    ASSERT_TRUE(started.has_value()) << started.error().to_string();
    server_ = std::move(*started);
  }

  [[nodiscard]] std::string ask(std::string_view bytes) const {
    const Client client(port_);
    client.say(bytes);
    client.end();
    return client.hear();
  }

  std::uint16_t port_ = free_port();
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kGet = "GET /path HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n";

TEST_F(HttpServer, AnswersOneRequestAndCloses) {
  const std::string heard = ask(kGet);
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_TRUE(heard.contains("Connection: close\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\naccept text/plain\n")) << heard;
}

TEST_F(HttpServer, AnswersHeadWithoutABody) {
  const std::string heard = ask("HEAD /path HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n")) << heard;
}

TEST_F(HttpServer, RefusesOtherMethodsAndPaths) {
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const std::string heard = ask(method + " /path HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 405 ")) << heard;
    EXPECT_TRUE(heard.contains("Allow: GET, HEAD\r\n")) << heard;
  }
  EXPECT_TRUE(ask("GET /other HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask("GET /path/../../etc/passwd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

// A page is small, and many ranges of it would not be.
TEST_F(HttpServer, AnswersWithTheWholePageWhateverRangesAreAskedFor) {
  std::string ranges = "bytes=0-";
  for (int i = 0; i < 500; ++i) {
    ranges += ",0-";
  }
  const std::string heard = ask("GET /path HTTP/1.1\r\nAccept: x\r\nRange: " + ranges + "\r\n\r\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\naccept x\n")) << heard;
}

// Each of these ends, and the server goes on.
TEST_F(HttpServer, SurvivesWhatIsNoRequest) {
  const std::string a_lot(2 * kRequestBytesMax, 'a');
  const std::string nearly(kRequestBytesMax - 100, '1');
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string(100, '\0'), std::string("\x16\x03\x01\x02\x00\x01", 6),
        "GET /" + a_lot + " HTTP/1.1\r\n\r\n", "GET /path HTTP/1.1\r\nX: " + a_lot + "\r\n\r\n",
        "GET /path HTTP/1.1\r\nRange: bytes=" + nearly + "-\r\n\r\n",
        std::string("GET /path HTTP/1.1\r\nRange: bytes=0-0,1-1,2-2\r\n\r\n"),
        std::string("GET /path HTTP/1.1\r\nExpect: 100-continue\r\n\r\n"),
        std::string("GET /path HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n"),
        std::string("GET /%00%0d%0aX:1 HTTP/1.1\r\n\r\n"), std::string("GET  HTTP/9.9\r\n\r\n")}) {
    const std::string heard = ask(bytes);
    EXPECT_TRUE(heard.empty() || heard.starts_with("HTTP/1.1 ")) << heard;
  }
  EXPECT_TRUE(ask(kGet).starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServer, ARequestOverTheBoundIsNotServed) {
  std::string request = "GET /path HTTP/1.1\r\n";
  while (request.size() <= kRequestBytesMax) {
    request += "X: " + std::string(80, 'a') + "\r\n";
  }
  EXPECT_FALSE(ask(request + "\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServer, ACrowdThatSaysNothingKeepsNobodyOut) {
  std::vector<std::unique_ptr<Client>> crowd;
  crowd.reserve(400);
  for (std::size_t i = 0; i < 400; ++i) {
    crowd.push_back(std::make_unique<Client>(port_));
    ASSERT_TRUE(crowd.back()->connected());
  }
  EXPECT_TRUE(ask(kGet).starts_with("HTTP/1.1 200 "));
  const auto open_count = [&](std::size_t first, std::size_t last) {
    return static_cast<std::size_t>(
        std::count_if(crowd.begin() + static_cast<std::ptrdiff_t>(first),
                      crowd.begin() + static_cast<std::ptrdiff_t>(last),
                      [](const auto& client) { return client->is_open(); }));
  };
  // The oldest were closed for the newest, but for those that a thread reads.
  EXPECT_LE(open_count(0, crowd.size() - 2 * kWaitingMax), kThreads);
  // Who waited did not come first, and is still waiting.
  EXPECT_GT(open_count(0, crowd.size()), kThreads);
}

TEST_F(HttpServer, ClosesAClientThatDoesNotComeToAnEnd) {
  const Client silent(port_);
  const Client begun(port_);
  begun.say("GET /path HTTP/1.1\r\nX-Half: ");
  EXPECT_EQ(silent.hear(), "");
  EXPECT_FALSE(begun.hear().starts_with("HTTP/1.1 200 "));
}

// Takes bodies, and answers with how long each is and how it ends.
class HttpBodies : public testing::Test {
 protected:
  static constexpr std::size_t kBodyMax = 20'000;

  void SetUp() override {
    Result<std::unique_ptr<Server>> started = Server::start(
        {.host = "127.0.0.1", .port = port_},
        [](const Request& request) {
          const std::string& body = request.body;
          return Response{.body = request.path + " " + std::to_string(body.size()) + " " +
                                  body.substr(body.size() - std::min<std::size_t>(body.size(), 3))};
        },
        kBodyMax);
    ASSERT_TRUE(started.has_value()) << started.error().to_string();
    server_ = std::move(*started);
  }

  // The status, and the last line.
  [[nodiscard]] std::string post(const std::string& headers, const std::string& body) const {
    const Client client(port_);
    client.say("POST /x HTTP/1.1\r\n" + headers + "\r\n" + body);
    client.end();
    const std::string heard = client.hear();
    return heard.starts_with("HTTP/1.1 ") ? heard.substr(9, 4) + heard.substr(heard.rfind('\n') + 1)
                                          : heard;
  }
  [[nodiscard]] std::string post_sized(std::size_t size) const {
    return post("Content-Length: " + std::to_string(size) + "\r\n",
                std::string(size, 'a') + "behind");
  }

  std::uint16_t port_ = free_port();
  std::unique_ptr<Server> server_;
};

TEST_F(HttpBodies, TakesABodyOfWhatItSaysAndNoMore) {
  EXPECT_EQ(post("Content-Length: 3\r\n", "abcdef"), "200 /x 3 abc");
  EXPECT_EQ(post("Content-Length: 0\r\n", ""), "200 /x 0 ");
  // In one packet with the headers, and in several; the bound is of the body alone.
  for (const std::size_t size : {std::size_t{100}, 2 * kRequestBytesMax, kBodyMax}) {
    EXPECT_EQ(post_sized(size), "200 /x " + std::to_string(size) + " aaa");
  }
}

TEST_F(HttpBodies, OneByteOverTheBoundIsNotRead) {
  EXPECT_EQ(post_sized(kBodyMax + 1).substr(0, 3), "413");
  EXPECT_EQ(post_sized(std::size_t{1} << 19U).substr(0, 3), "413");
  for (const std::string size : {"20001", "18446744073709551615", "18446744073709551616"}) {
    EXPECT_EQ(post("Content-Length: " + size + "\r\n", "").substr(0, 3), "413") << size;
  }
}

TEST_F(HttpBodies, ABodyWhoseLengthIsNotKnownIsNotRead) {
  EXPECT_EQ(post("", "abc").substr(0, 3), "411");
  const std::string chunk = "3\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", chunk).substr(0, 3), "411");
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", chunk).substr(0, 3), "411");
  for (const std::string length : {"x", "3x", "+3", "-3", "0x3"}) {
    EXPECT_EQ(post("Content-Length: " + length + "\r\n", "abc").substr(0, 3), "400") << length;
  }
  EXPECT_EQ(post("Content-Length: 3\r\nContent-Length: 2\r\n", "abc").substr(0, 3), "400");
  EXPECT_EQ(post("Content-Length: 9\r\n", "abc").substr(0, 3), "400") << "it ends before";
}

TEST_F(HttpBodies, HeadersHaveTheirBoundAllTheSame) {
  std::string headers = "Content-Length: 3\r\n";
  while (headers.size() <= kRequestBytesMax) {
    headers += "X: " + std::string(80, 'a') + "\r\n";
  }
  EXPECT_FALSE(post(headers, "abc").starts_with("200"));
}

TEST_F(HttpBodies, NothingButPostIsServed) {
  for (const std::string method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const Client client(port_);
    client.say(method + " /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    client.end();
    const std::string heard = client.hear();
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 405 ")) << heard;
    EXPECT_TRUE(heard.contains("Allow: POST\r\n")) << heard;
  }
}

TEST_F(HttpBodies, ABodyThatDripsEndsAndKeepsNobodyOut) {
  std::vector<std::unique_ptr<Client>> crowd;
  crowd.reserve(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i) {
    crowd.push_back(std::make_unique<Client>(port_));
    crowd.back()->say("POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
  }
  EXPECT_EQ(post("Content-Length: 3\r\n", "abc"), "200 /x 3 abc");
  for (const auto& client : crowd) {
    EXPECT_FALSE(client->hear().starts_with("HTTP/1.1 200 "));
  }
}

TEST_F(HttpServer, OnePortHasOneServer) {
  const Result<std::unique_ptr<Server>> second = Server::start(
      {.host = "127.0.0.1", .port = port_}, [](const Request& /*request*/) { return Response{}; });
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kAddressInUse);
}

TEST_F(HttpServer, EndsWhileClientsWait) {
  std::vector<std::unique_ptr<Client>> crowd;
  crowd.reserve(400);
  for (std::size_t i = 0; i < kThreads + kWaitingMax; ++i) {
    crowd.push_back(std::make_unique<Client>(port_));
  }
  server_.reset();
  for (const std::unique_ptr<Client>& client : crowd) {
    EXPECT_EQ(client->hear(), "");
  }
}

}  // namespace
}  // namespace chancery::http
