// Keys and bytes for tests, made of names: the same name gives the same key in every run.
//
// A key is not stored anywhere: whoever knows its name makes it again. By convention the names are
// "AM authority", "AM node 1 signing" (witness, sealing, transport), "AM person 1", "hub log 1" and
// "hub transport". Nothing here is secret, and nothing outside tests/ may use it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/crypto/signer.h"

namespace chancery::test {

// SHA-256 in counter mode over the name.
[[nodiscard]] std::string seeded_bytes(std::string_view name, std::size_t count);
// The number-th UUIDv7 of this name, 16 bytes.
[[nodiscard]] std::string seeded_uuid(std::string_view name, std::uint64_t number);

[[nodiscard]] crypto::PrivateKey signing_private(std::string_view name);    // Ed25519
[[nodiscard]] crypto::PrivateKey agreement_private(std::string_view name);  // X25519
[[nodiscard]] crypto::PublicKey signing_public(std::string_view name);
[[nodiscard]] crypto::PublicKey agreement_public(std::string_view name);
[[nodiscard]] std::unique_ptr<crypto::KeySigner> key_signer(std::string_view name);

// Prints the error and stops: for steps of a test that are not what it tests.
[[noreturn]] void stop(const Error& error);
template <class T>
[[nodiscard]] T must(Result<T> result) {
  if (!result.has_value()) {
    stop(result.error());
  }
  return std::move(*result);
}
inline void must(const Result<void>& result) {
  if (!result.has_value()) {
    stop(result.error());
  }
}

}  // namespace chancery::test
