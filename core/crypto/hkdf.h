// HKDF with SHA-256 (RFC 5869), and the HMAC (RFC 2104) that it is made of. What is derived, under
// which label, is the caller's business.
//
// Limits: info up to 1 KiB, output up to 255 hashes (RFC 5869 section 2.3). Both are chosen by the
// program, never by a peer. Safe from any thread.

#pragma once

#include <cstddef>
#include <string>

#include "core/base/bytes.h"

namespace chancery::crypto {

inline constexpr std::size_t kHkdfInfoBytesMax = 1024;
inline constexpr std::size_t kHkdfOutputBytesMax = 255 * Hash{}.size();

// The pseudorandom key. An empty salt is a hash length of zeroes.
[[nodiscard]] Hash hkdf_extract(Bytes salt, Bytes input_key);
// RFC 5869 section 2.2: the first step is an HMAC whose key is the salt.
[[nodiscard]] inline Hash hmac_sha256(Bytes key, Bytes message) {
  return hkdf_extract(key, message);
}
[[nodiscard]] std::string hkdf_expand(Bytes pseudorandom_key, Bytes info, std::size_t length);

}  // namespace chancery::crypto
