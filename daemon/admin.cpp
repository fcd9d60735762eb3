#include "daemon/admin.h"

#include "daemon/queue_json.h"
#include "io/zmq/plain_router.h"

namespace chancery::daemon {

Result<AdminSocket> take_admin_socket(const std::string& path) {
  CHANCERY_TRY(zmq::Context context, zmq::Context::create());
  AdminSocket taken;
  taken.context = std::make_unique<zmq::Context>(std::move(context));
  CHANCERY_TRY(
      zmq::Router router,
      zmq::bind_plain_router(*taken.context, {.path = path,
                                              .frame_bytes_max = kAdminFrameBytesMax,
                                              .connection_count_max = kAdminConnectionsMax}));
  taken.router = std::make_unique<zmq::Router>(std::move(router));
  return taken;
}

text::Json admin_json(zmq::Router& admin) {
  return queue_json({.items = {{admin.connection_count(), kAdminConnectionsMax}},
                     .refused = admin.counters().connection_over_count});
}

}  // namespace chancery::daemon
