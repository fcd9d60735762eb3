#include "io/zmq/dealer.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "io/zmq/backlog.h"
#include "io/zmq/endpoint.h"
#include "io/zmq/link.h"
#include "io/zmq/monitor.h"
#include "io/zmq/socket.h"
#include "io/zmq/thread.h"

namespace chancery::zmq {
namespace {

constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED;

Result<> set_options(Socket& socket, const DealerOptions& options, bool curve) {
  CHANCERY_TRY_VOID(set_link_options(socket, {.endpoint = options.endpoint,
                                              .curve = curve,
                                              .frame_bytes_max = options.frame_bytes_max,
                                              .part_count_max = options.part_count_max,
                                              .send_count_max = options.send_count_max,
                                              .receive_count_max = options.receive_count_max,
                                              .handshake_max = options.handshake_max,
                                              .linger = options.linger}));
  CHANCERY_TRY_VOID(socket.set(ZMQ_RECONNECT_IVL, "the reconnect interval", options.reconnect_min));
  CHANCERY_TRY_VOID(
      socket.set(ZMQ_RECONNECT_IVL_MAX, "the longest reconnect interval", options.reconnect_max));
  if (!curve) {
    return {};
  }
  CHANCERY_TRY_VOID(
      socket.set_key(ZMQ_CURVE_SERVERKEY, "the server's CURVE key", options.server_public));
  CHANCERY_TRY_VOID(
      socket.set_key(ZMQ_CURVE_PUBLICKEY, "the CURVE public key", options.own.public_key));
  return socket.set_key(ZMQ_CURVE_SECRETKEY, "the CURVE secret key", options.own.secret.bytes());
}

}  // namespace

// Destroyed from below: the thread before what it looks at, the monitor before the socket it
// watches.
struct Dealer::State {
  State(Context of, DealerOptions asked, bool with_curve)
      : context(std::move(of)),
        options(std::move(asked)),
        curve(with_curve),
        handles(std::make_shared<PollHandles>()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() {
    thread.stop();
    *handles = PollHandles{};
    if (wake_fd >= 0) {
      ::close(wake_fd);
    }
  }

  Result<> connect() {
    const std::lock_guard<std::mutex> held(mutex);
    *handles = PollHandles{};
    monitor.close();
    socket.close();
    events.clear();
    connected = false;
    lost = false;
    connection_fd = -1;
    backlog = {};
    CHANCERY_TRY(socket, Socket::open(context, ZMQ_DEALER));
    CHANCERY_TRY_VOID(set_options(socket, options, curve));
    CHANCERY_TRY(monitor, Monitor::open(context, socket, kEvents));
    if (zmq_connect(socket.get(), options.endpoint.c_str()) != 0) {
      return fail_zmq(ErrorCode::kConfigInvalid, "connecting to '" + options.endpoint + "'");
    }
    handles->socket = socket.get();
    if (wake_fd >= 0) {
      handles->wake_fd = wake_fd;
    } else {
      handles->monitor = monitor.get();
    }
    return {};
  }

  // From now on a thread looks, and who waits for events is woken by a descriptor of our own.
  Result<> watch() {
    wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) {
      return fail(ErrorCode::kUnavailable, "a link: " + std::generic_category().message(errno));
    }
    CHANCERY_TRY(thread, Thread::repeat("zmq-watch", kLookInterval, [this] {
                   const std::lock_guard<std::mutex> held(mutex);
                   look();
                 }));
    return {};
  }

  // Under the mutex, as all that follows.
  void look() {
    read_monitor();
    const Look look = look_at(connection_fd);
    waiting_bytes = look.received.has_value() ? backlog.waiting(*look.received) : 0;
    if (waiting_bytes > options.waiting_bytes_max) {
      ::shutdown(connection_fd, SHUT_RDWR);
      connection_fd = -1;
      keep({.state = LinkState::kFlooded});
    }
  }

  void keep(const LinkEvent& event) {
    if (events.size() == kLinkEventCountMax) {
      events.pop_front();
    }
    events.push_back(event);
    if (wake_fd >= 0) {
      [[maybe_unused]] const int woken = ::eventfd_write(wake_fd, 1);
    }
  }

  void read_monitor() {
    if (monitor.get() == nullptr || lost) {
      return;
    }
    while (const std::optional<MonitorEvent> event = monitor.next()) {
      switch (event->event) {
        case ZMQ_EVENT_CONNECTED:
          connection_fd = event->value;
          backlog = {};
          break;
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
          connected = true;
          keep({.state = LinkState::kConnected});
          break;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
          keep({.state = LinkState::kRefused, .status = event->value, .final = true});
          break;
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
          keep({.state = LinkState::kHandshakeFailed, .final = true});
          break;
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
          keep({.state = LinkState::kHandshakeFailed});
          break;
        case ZMQ_EVENT_DISCONNECTED:  // Follows a failed handshake too: that was told already.
          connection_fd = -1;
          if (std::exchange(connected, false)) {
            // What libzmq goes on with would bring what was for the connection before.
            keep({.state = LinkState::kDisconnected, .final = true});
            lost = true;
            return;
          }
          break;
        default:
          break;
      }
    }
  }

