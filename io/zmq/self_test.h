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
#include "io/zmq/router.h"

namespace chancery::zmq {

struct SelfTestOptions {
  std::string endpoint{};  // Of a Router of ours.
  CurveKey server_public{};
  CurveSecret random_secret{};  // Fresh each time; enrolled nowhere.
  std::chrono::milliseconds refusal_max{3000};
};

// kZapOpen when the key was admitted, or was not refused with ZAP status 400 in time.
[[nodiscard]] Result<> admission_self_test(Context& context, const SelfTestOptions& options);

// A Router that is proved before anybody can reach it: the test is made of one with the same
// options at a loopback port that nobody was told, and only then is this one bound.
[[nodiscard]] Result<Router> bind_proved(Context& context, const RouterOptions& options,
                                         const CurveSecret& random_secret);

}  // namespace chancery::zmq
