// A ZeroMQ socket that closes itself, and messages in and out of it. Inner to io/zmq.
//
// libzmq aborts the process when a connection breaks in the middle of an outgoing message of
// several parts in the very moment that its socket is closed (libzmq#3442): what is sent in one
// part is safe.
//
// No Result here hides an errno: failures name what was tried and libzmq's words for it. One owner,
// one thread; the hand-over to another thread is by starting that thread.

#pragma once

#include <zmq.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/zmq/context.h"
#include "io/zmq/curve.h"
#include "io/zmq/leaving.h"

namespace chancery::zmq {

// What one receive() of a Dealer or a Router drops, so that no peer can keep it busy.
inline constexpr int kDroppedCountMax = 64;

// What a Poller looks at. Null once the socket is gone.
struct PollHandles {
  void* socket = nullptr;
  void* monitor = nullptr;  // Where no thread reads it …
  int wake_fd = -1;         // … and where one does, and has something to tell.
};

// A multipart message as it was read. `first` facts are of the first part that is kept after the
// routing id: libzmq 4.3.4 loses them on the routing-id part when the socket was polled before.
struct Multipart {
  std::string routing_id;  // Where one was asked for.
  std::vector<std::string> frames;
  std::string user_id;
  std::string peer_address;
  int source_fd = -1;
  bool oversized = false;
  std::uint64_t wire_bytes = 0;  // With CURVE's and ZMTP's own; without those of a routing id.
};

struct ReadLimits {
  bool has_routing_id = false;
  std::size_t part_count_max = 4;
};

class Socket {
 public:
  [[nodiscard]] static Result<Socket> open(Context& context, int type);

  Socket() = default;
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  void close();
  [[nodiscard]] void* get() const { return handle_; }
  [[nodiscard]] const std::shared_ptr<void>& context() const { return context_; }

  // kConfigInvalid, naming the option. Milliseconds and counts are ints to libzmq.
  [[nodiscard]] Result<> set(int option, const char* name, int value);
  [[nodiscard]] Result<> set(int option, const char* name, std::chrono::milliseconds value);
  [[nodiscard]] Result<> set_int64(int option, const char* name, std::size_t value);
  [[nodiscard]] Result<> set_bytes(int option, const char* name, const void* data,
                                   std::size_t size);
  [[nodiscard]] Result<> set_key(int option, const char* name, const CurveKey& key);

  // The next complete message, without waiting. Parts over the limit are read and dropped.
  [[nodiscard]] std::optional<Multipart> receive(const ReadLimits& limits);

  // 0, or the errno of the first part: once that is taken, the others are.
  [[nodiscard]] int send(const std::string* routing_id, const std::vector<std::string>& frames);
  // The same, without a copy of the last part, which is counted until libzmq lets go of it.
  [[nodiscard]] int send(const std::string& routing_id, std::vector<std::string> frames,
                         std::shared_ptr<Leaving> leaving);
  // One part to whoever wants it, likewise.
  [[nodiscard]] int send_one(std::string part, std::shared_ptr<Leaving> leaving);

 private:
  [[nodiscard]] int send_part(std::string_view part, bool more);

  Socket(std::shared_ptr<void> context, void* handle)
      : context_(std::move(context)), handle_(handle) {}

  std::shared_ptr<void> context_;
  void* handle_ = nullptr;
};

// "what: libzmq's words" under the code.
[[nodiscard]] std::unexpected<Error> fail_zmq(ErrorCode code, const std::string& what);

// Options that both ends of a link share.
struct LinkOptions {
  std::string endpoint;
  bool curve;
  std::size_t frame_bytes_max;
  std::size_t part_count_max;
  int send_count_max;
  std::optional<int> receive_count_max;  // None where bytes are counted instead (backlog.h).
  std::chrono::milliseconds handshake_max;
  std::chrono::milliseconds linger;
};
[[nodiscard]] Result<> set_link_options(Socket& socket, const LinkOptions& options);

// A name that no other inner socket of this process has.
[[nodiscard]] std::string inner_endpoint(const char* purpose);

}  // namespace chancery::zmq
