// Keys: Ed25519 to sign (RFC 8032), X25519 to agree on a secret (RFC 7748).
//
// A PublicKey has passed every check that OpenSSL leaves out: canonical encoding and not of small
// order, so that nothing later in the program needs to ask. Whether a point lies on the curve is
// not asked: under a key that does not, no signature verifies. Keys are made from random bytes that
// the caller passes in; nothing here draws randomness or touches files.
//
// Values: safe to read from several threads. SPKI and PKCS#8 are those of RFC 8410, in DER.

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::crypto {

enum class Algorithm : std::uint8_t { kEd25519, kX25519 };

inline constexpr std::size_t kKeyBytes = 32;  // Raw, public or private, of either algorithm.
inline constexpr std::size_t kSpkiBytes = 44;

class PublicKey {
 public:
  // kMalformed (length), kKeySmallOrder (in any encoding), kKeyNotCanonical.
  [[nodiscard]] static Result<PublicKey> from_raw(Algorithm algorithm, Bytes raw);
  // Exactly the 44 bytes that spki() gives, of either algorithm.
  [[nodiscard]] static Result<PublicKey> from_spki(Bytes der);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  [[nodiscard]] Bytes raw() const { return as_bytes(spki_).last(kKeyBytes); }  // Into this object.
  [[nodiscard]] const std::string& spki() const { return spki_; }
  [[nodiscard]] const Hash& id() const { return id_; }  // SHA-256 of the SPKI.

  [[nodiscard]] friend bool operator==(const PublicKey& left, const PublicKey& right) {
    return left.spki_ == right.spki_;
  }
  // By SPKI bytes, for ordered containers.
  [[nodiscard]] friend std::strong_ordering operator<=>(const PublicKey& left,
                                                        const PublicKey& right) {
    return left.spki_ <=> right.spki_;
  }

 private:
  PublicKey(Algorithm algorithm, Bytes raw);

  Algorithm algorithm_;
  std::string spki_;
  Hash id_;
};

class PrivateKey {
 public:
  // 32 random bytes, or kMalformed. For X25519 they are the scalar, clamped when it is used.
  [[nodiscard]] static Result<PrivateKey> from_seed(Algorithm algorithm, Bytes seed);
  // One "PRIVATE KEY" block of unencrypted PKCS#8, as to_pem() and `openssl genpkey` write it; its
  // lines may end with CR LF, and the last with nothing.
  [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);

  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  PrivateKey(PrivateKey&& other) noexcept;
  PrivateKey& operator=(PrivateKey&& other) noexcept;
  ~PrivateKey();

  [[nodiscard]] const PublicKey& public_key() const;
  // Secret: the caller wipes what these return (secret.h).
  [[nodiscard]] std::string to_pem() const;
  [[nodiscard]] std::string raw() const;

  // For core/crypto/ only (evp.h): keeps OpenSSL out of this header.
  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit PrivateKey(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string library_version();  // Of the OpenSSL that runs: "3.0.17".

}  // namespace chancery::crypto
