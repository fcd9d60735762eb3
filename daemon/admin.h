// The admin socket, and the answers that hub and node give alike.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/result.h"
#include "daemon/life.h"
#include "io/text/json.h"
#include "io/zmq/context.h"
#include "io/zmq/router.h"

namespace chancery::daemon {

inline constexpr std::size_t kAdminFrameBytesMax = 16U << 20U;
inline constexpr int kAdminConnectionsMax = 16;

struct AdminSocket {
  std::unique_ptr<zmq::Context> context;  // Of all sockets of the daemon; outlives them.
  std::unique_ptr<zmq::Router> router;
};

// Where another daemon has it, kAddressInUse. Taken before the store is opened: whoever would make
// a new one in the place of a store that was moved away finds its daemon running.
[[nodiscard]] Result<AdminSocket> take_admin_socket(const std::string& path);

// Its connections, as `status` shows them.
[[nodiscard]] text::Json admin_json(zmq::Router& admin);

// Whom a request is to be answered, once what it asked for is over.
struct Asker {
  std::string routing_id;
  std::uint64_t request_id = 0;
};

inline void refuse(v1::AdminReply& reply, const Error& error) {
  reply.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
  reply.mutable_error()->set_text(error.detail);
}

[[nodiscard]] inline v1::AdminReply reload_reply(const Asker& asker, const Reloaded& reloaded) {
  v1::AdminReply reply;
  reply.set_request_id(asker.request_id);
  if (reloaded.refused.has_value()) {
    refuse(reply, *reloaded.refused);
    return reply;
  }
  v1::ReloadReply& done = *reply.mutable_reload();
  done.mutable_taken()->Assign(reloaded.taken.begin(), reloaded.taken.end());
  done.mutable_need_restart()->Assign(reloaded.need_restart.begin(), reloaded.need_restart.end());
  done.set_config(reloaded.config);
  return reply;
}

// Requests to reload, kept until the turn is over: as at SIGHUP, the configuration changes between
// two turns and not within one. `reload` gives a Result<Reloaded>, `send` takes a routing id and an
// AdminReply.
template <class Reload, class Send>
[[nodiscard]] Result<void> answer_reloads(std::vector<Asker>& askers, Reload reload, Send send) {
  if (askers.empty()) {
    return {};
  }
  CHANCERY_TRY(const Reloaded reloaded, reload());
  for (const Asker& asker : std::exchange(askers, {})) {
    send(asker.routing_id, reload_reply(asker, reloaded));
  }
  return {};
}

}  // namespace chancery::daemon
