#include "io/zmq/context.h"

#include <zmq.h>

#include <cerrno>
#include <string>
#include <utility>

namespace chancery::zmq {
namespace {

void end_context(void* context) {
  // A signal may interrupt the wait; leaving then would leak the I/O threads.
  while (zmq_ctx_term(context) != 0 && zmq_errno() == EINTR) {
  }
}

}  // namespace

Result<Context> Context::create(const ContextOptions& options) {
  if (options.socket_count_max < 1 || options.io_thread_count < 1) {
    return fail(ErrorCode::kConfigInvalid, "a ZeroMQ context needs a socket and an I/O thread");
  }
  if (zmq_has("curve") != 1) {
    return fail(ErrorCode::kUnavailable, "this build of libzmq has no CURVE");
  }
  void* const context = zmq_ctx_new();
  if (context == nullptr) {
    return fail(ErrorCode::kUnavailable,
                std::string("ZeroMQ context: ") + zmq_strerror(zmq_errno()));
  }
  std::shared_ptr<void> handle(context, end_context);
  if (zmq_ctx_set(context, ZMQ_MAX_SOCKETS, options.socket_count_max) != 0 ||
      zmq_ctx_set(context, ZMQ_IO_THREADS, options.io_thread_count) != 0) {
    return fail(ErrorCode::kConfigInvalid,
                std::string("ZeroMQ context: ") + zmq_strerror(zmq_errno()));
  }
  return Context(std::move(handle));
}

std::string library_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace chancery::zmq
