#include "io/zmq/socket.h"

#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "io/zmq/endpoint.h"

namespace chancery::zmq {
namespace {

// A peer whose machine says nothing, of tcp: three times 5 s.
constexpr int kKeepaliveSeconds = 5;
constexpr int kKeepaliveProbes = 2;
constexpr std::chrono::milliseconds kGoneAfter{15'000};
// What CURVE adds to a frame, which libzmq counts: command name, nonce, MAC and flags (RFC 26).
constexpr std::size_t kCurveFrameBytes = 8 + 8 + 16 + 1;
constexpr std::size_t kShortFrameMax = 255;  // ZMTP: a byte for the size, over it eight (RFC 23).
// Far above any limit of the protocol, and far from where sums overflow.
constexpr std::size_t kFrameBytesCeiling = 1U << 30U;

// A message that is closed with its scope: libzmq counts references behind it.
class Frame {
 public:
  Frame() { zmq_msg_init(&message_); }
  ~Frame() { zmq_msg_close(&message_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  Frame(Frame&&) = delete;
  Frame& operator=(Frame&&) = delete;

  bool receive(void* socket) { return zmq_msg_recv(&message_, socket, ZMQ_DONTWAIT) >= 0; }
  [[nodiscard]] bool more() const { return zmq_msg_more(&message_) != 0; }
  [[nodiscard]] std::string text() {
    return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }
  [[nodiscard]] std::string message_property(const char* name) const {
    const char* const value = zmq_msg_gets(&message_, name);
    return value == nullptr ? std::string() : std::string(value);
  }
  [[nodiscard]] std::size_t wire_bytes() const {
    const std::size_t body = zmq_msg_size(&message_) + kCurveFrameBytes;
    return body + (body > kShortFrameMax ? 9 : 2);
  }
  [[nodiscard]] int source_fd() const { return zmq_msg_get(&message_, ZMQ_SRCFD); }

 private:
  zmq_msg_t message_{};
};

// Bytes that libzmq sends from where they are.
struct Lent {
  Lent(std::string lent, std::shared_ptr<Leaving> tally)
      : bytes(std::move(lent)), leaving(std::move(tally)) {
    leaving->add(bytes.size());
  }
  ~Lent() { leaving->remove(bytes.size()); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  Lent(Lent&&) = delete;
  Lent& operator=(Lent&&) = delete;

  std::string bytes;
  std::shared_ptr<Leaving> leaving;
  std::atomic<bool> handed_over = false;  // To libzmq's thread, with all that is in here.
};

void give_back(void* /*data*/, void* hint) {
  CHANCERY_CHECK(static_cast<Lent*>(hint)->handed_over.load(std::memory_order_acquire));
  delete static_cast<Lent*>(hint);  // NOLINT(cppcoreguidelines-owning-memory): libzmq owned it.
}

}  // namespace

std::unexpected<Error> fail_zmq(ErrorCode code, const std::string& what) {
  return fail(code, what + ": " + zmq_strerror(zmq_errno()));
}

Result<Socket> Socket::open(Context& context, int type) {
  void* const handle = zmq_socket(context.handle().get(), type);
  if (handle == nullptr) {
    return fail_zmq(ErrorCode::kUnavailable, "new ZeroMQ socket");
  }
  return Socket(context.handle(), handle);
}

Socket::Socket(Socket&& other) noexcept
    : context_(std::move(other.context_)), handle_(std::exchange(other.handle_, nullptr)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    context_ = std::move(other.context_);
    handle_ = std::exchange(other.handle_, nullptr);
  }
  return *this;
}

Socket::~Socket() {
  close();
}

void Socket::close() {
  if (handle_ != nullptr) {
    zmq_close(std::exchange(handle_, nullptr));
    context_.reset();
  }
}

Result<> Socket::set(int option, const char* name, int value) {
  return set_bytes(option, name, &value, sizeof value);
}

Result<> Socket::set(int option, const char* name, std::chrono::milliseconds value) {
  if (value.count() < 0 || value.count() > std::numeric_limits<int>::max()) {
    return fail(ErrorCode::kConfigInvalid, std::string(name) + " is out of range");
  }
  return set(option, name, static_cast<int>(value.count()));
}

Result<> Socket::set_int64(int option, const char* name, std::size_t value) {
  if (value > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail(ErrorCode::kConfigInvalid, std::string(name) + " is out of range");
  }
  const auto number = static_cast<std::int64_t>(value);
  return set_bytes(option, name, &number, sizeof number);
}

Result<> Socket::set_bytes(int option, const char* name, const void* data, std::size_t size) {
  if (zmq_setsockopt(handle_, option, data, size) != 0) {
    return fail_zmq(ErrorCode::kConfigInvalid, name);
  }
  return {};
}

Result<> Socket::set_key(int option, const char* name, const CurveKey& key) {
  return set_bytes(option, name, key.data(), key.size());
}

std::optional<Multipart> Socket::receive(const ReadLimits& limits) {
  Multipart message;
  {
    Frame frame;
    if (!frame.receive(handle_)) {
      return std::nullopt;
    }
    if (limits.has_routing_id) {
      message.routing_id = frame.text();
    } else {
      message.frames.push_back(frame.text());
      message.wire_bytes = frame.wire_bytes();
    }
    if (!frame.more()) {
      return message;
    }
  }
  // libzmq hands a message out only when it has all of it, so the other parts do not block.
  for (bool more = true; more;) {
    Frame frame;
    if (!frame.receive(handle_)) {
      break;
    }
    more = frame.more();
    message.wire_bytes += frame.wire_bytes();
    if (limits.has_routing_id && message.frames.empty() && !message.oversized) {
      message.user_id = frame.message_property("User-Id");
      message.peer_address = frame.message_property("Peer-Address");
      message.source_fd = frame.source_fd();
    }
    if (message.frames.size() < limits.part_count_max) {
      message.frames.push_back(frame.text());
    } else {
      message.oversized = true;
    }
  }
  return message;
}

int Socket::send_part(std::string_view part, bool more) {
  const int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
  return zmq_send(handle_, part.data(), part.size(), flags) < 0 ? zmq_errno() : 0;
}

int Socket::send(const std::string* routing_id, const std::vector<std::string>& frames) {
  CHANCERY_CHECK(!frames.empty());
  int error = routing_id != nullptr ? send_part(*routing_id, true) : 0;
  for (std::size_t i = 0; error == 0 && i < frames.size(); ++i) {
    error = send_part(frames[i], i + 1 < frames.size());
  }
  return error;
}

int Socket::send(const std::string& routing_id, std::vector<std::string> frames,
                 std::shared_ptr<Leaving> leaving) {
  CHANCERY_CHECK(!frames.empty());
  int error = send_part(routing_id, true);
  for (std::size_t i = 0; error == 0 && i + 1 < frames.size(); ++i) {
    error = send_part(frames[i], true);
  }
  return error != 0 ? error : send_one(std::move(frames.back()), std::move(leaving));
}

int Socket::send_one(std::string part, std::shared_ptr<Leaving> leaving) {
  auto lent = std::make_unique<Lent>(std::move(part), std::move(leaving));
  zmq_msg_t message;
  if (zmq_msg_init_data(&message, lent->bytes.data(), lent->bytes.size(), give_back, lent.get()) !=
      0) {
    return zmq_errno();
  }
  // It is libzmq's now, whatever becomes of the message.
  lent->handed_over.store(true, std::memory_order_release);
  [[maybe_unused]] Lent* const with_libzmq = lent.release();
  if (zmq_msg_send(&message, handle_, ZMQ_DONTWAIT) < 0) {
    const int error = zmq_errno();
    zmq_msg_close(&message);
    return error;
  }
  return 0;
}

Result<> set_link_options(Socket& socket, const LinkOptions& options) {
  // To libzmq 0 is "no limit" for a queue and "off" for a timer: neither is meant here.
  if (options.frame_bytes_max == 0 || options.frame_bytes_max > kFrameBytesCeiling ||
      options.part_count_max == 0 || options.send_count_max < 1 ||
      options.receive_count_max.value_or(1) < 1 || options.handshake_max.count() < 1) {
    return fail(ErrorCode::kConfigInvalid,
                "a limit of the link " + options.endpoint + " is out of range");
  }
  const bool ipv6 = options.endpoint.find('[') != std::string::npos;
  CHANCERY_TRY_VOID(socket.set(ZMQ_IPV6, "IPv6", ipv6 ? 1 : 0));
  CHANCERY_TRY_VOID(
      socket.set_int64(ZMQ_MAXMSGSIZE, "the size limit of a frame",
                       options.frame_bytes_max + (options.curve ? kCurveFrameBytes : 0)));
  CHANCERY_TRY_VOID(socket.set(ZMQ_SNDHWM, "the send queue limit", options.send_count_max));
  CHANCERY_TRY_VOID(
      socket.set(ZMQ_RCVHWM, "the receive queue limit", options.receive_count_max.value_or(0)));
  CHANCERY_TRY_VOID(socket.set(ZMQ_LINGER, "the linger time", options.linger));
  CHANCERY_TRY_VOID(
      socket.set(ZMQ_HANDSHAKE_IVL, "the time limit of a handshake", options.handshake_max));
  // Not libzmq's own heartbeats: its timer for them ends the process (an assertion in out_event)
  // where a peer has gone whose messages wait to be read, as after a pause of this process. The
  // kernel finds a machine that is gone; whether the program there is alive is for its messages.
  CHANCERY_TRY_VOID(socket.set(ZMQ_TCP_KEEPALIVE, "keepalive", 1));
  CHANCERY_TRY_VOID(
      socket.set(ZMQ_TCP_KEEPALIVE_IDLE, "the keepalive's idle time", kKeepaliveSeconds));
  CHANCERY_TRY_VOID(
      socket.set(ZMQ_TCP_KEEPALIVE_INTVL, "the keepalive's interval", kKeepaliveSeconds));
  CHANCERY_TRY_VOID(socket.set(ZMQ_TCP_KEEPALIVE_CNT, "the keepalive's count", kKeepaliveProbes));
  // What was sent and is not acknowledged.
  return socket.set(ZMQ_TCP_MAXRT, "the time limit of retransmission", kGoneAfter);
}

std::string inner_endpoint(const char* purpose) {
  static std::atomic<std::uint64_t> count{0};
  return std::string("inproc://chancery-") + purpose + "-" + std::to_string(count.fetch_add(1));
}

}  // namespace chancery::zmq
