// A link on this machine without CURVE: the admin socket of a daemon, and the dealer to it.
//
// Its boundary is the file permission of the socket (0600): whoever may open the file is the owner
// of the daemon. Messages carry no user id. The socket file of a dead process is replaced; that of
// a living one is not.
//
// The result is a Router or Dealer like any other: one owner, one thread.

#pragma once

#include <cstddef>
#include <string>

#include "core/base/result.h"
#include "io/zmq/context.h"
#include "io/zmq/dealer.h"
#include "io/zmq/router.h"

namespace chancery::zmq {

struct PlainOptions {
  std::string path{};  // Of the socket file, at most kIpcPathBytesMax bytes.
  std::size_t frame_bytes_max = 1U << 20U;
  std::size_t part_count_max = 4;
  int queue_count_max = 1000;                 // Messages, each way.
  std::size_t leaving_bytes_max = 8U << 20U;  // Of a router: queued for all, and one for each.
  int connection_count_max = 16;
};

// kConfigInvalid for a path that is too long, kAddressInUse when a process listens there, kExists
// when the path is not a socket, kIo when the system refuses.
[[nodiscard]] Result<Router> bind_plain_router(Context& context, const PlainOptions& options);

// Returns before there is a connection; kNoDaemon when nothing listens at the path.
[[nodiscard]] Result<Dealer> connect_plain_dealer(Context& context, const PlainOptions& options);

}  // namespace chancery::zmq
