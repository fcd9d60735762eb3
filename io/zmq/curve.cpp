#include "io/zmq/curve.h"

#include <string.h>
#include <zmq.h>

#include <string>

namespace chancery::zmq {
namespace {

constexpr std::size_t kZ85Size = 41;  // 32 bytes in Z85 (RFC 32), and the closing zero.

}  // namespace

CurveSecret::~CurveSecret() {
  explicit_bzero(bytes_.data(), bytes_.size());
}

Result<CurveKey> curve_public(const CurveSecret& secret) {
  std::array<char, kZ85Size> secret_text{};
  std::array<char, kZ85Size> public_text{};
  CurveKey public_key{};
  const bool derived =
      zmq_z85_encode(secret_text.data(), secret.bytes().data(), secret.bytes().size()) != nullptr &&
      zmq_curve_public(public_text.data(), secret_text.data()) == 0 &&
      zmq_z85_decode(public_key.data(), public_text.data()) != nullptr;
  explicit_bzero(secret_text.data(), secret_text.size());
  if (!derived) {
    return fail(ErrorCode::kUnavailable,
                std::string("CURVE public key: ") + zmq_strerror(zmq_errno()));
  }
  return public_key;
}

}  // namespace chancery::zmq
