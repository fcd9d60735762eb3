#include "daemon/keys.h"

#include <algorithm>

#include "core/crypto/secret.h"
#include "io/os/file.h"
#include "io/os/random.h"

namespace chancery::daemon {

Result<crypto::PrivateKey> read_private_key(const std::string& path, crypto::Algorithm algorithm) {
  CHANCERY_TRY(std::string pem, os::read_secret(path));
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

Result<std::vector<crypto::PrivateKey>> read_private_keys(const std::vector<std::string>& paths,
                                                          crypto::Algorithm algorithm) {
  std::vector<crypto::PrivateKey> keys;
  for (const std::string& path : paths) {
    CHANCERY_TRY(crypto::PrivateKey key, read_private_key(path, algorithm));
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<std::unique_ptr<crypto::Signer>> read_signer_if(const std::string& path) {
  std::unique_ptr<crypto::Signer> signer;
  if (!path.empty()) {
    CHANCERY_TRY(crypto::PrivateKey key, read_private_key(path, crypto::Algorithm::kEd25519));
    signer = std::make_unique<crypto::KeySigner>(std::move(key));
  }
  return signer;
}

Result<std::optional<crypto::PrivateKey>> read_private_key_if(const std::string& source,
                                                              crypto::Algorithm algorithm,
                                                              bool needed) {
  Result<crypto::PrivateKey> key = read_private_key(source, algorithm);
  if (key.has_value()) {
    return std::move(*key);
  }
  if (!needed && os::is_elsewhere(source) && key.error().code == ErrorCode::kFileMissing) {
    return std::nullopt;
  }
  return std::unexpected(key.error());
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
  zmq::CurveKeyPair pair{.secret = {}, .public_key = curve_key(key.public_key().raw())};
  std::ranges::copy(as_bytes(secret), pair.secret.bytes().begin());
  return pair;
}

zmq::CurveSecret stranger_key() {
  zmq::CurveSecret secret;
  os::fill_random(secret.bytes());
  return secret;
}

}  // namespace chancery::daemon
