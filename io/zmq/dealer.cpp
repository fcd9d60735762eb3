#include "io/zmq/dealer.h"

#include <cerrno>
#include <deque>
#include <utility>

#include "io/zmq/endpoint.h"
#include "io/zmq/link.h"
#include "io/zmq/monitor.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {
namespace {

constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_DISCONNECTED;

Result<> set_options(Socket& socket, const DealerOptions& options, bool curve) {
  CHANCERY_TRY_VOID(set_link_options(socket, {.endpoint = options.endpoint,
                                              .curve = curve,
                                              .frame_bytes_max = options.frame_bytes_max,
                                              .part_count_max = options.part_count_max,
                                              .send_count_max = options.send_count_max,
                                              .receive_count_max = options.receive_count_max,
                                              .handshake_max = options.handshake_max,
                                              .linger = options.linger}));
  CHANCERY_TRY_VOID(socket.set(ZMQ_IMMEDIATE, "the immediate queue", options.immediate ? 1 : 0));
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

// Destroyed from below: the monitor before the socket it watches.
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
  ~State() { *handles = PollHandles{}; }

  Result<> connect() {
    *handles = PollHandles{};
    monitor.close();
    socket.close();
    events.clear();
    connected = false;
    CHANCERY_TRY(socket, Socket::open(context, ZMQ_DEALER));
    CHANCERY_TRY_VOID(set_options(socket, options, curve));
    CHANCERY_TRY(monitor, Monitor::open(context, socket, kEvents));
    if (zmq_connect(socket.get(), options.endpoint.c_str()) != 0) {
      return fail_zmq(ErrorCode::kConfigInvalid, "connecting to '" + options.endpoint + "'");
    }
    handles->socket = socket.get();
    handles->monitor = monitor.get();
    return {};
  }

  void keep(const LinkEvent& event) {
    if (events.size() == kLinkEventCountMax) {
      events.pop_front();
    }
    events.push_back(event);
  }

  void update() {
    if (monitor.get() == nullptr) {
      return;
    }
    while (const std::optional<MonitorEvent> event = monitor.next()) {
      switch (event->event) {
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
          if (std::exchange(connected, false)) {
            keep({.state = LinkState::kDisconnected});
          }
          break;
        default:
          break;
      }
    }
  }

  Context context;
  DealerOptions options;
  bool curve;
  Socket socket;
  Monitor monitor;
  std::shared_ptr<PollHandles> handles;
  std::deque<LinkEvent> events;
  bool connected = false;
  std::uint64_t oversized_count = 0;
};

Result<Dealer> connect_dealer(Context& context, const DealerOptions& options, bool curve) {
  CHANCERY_TRY_VOID(check_endpoint(options.endpoint, EndpointUse::kConnect));
  auto state = std::make_unique<Dealer::State>(context, options, curve);
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
  const int error = state_->socket.send(nullptr, frames);
  if (error == 0) {
    return {};
  }
  if (error != EAGAIN) {
    return fail_zmq(ErrorCode::kUnavailable, "sending to " + state_->options.endpoint);
  }
  state_->update();
  if (!state_->connected) {
    return fail(ErrorCode::kUnavailable, "no connection to " + state_->options.endpoint);
  }
  return fail(ErrorCode::kQueueFull,
              state_->options.endpoint + " does not read: its queue is full");
}

std::optional<std::vector<std::string>> Dealer::receive() {
  state_->update();
  if (state_->socket.get() == nullptr) {
    return std::nullopt;
  }
  for (int i = 0; i < kDroppedCountMax; ++i) {
    std::optional<Multipart> message =
        state_->socket.receive({.part_count_max = state_->options.part_count_max});
    if (!message) {
      return std::nullopt;
    }
    if (!message->oversized) {
      return std::move(message->frames);
    }
    ++state_->oversized_count;
  }
  return std::nullopt;
}

std::optional<LinkEvent> Dealer::next_event() {
  state_->update();
  if (state_->events.empty()) {
    return std::nullopt;
  }
  const LinkEvent event = state_->events.front();
  state_->events.pop_front();
  return event;
}

Result<> Dealer::reconnect() {
  return state_->connect();
}

std::uint64_t Dealer::oversized_count() const {
  return state_->oversized_count;
}

std::shared_ptr<const PollHandles> Dealer::poll_handles() const {
  return state_->handles;
}

}  // namespace chancery::zmq
