#include "io/zmq/publisher.h"

#include <chrono>
#include <utility>

#include "io/zmq/connections.h"
#include "io/zmq/endpoint.h"
#include "io/zmq/inlet.h"
#include "io/zmq/ipc_listener.h"
#include "io/zmq/leaving.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {
namespace {

constexpr std::size_t kSubscriptionBytesMax = 256;
constexpr std::uint64_t kHandshakeBytesMax = 1024;  // And a few topics.
constexpr std::chrono::milliseconds kHandshakeMax{3000};
constexpr std::chrono::milliseconds kLinger{200};
constexpr int kBacklog = 64;

}  // namespace

// Destroyed from below: the monitor before the socket it watches, and that before what brings it
// what it reads.
struct Publisher::State {
  State(const PublisherOptions& asked, std::unique_ptr<Inlet> bound, Socket opened, Monitor monitor)
      : options(asked),
        inlet(std::move(bound)),
        socket(std::move(opened)),
        connections(std::move(monitor),
                    {.connection_count_max = static_cast<std::size_t>(asked.connection_count_max),
                     .newest_goes = true,
                     .inlet = inlet.get(),
                     .most_goes = true,
                     .waiting_bytes_max = asked.topic_bytes_max,
                     .first_bytes_max = asked.topic_bytes_max}) {}

  PublisherOptions options;
  std::shared_ptr<Leaving> leaving = std::make_shared<Leaving>();
  std::unique_ptr<Inlet> inlet;
  Socket socket;
  Connections connections;
  PublisherCounters counters;
};

Result<Publisher> Publisher::bind(Context& context, const PublisherOptions& options) {
  const std::string endpoint = std::string(kIpcPrefix) + options.path;
  if (options.connection_count_max < 1 || options.leaving_bytes_max == 0 ||
      options.topic_bytes_max < kHandshakeBytesMax ||
      options.all_topic_bytes_max < options.topic_bytes_max) {
    return fail(ErrorCode::kConfigInvalid, "the publisher at " + endpoint +
                                               " has a limit of zero, or no room for a handshake");
  }
  CHANCERY_TRY(Socket socket, Socket::open(context, ZMQ_PUB));
  CHANCERY_TRY_VOID(set_link_options(socket, {.endpoint = endpoint,
                                              .curve = false,
                                              .frame_bytes_max = kSubscriptionBytesMax,
                                              .part_count_max = 1,
                                              .send_count_max = options.send_count_max,
                                              .receive_count_max = std::nullopt,
                                              .handshake_max = kHandshakeMax,
                                              .linger = kLinger}));
  CHANCERY_TRY(Monitor monitor,
               Monitor::open(context, socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED));
  CHANCERY_TRY(
      std::unique_ptr<Inlet> inlet,
      Inlet::open(socket, {.path = options.path, .mode = options.mode, .backlog = kBacklog},
                  {.connection_count_max = static_cast<std::size_t>(options.connection_count_max),
                   .message_bytes_max = 0,  // Nobody is read on to the end of one.
                   .waiting_bytes_max = options.topic_bytes_max + 1,  // Then it is cut.
                   .all_waiting_bytes_max = options.all_topic_bytes_max,
                   .small_bytes = kHandshakeBytesMax}));
  auto state =
      std::make_unique<State>(options, std::move(inlet), std::move(socket), std::move(monitor));
  CHANCERY_TRY_VOID(state->connections.watch());
  return Publisher(std::move(state));
}

Publisher::Publisher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Publisher::Publisher(Publisher&& other) noexcept = default;
Publisher& Publisher::operator=(Publisher&& other) noexcept = default;
Publisher::~Publisher() = default;

void Publisher::listen() {
  int events = 0;
  std::size_t size = sizeof events;
  (void)zmq_getsockopt(state_->socket.get(), ZMQ_EVENTS, &events, &size);
  state_->inlet->drained();
}

bool Publisher::has_room(std::size_t bytes) {
  const std::size_t leaving = leaving_bytes();
  if (leaving == 0 || leaving + bytes <= state_->options.leaving_bytes_max) {
    return true;
  }
  state_->connections.cut_who_is_behind(std::chrono::steady_clock::now(),
                                        state_->options.behind_max);
  return false;
}

void Publisher::publish(std::string message) {
  if (state_->socket.send_one(std::move(message), state_->leaving) == 0) {
    ++state_->counters.published_count;
  }
}

std::size_t Publisher::connection_count() {
  return state_->connections.count();
}

std::size_t Publisher::leaving_bytes() const {
  return state_->leaving->bytes;
}

std::size_t Publisher::leaving_bytes_max() const {
  return state_->options.leaving_bytes_max;
}

std::size_t Publisher::connection_count_max() const {
  return static_cast<std::size_t>(state_->options.connection_count_max);
}

std::uint64_t Publisher::topic_bytes() const {
  return state_->inlet->waiting_bytes();
}

std::uint64_t Publisher::topic_bytes_max() const {
  return state_->inlet->bytes_max();
}

const PublisherCounters& Publisher::counters() const {
  const ConnectionCounters counters = state_->connections.counters();
  state_->counters.connection_over_count = counters.over_count;
  state_->counters.topics_over_count = counters.waiting_cut_count;
  state_->counters.behind_count = counters.behind_cut_count;
  return state_->counters;
}

}  // namespace chancery::zmq
