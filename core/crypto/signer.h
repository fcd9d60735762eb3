// Ed25519 signatures (RFC 8032, pure): making them, behind an interface, and verifying them.
//
// A Signer hides where a private key lives: in a file (KeySigner) or in a token that can be pulled
// out. So signing is an effect whose answer may be a failure, and the work is kept and tried again.
// What is signed, with which label, is the caller's business.
//
// verify() is safe from any thread; a Signer belongs to one thread.

#pragma once

#include <cstddef>
#include <memory>
#include <string>

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
  explicit KeySigner(PrivateKey key);
  ~KeySigner() override;
  KeySigner(const KeySigner&) = delete;
  KeySigner& operator=(const KeySigner&) = delete;
  KeySigner(KeySigner&&) = delete;
  KeySigner& operator=(KeySigner&&) = delete;

  [[nodiscard]] const PublicKey& public_key() const override { return key_.public_key(); }
  [[nodiscard]] Result<std::string> sign(Bytes message) override;

 private:
  struct Prepared;  // What OpenSSL needs beside the message, made once.

  PrivateKey key_;
  std::unique_ptr<Prepared> prepared_;  // Null where OpenSSL did not make it: that is tried again.
};

// kBadSignature unless `key` is Ed25519 and made these 64 bytes over `message`. What OpenSSL needs
// of a key, some 1 KiB, is made once a thread and kept for the newest 1,024 or more: it would be 4
// % of each verification, and a ninth where other programs use the processor in between.
[[nodiscard]] Result<void> verify(const PublicKey& key, Bytes message, Bytes signature);

}  // namespace chancery::crypto
