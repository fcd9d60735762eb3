#include "io/zmq/plain_router.h"

#include <chrono>

#include "io/zmq/endpoint.h"
#include "io/zmq/ipc_listener.h"
#include "io/zmq/link.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {

namespace {

constexpr std::size_t kRoomForOneMore = 64U << 10U;  // A frame, and the beginning of the next.

}  // namespace

Result<Router> bind_plain_router(Context& context, const PlainOptions& options) {
  return bind_router(context,
                     {.endpoint = std::string(kIpcPrefix) + options.path,
                      .frame_bytes_max = options.frame_bytes_max,
                      .part_count_max = options.part_count_max,
                      .send_count_max = options.queue_count_max,
                      .leaving_bytes_max = options.leaving_bytes_max,
                      .connection_count_max = options.connection_count_max,
                      .waiting_bytes_max = options.frame_bytes_max + kRoomForOneMore,
                      .all_waiting_bytes_max = options.frame_bytes_max + kRoomForOneMore},
                     /*curve=*/false);
}

Result<Dealer> connect_plain_dealer(Context& context, const PlainOptions& options) {
  CHANCERY_TRY(const bool listening, ipc_is_listening(options.path));
  if (!listening) {
    return fail(ErrorCode::kNoDaemon, "nothing listens at '" + options.path + "'");
  }
  // The first message may be sent before the handshake is over: a command wants no event loop.
  return connect_dealer(context,
                        {.endpoint = std::string(kIpcPrefix) + options.path,
                         .frame_bytes_max = options.frame_bytes_max,
                         .part_count_max = options.part_count_max,
                         .send_count_max = options.queue_count_max,
                         .receive_count_max = options.queue_count_max,
                         .linger = std::chrono::milliseconds(200),
                         .immediate = false},
                        /*curve=*/false);
}

}  // namespace chancery::zmq
