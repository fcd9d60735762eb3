#include "daemon/keys.h"

#include <algorithm>

#include "core/crypto/secret.h"
#include "io/os/file.h"
#include "io/os/random.h"

namespace chancery::daemon {

Result<crypto::PrivateKey> read_private_key(const std::string& path, crypto::Algorithm algorithm) {
  CHANCERY_TRY(std::string pem, os::read_key_file(path));
  const crypto::WipeAtEnd wiped(pem);
  Result<crypto::PrivateKey> key = crypto::PrivateKey::from_pem(pem);
  if (!key.has_value()) {
    return fail(ErrorCode::kConfigInvalid, path + " is not a private key: " + key.error().detail);
  }
  if (key->public_key().algorithm() != algorithm) {
    return fail(ErrorCode::kConfigInvalid,
                path + (algorithm == crypto::Algorithm::kEd25519 ? " is not an Ed25519 key"
                                                                 : " is not an X25519 key"));
  }
  return key;
}

zmq::CurveKey curve_key(Bytes raw) {
  zmq::CurveKey key{};
  CHANCERY_CHECK(raw.size() == key.size());
  std::ranges::copy(raw, key.begin());
  return key;
}

zmq::CurveKeyPair curve_pair(const crypto::PrivateKey& key) {
  std::string secret = key.raw();
  const crypto::WipeAtEnd wiped(secret);
  return {.secret = curve_key(as_bytes(secret)), .public_key = curve_key(key.public_key().raw())};
}

zmq::CurveKey stranger_key() {
  return curve_key(as_bytes(os::random_bytes(32)));
}

}  // namespace chancery::daemon
