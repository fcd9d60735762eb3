#include "io/zmq/router.h"

#include <array>
#include <cerrno>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "io/zmq/connections.h"
#include "io/zmq/endpoint.h"
#include "io/zmq/inlet.h"
#include "io/zmq/leaving.h"
#include "io/zmq/link.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {
namespace {

// A draft option: zmq.h has no name for it in a stable build, libzmq 4.3.4 obeys it all the same.
constexpr int kZapEnforceDomain = 93;

constexpr std::size_t kRoutingIdSize =
    5;  // A zero byte and a 32-bit counter, as libzmq makes them.
constexpr std::chrono::milliseconds kBindRetry{20};
constexpr std::size_t kFrameOverheadMax = 1024;  // Of ZMTP and CURVE, and a handshake before it.

constexpr std::uint32_t counter_of(std::string_view routing_id) {
  std::uint32_t counter = 0;
  for (const char byte : routing_id.substr(1)) {
    counter = (counter << 8U) | static_cast<std::uint8_t>(byte);
  }
  return counter;
}

bool has_made_up_shape(std::string_view routing_id) {
  return routing_id.size() == kRoutingIdSize && routing_id[0] == '\0';
}

// The counter that libzmq will give to the next peer, minus one: learned from a peer of our own
// inside the process, before any other can connect.
Result<std::uint32_t> learn_counter(Context& context, Socket& router) {
  const std::string endpoint = inner_endpoint("router");
  CHANCERY_TRY(Socket peer, Socket::open(context, ZMQ_DEALER));
  CHANCERY_TRY_VOID(peer.set(ZMQ_LINGER, "the inner peer's linger time", 0));
  if (zmq_bind(router.get(), endpoint.c_str()) != 0 ||
      zmq_connect(peer.get(), endpoint.c_str()) != 0) {
    return fail_zmq(ErrorCode::kUnavailable, "inner peer of a router");
  }
  const int sent = peer.send(nullptr, {"?"});
  const std::optional<Multipart> message = router.receive({.has_routing_id = true});
  if (sent != 0 || !message || !has_made_up_shape(message->routing_id)) {
    return fail(ErrorCode::kUnavailable, "libzmq makes routing ids of another shape");
  }
  if (zmq_unbind(router.get(), endpoint.c_str()) != 0) {
    return fail_zmq(ErrorCode::kUnavailable, "inner peer of a router");
  }
  return counter_of(message->routing_id);
}

Result<> bind_tcp(Socket& socket, const RouterOptions& options) {
  const auto end = std::chrono::steady_clock::now() + options.bind_max;
  while (zmq_bind(socket.get(), options.endpoint.c_str()) != 0) {
    const int error = zmq_errno();
    if (error == EADDRINUSE && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kBindRetry);  // zmq_close() returns before the port is free.
      continue;
    }
    const bool wrong = error == EINVAL || error == ENODEV || error == EADDRNOTAVAIL;
    return fail_zmq(error == EADDRINUSE ? ErrorCode::kAddressInUse
                    : wrong             ? ErrorCode::kConfigInvalid
                                        : ErrorCode::kIo,
                    "listening at " + options.endpoint);
  }
  return {};
}

Result<> set_options(Socket& socket, const RouterOptions& options, bool curve) {
  CHANCERY_TRY_VOID(set_link_options(socket, {.endpoint = options.endpoint,
                                              .curve = curve,
                                              .frame_bytes_max = options.frame_bytes_max,
                                              .part_count_max = options.part_count_max,
                                              .send_count_max = options.send_count_max,
                                              .receive_count_max = std::nullopt,
                                              .handshake_max = options.handshake_max,
                                              .linger = options.linger}));
  CHANCERY_TRY_VOID(socket.set(ZMQ_BACKLOG, "the backlog", options.backlog));
  // Without it, what is sent to a peer that is gone or full is lost without a word.
  CHANCERY_TRY_VOID(socket.set(ZMQ_ROUTER_MANDATORY, "the mandatory router", 1));
  CHANCERY_TRY_VOID(socket.set(ZMQ_ROUTER_HANDOVER, "the router's hand-over", 0));
  if (!curve) {
    return {};
  }
  CHANCERY_TRY_VOID(socket.set(ZMQ_CURVE_SERVER, "CURVE", 1));
  CHANCERY_TRY_VOID(
      socket.set_key(ZMQ_CURVE_SECRETKEY, "the CURVE secret key", options.secret.bytes()));
  CHANCERY_TRY_VOID(socket.set_bytes(ZMQ_ZAP_DOMAIN, "the ZAP domain", options.zap_domain.data(),
                                     options.zap_domain.size()));
  return socket.set(kZapEnforceDomain, "the enforced ZAP domain", 1);
}