  bool is_connected() {
    const std::lock_guard<std::mutex> held(mutex);
    read_monitor();
    return connected;
  }

  std::optional<LinkEvent> next_event() {
    const std::lock_guard<std::mutex> held(mutex);
    read_monitor();
    std::optional<LinkEvent> event;
    if (!events.empty()) {
      event = events.front();
      events.pop_front();
    }
    if (event.has_value() && event->state == LinkState::kDisconnected) {
      *handles = PollHandles{.wake_fd = wake_fd};
      monitor.close();
      socket.close();
    }
    if (events.empty() && wake_fd >= 0) {
      eventfd_t woken = 0;
      [[maybe_unused]] const int read = ::eventfd_read(wake_fd, &woken);
    }
    return event;
  }

  // What lies in libzmq is counted for the thread that looks at it.
  void took(std::uint64_t bytes) {
    if (wake_fd < 0) {
      return;
    }
    const std::lock_guard<std::mutex> held(mutex);
    read_monitor();
    backlog.took(bytes);
  }

  void drained() {
    if (wake_fd < 0) {
      return;
    }
    const std::lock_guard<std::mutex> held(mutex);
    read_monitor();
    if (backlog.moved()) {
      if (const Look look = look_at(connection_fd); look.received.has_value()) {
        backlog.drained(*look.received);
      }
    }
  }

  Context context;
  DealerOptions options;
  bool curve;
  int wake_fd = -1;  // Can be read while there are events; only where the thread runs.
  Socket socket;
  std::mutex mutex;  // Of what follows, but for the handles and the count.
  Monitor monitor;
  std::shared_ptr<PollHandles> handles;
  std::deque<LinkEvent> events;
  bool connected = false;
  bool lost = false;  // The connection of this socket.
  int connection_fd = -1;
  Backlog backlog;
  std::uint64_t waiting_bytes = 0;  // At the last look.
  std::uint64_t oversized_count = 0;
  Thread thread;
};

Result<Dealer> connect_dealer(Context& context, const DealerOptions& options, bool curve) {
  CHANCERY_TRY_VOID(check_endpoint(options.endpoint, EndpointUse::kConnect));
  auto state = std::make_unique<Dealer::State>(context, options, curve);
  if (!options.endpoint.starts_with(kIpcPrefix)) {
    CHANCERY_TRY_VOID(state->watch());
  }
  CHANCERY_TRY_VOID(state->connect());
  return Dealer(std::move(state));
}

Result<Dealer> Dealer::connect(Context& context, const DealerOptions& options) {
  return connect_dealer(context, options, /*curve=*/true);
}

Dealer::Dealer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dealer::Dealer(Dealer&& other) noexcept = default;
Dealer& Dealer::operator=(Dealer&& other) noexcept = default;
Dealer::~Dealer() = default;

Result<> Dealer::send(const std::vector<std::string>& frames) {
  if (state_->socket.get() == nullptr) {
    return fail(ErrorCode::kUnavailable, "the link has no socket: reconnect");
  }
  if (state_->options.immediate && !state_->is_connected()) {
    return fail(ErrorCode::kUnavailable, "no connection to " + state_->options.endpoint);
  }
  const int error = state_->socket.send(nullptr, frames);
  if (error == 0) {
    return {};
  }
  if (error != EAGAIN) {
    return fail_zmq(ErrorCode::kUnavailable, "sending to " + state_->options.endpoint);
  }
  return fail(ErrorCode::kQueueFull,
              state_->options.endpoint + " does not read: its queue is full");
}

std::optional<std::vector<std::string>> Dealer::receive() {
  if (state_->socket.get() == nullptr) {
    return std::nullopt;
  }
  for (int i = 0; i < kDroppedCountMax; ++i) {
    std::optional<Multipart> message =
        state_->socket.receive({.part_count_max = state_->options.part_count_max});
    if (!message) {
      state_->drained();
      return std::nullopt;
    }
    state_->took(message->wire_bytes);
    if (!message->oversized) {
      return std::move(message->frames);
    }
    ++state_->oversized_count;
  }
  return std::nullopt;
}

std::optional<LinkEvent> Dealer::next_event() {
  return state_->next_event();
}

Result<> Dealer::reconnect() {
  return state_->connect();
}

std::uint64_t Dealer::waiting_bytes() const {
  const std::lock_guard<std::mutex> held(state_->mutex);
  return state_->waiting_bytes;
}

std::uint64_t Dealer::oversized_count() const {
  return state_->oversized_count;
}

std::shared_ptr<const PollHandles> Dealer::poll_handles() const {
  return state_->handles;
}

}  // namespace chancery::zmq
