// The start-up proof that admission is closed: a random key must be refused.
//
// libzmq without a working ZAP handler admits every CURVE key, so a daemon that listens asks itself
// first. Only an answer counts: silence is not a refusal.
//
// Waits up to `refusal_max`; any thread, not for the loop of a busy daemon.

#pragma once

#include <chrono>
#include <string>

#include "core/base/result.h"
#include "io/zmq/context.h"
#include "io/zmq/curve.h"

namespace chancery::zmq {

class Router;

struct SelfTestOptions {
  std::string endpoint{};  // Of a Router of ours.
  CurveKey server_public{};
  CurveSecret random_secret{};  // Fresh each time; enrolled nowhere.
  std::chrono::milliseconds refusal_max{3000};
};

// kZapOpen when the key was admitted, or was not refused with ZAP status 400 in time.
[[nodiscard]] Result<> admission_self_test(Context& context, const SelfTestOptions& options);

}  // namespace chancery::zmq