Result<std::unique_ptr<Inlet>> open_inlet(Socket& socket, const RouterOptions& options) {
  if (options.waiting_bytes_max < options.frame_bytes_max + kFrameOverheadMax ||
      options.all_waiting_bytes_max < options.waiting_bytes_max) {
    return fail(ErrorCode::kConfigInvalid,
                "the listener at " + options.endpoint +
                    " has no room for one frame of the size that it may");
  }
  return Inlet::open(
      socket,
      {.path = options.endpoint.substr(kIpcPrefix.size()),
       .mode = options.ipc_mode,
       .backlog = options.backlog},
      {.connection_count_max = static_cast<std::size_t>(options.connection_count_max),
       .message_bytes_max = options.frame_bytes_max + kFrameOverheadMax,
       .waiting_bytes_max = options.waiting_bytes_max,
       .all_waiting_bytes_max = options.all_waiting_bytes_max});
}

Result<std::string> bound_endpoint(Socket& socket) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(socket.get(), ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) {
    return fail_zmq(ErrorCode::kIo, "the address that a router listens at");
  }
  return std::string(text.data());
}

}  // namespace

// Destroyed from below: the monitor before the socket it watches, and that before what brings it
// what it reads and takes what it sends last.
struct Router::State {
  State(const RouterOptions& asked, std::unique_ptr<Inlet> bound, Socket opened, Monitor monitor,
        std::uint32_t counter)
      : options(asked),
        inlet(std::move(bound)),
        socket(std::move(opened)),
        connections(std::move(monitor),
                    {.connection_count_max = static_cast<std::size_t>(asked.connection_count_max),
                     .inlet = inlet.get(),
                     .stuck_max = asked.stuck_max,
                     .waiting_bytes_max = asked.waiting_bytes_max,
                     .first_bytes_max = asked.first_bytes_max,
                     .all_waiting_bytes_max = asked.all_waiting_bytes_max,
                     .spared_bytes_max = asked.frame_bytes_max + kFrameOverheadMax}),
        counter_first(counter),
        handles(std::make_shared<PollHandles>()) {
    handles->socket = socket.get();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { *handles = PollHandles{}; }

  // Whether libzmq gave out this id: each accepted connection moves its counter by at most one.
  bool is_made_by_us(std::string_view routing_id) {
    if (!has_made_up_shape(routing_id)) {
      return false;
    }
    const std::uint32_t distance = counter_of(routing_id) - counter_first;  // Modulo 2^32.
    if (distance > accepted_count) {
      accepted_count = connections.counters().accepted_count;
    }
    return distance >= 1 && distance <= accepted_count;
  }

  // Of those for whom nothing waits no more is remembered than there are connections.
  std::shared_ptr<Leaving> leaving_to(const std::string& routing_id) {
    if (leaving.size() >= 2 * static_cast<std::size_t>(options.connection_count_max)) {
      std::erase_if(leaving, [](const auto& item) { return item.second->messages == 0; });
    }
    std::shared_ptr<Leaving>& tally = leaving[routing_id];
    if (tally == nullptr) {
      tally = std::make_shared<Leaving>();
      tally->all = leaving_all;
    }
    return tally;
  }

  [[nodiscard]] LeavingCount waiting_for(const std::string& routing_id) const {
    const auto known = leaving.find(routing_id);
    return known == leaving.end()
               ? LeavingCount()
               : LeavingCount{.messages = known->second->messages, .bytes = known->second->bytes};
  }
  [[nodiscard]] bool fits(const std::string& routing_id, std::size_t bytes) const {
    const std::size_t waits = waiting_for(routing_id).bytes;
    return waits == 0 || waits + bytes + leaving_all->bytes <= options.leaving_bytes_max;
  }

  RouterOptions options;
  std::shared_ptr<Leaving> leaving_all = std::make_shared<Leaving>();
  std::map<std::string, std::shared_ptr<Leaving>> leaving;  // By routing id.
  std::unique_ptr<Inlet> inlet;                             // At a socket file.
  Socket socket;
  Connections connections;
  std::uint32_t counter_first;
  std::shared_ptr<PollHandles> handles;
  std::string endpoint;
  RouterCounters counters;
  std::uint64_t accepted_count = 0;  // As far as was looked.
};

Result<Router> bind_router(Context& context, const RouterOptions& options, bool curve) {
  CHANCERY_TRY_VOID(check_endpoint(options.endpoint, EndpointUse::kListen));
  if ((curve && options.zap_domain.empty()) || options.connection_count_max < 1 ||
      options.backlog < 1 || options.waiting_bytes_max == 0 || options.first_bytes_max == 0 ||
      options.leaving_bytes_max == 0) {
    return fail(ErrorCode::kConfigInvalid,
                "the listener at " + options.endpoint + " has no ZAP domain or a limit of zero");
  }
  CHANCERY_TRY(Socket socket, Socket::open(context, ZMQ_ROUTER));
  CHANCERY_TRY_VOID(set_options(socket, options, curve));
  CHANCERY_TRY(const std::uint32_t counter, learn_counter(context, socket));
  CHANCERY_TRY(Monitor monitor,
               Monitor::open(context, socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED));
  std::unique_ptr<Inlet> inlet;
  std::string endpoint = options.endpoint;
  if (options.endpoint.starts_with(kIpcPrefix)) {
    CHANCERY_TRY(inlet, open_inlet(socket, options));
  } else {
    CHANCERY_TRY_VOID(bind_tcp(socket, options));
    CHANCERY_TRY(endpoint, bound_endpoint(socket));
  }
  auto state = std::make_unique<Router::State>(options, std::move(inlet), std::move(socket),
                                               std::move(monitor), counter);
  state->endpoint = std::move(endpoint);
  CHANCERY_TRY_VOID(state->connections.watch());
  return Router(std::move(state));
}

Result<Router> Router::bind(Context& context, const RouterOptions& options) {
  return bind_router(context, options, /*curve=*/true);
}

Router::Router(std::unique_ptr<State> state) : state_(std::move(state)) {}
Router::Router(Router&& other) noexcept = default;
Router& Router::operator=(Router&& other) noexcept = default;
Router::~Router() = default;

const std::string& Router::endpoint() const {
  return state_->endpoint;
}

std::optional<Received> Router::receive() {
  for (int i = 0; i < kDroppedCountMax; ++i) {
    std::optional<Multipart> message = state_->socket.receive(
        {.has_routing_id = true, .part_count_max = state_->options.part_count_max});
    if (!message) {
      state_->connections.drained(std::chrono::steady_clock::now());
      return std::nullopt;
    }
    if (!state_->is_made_by_us(message->routing_id)) {
      ++state_->counters.foreign_id_count;
      state_->connections.cut(message->source_fd);  // It has no id that is known.
      continue;
    }
    state_->connections.delivered(message->source_fd, message->routing_id, message->user_id,
                                  message->wire_bytes);
    if (message->oversized) {
      ++state_->counters.oversized_count;
    }
    return Received{.routing_id = std::move(message->routing_id),
                    .user_id = std::move(message->user_id),
                    .peer_address = std::move(message->peer_address),
                    .source_fd = message->source_fd,
                    .frames = std::move(message->frames),
                    .oversized = message->oversized};
  }
  return std::nullopt;
}

Result<> Router::send(const std::string& routing_id, std::vector<std::string> frames) {
  if (!state_->fits(routing_id, frames.empty() ? 0 : frames.back().size())) {
    return fail(ErrorCode::kQueueFull, "what waits for peers that do not read is all there may be");
  }
  switch (state_->socket.send(routing_id, std::move(frames), state_->leaving_to(routing_id))) {
    case 0:
      return {};
    case EHOSTUNREACH:
      state_->leaving.erase(routing_id);
      return fail(ErrorCode::kNotFound, "the peer is not connected any more");
    case EAGAIN:
      return fail(ErrorCode::kQueueFull, "the peer does not read: its queue is full");
    default:
      return fail_zmq(ErrorCode::kUnavailable, "sending to a peer");
  }
}

bool Router::has_room(const std::string& routing_id, std::size_t bytes) const {
  return state_->waiting_for(routing_id).messages * 2 <
             static_cast<std::size_t>(state_->options.send_count_max) &&
         state_->fits(routing_id, bytes);
}

LeavingCount Router::leaving() const {
  return {.messages = state_->leaving_all->messages, .bytes = state_->leaving_all->bytes};
}

std::uint64_t Router::waiting_bytes() const {
  return state_->connections.waiting_bytes();
}

std::uint64_t Router::all_waiting_bytes() const {
  return state_->inlet == nullptr ? state_->connections.all_waiting_bytes()
                                  : state_->inlet->waiting_bytes();
}

std::uint64_t Router::all_waiting_bytes_max() const {
  return state_->inlet == nullptr ? state_->options.all_waiting_bytes_max
                                  : state_->inlet->bytes_max();
}

void Router::disconnect(const std::string& routing_id, int source_fd) {
  state_->connections.cut(source_fd, routing_id);
}

std::vector<std::string> Router::take_gone() {
  return state_->connections.take_gone();
}

std::size_t Router::connection_count() {
  return state_->connections.count();
}

const RouterCounters& Router::counters() const {
  const ConnectionCounters counters = state_->connections.counters();
  state_->counters.connection_over_count = counters.over_count;
  state_->counters.waiting_cut_count = counters.waiting_cut_count;
  return state_->counters;
}

std::shared_ptr<const PollHandles> Router::poll_handles() const {
  return state_->handles;
}

}  // namespace chancery::zmq
