// CURVE keys (CurveZMQ, RFC 26: X25519), as 32 raw bytes each.
//
// libzmq's own text form, Z85, does not leave this file. Random secrets are made by the caller.
// Each of our copies of a secret is wiped when it goes; those that libzmq makes are out of reach.
// No state, any thread.

#pragma once

#include <array>
#include <cstdint>

#include "core/base/result.h"

namespace chancery::zmq {

using CurveKey = std::array<std::uint8_t, 32>;

class CurveSecret {
 public:
  CurveSecret() = default;
  explicit CurveSecret(const CurveKey& bytes) : bytes_(bytes) {}
  CurveSecret(const CurveSecret&) = default;
  CurveSecret& operator=(const CurveSecret&) = default;
  CurveSecret(CurveSecret&&) = default;  // A copy: what was moved from is wiped in its turn.
  CurveSecret& operator=(CurveSecret&&) = default;
  ~CurveSecret();

  [[nodiscard]] CurveKey& bytes() { return bytes_; }
  [[nodiscard]] const CurveKey& bytes() const { return bytes_; }

 private:
  CurveKey bytes_{};
};

struct CurveKeyPair {
  CurveSecret secret;
  CurveKey public_key{};
};

// The public key of a secret one. kUnavailable when libzmq has no CURVE.
[[nodiscard]] Result<CurveKey> curve_public(const CurveSecret& secret);

}  // namespace chancery::zmq
