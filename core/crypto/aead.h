// AES-256-GCM (NIST SP 800-38D): nonce of 12 bytes, tag of exactly 16, at the ciphertext's end.
//
// Plaintext leaves this folder only after its tag has verified. Nonces are the caller's: one key
// must never meet one nonce twice. Safe from any thread.

#pragma once

#include <cstddef>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;
inline constexpr std::size_t kAeadBytesMax = std::size_t{1} << 30U;  // Plaintext and aad, each.

// Ciphertext || tag. kSealMalformed for a key or nonce of the wrong length, kLimitExceeded.
[[nodiscard]] Result<std::string> aes256gcm_seal(Bytes key, Bytes nonce, Bytes aad,
                                                 Bytes plaintext);
// The plaintext. Also kSealMalformed where no tag fits, kSealBroken where the tag is not right.
[[nodiscard]] Result<std::string> aes256gcm_open(Bytes key, Bytes nonce, Bytes aad,
                                                 Bytes ciphertext);

}  // namespace chancery::crypto
