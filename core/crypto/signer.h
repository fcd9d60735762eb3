// Ed25519 signatures (RFC 8032, pure): making them, behind an interface, and verifying them.
//
// A Signer hides where a private key lives: in a file (KeySigner) or in a token that can be pulled
// out. So signing is an effect whose answer may be a failure, and the work is kept and tried again.
// What is signed, with which label, is the caller's business.
//
// verify() is safe from any thread; a Signer belongs to one thread.

#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"

namespace chancery::crypto {

inline constexpr std::size_t kSignatureBytes = 64;

class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  Signer(Signer&&) = delete;
  Signer& operator=(Signer&&) = delete;
  virtual ~Signer() = default;

  [[nodiscard]] virtual const PublicKey& public_key() const = 0;
  // The signature's 64 bytes, or kSigningFailed (retryable).
  [[nodiscard]] virtual Result<std::string> sign(Bytes message) = 0;
};

// Signs with a key held in memory. A key that is not Ed25519 fails at each signature.
class KeySigner final : public Signer {
 public:
  explicit KeySigner(PrivateKey key) : key_(std::move(key)) {}

  [[nodiscard]] const PublicKey& public_key() const override { return key_.public_key(); }
  [[nodiscard]] Result<std::string> sign(Bytes message) override;

 private:
  PrivateKey key_;
};

// kBadSignature unless `key` is Ed25519 and made these 64 bytes over `message`.
// Importing the key is 4 % of the cost, so no imported keys are kept.
[[nodiscard]] Result<void> verify(const PublicKey& key, Bytes message, Bytes signature);

}  // namespace chancery::crypto
