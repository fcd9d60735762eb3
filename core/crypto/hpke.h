// HPKE (RFC 9180), base mode, one message per encapsulation, one suite:
// DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002.
//
// Hides a text from all but the recipient's key; says nothing about who wrote it (signatures do).
// Randomness is an argument: whoever passes the same ikm_e twice to one recipient repeats a nonce.
// Stricter than the RFC in one thing: an encapsulated key has one encoding (keys.h).
// Safe from any thread.

#pragma once

#include <cstddef>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"

namespace chancery::crypto {

inline constexpr std::size_t kHpkeEncBytes = 32;
inline constexpr std::size_t kHpkeSeedBytes = 32;

struct HpkeSealed {
  std::string enc;  // The ephemeral public key, 32 bytes.
  std::string ct;   // Ciphertext || tag (16).
};

// `ikm_e` is 32 fresh random bytes. kSealMalformed for another length or a key that is not X25519.
[[nodiscard]] Result<HpkeSealed> hpke_seal(const PublicKey& recipient, Bytes info, Bytes aad,
                                           Bytes plaintext, Bytes ikm_e);
// kSealMalformed for wrong lengths or an enc that is no acceptable key; kSealBroken where it does
// not open.
[[nodiscard]] Result<std::string> hpke_open(const PrivateKey& recipient, Bytes enc, Bytes info,
                                            Bytes aad, Bytes ct);

// The steps between, for the published vectors.
// DeriveKeyPair, section 7.1.3: at least 32 bytes, or kMalformed.
[[nodiscard]] Result<PrivateKey> hpke_derive_key_pair(Bytes ikm);
// KeySchedule, section 5.1, of the base mode.
struct HpkeKeySchedule {
  std::string key;
  std::string base_nonce;
};
[[nodiscard]] HpkeKeySchedule hpke_key_schedule(Bytes shared_secret, Bytes info);

}  // namespace chancery::crypto
