// CURVE keys (CurveZMQ, RFC 26: X25519), as 32 raw bytes each.
//
// libzmq's own text form, Z85, does not leave this file. Random secrets are made by the caller.
// No state, any thread.

#pragma once

#include <array>
#include <cstdint>

#include "core/base/result.h"

namespace chancery::zmq {

using CurveKey = std::array<std::uint8_t, 32>;

struct CurveKeyPair {
  CurveKey secret;
  CurveKey public_key;
};

// The public key of a secret one. kUnavailable when libzmq has no CURVE.
[[nodiscard]] Result<CurveKey> curve_public(const CurveKey& secret);

}  // namespace chancery::zmq
