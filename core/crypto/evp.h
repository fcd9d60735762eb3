// OpenSSL as core/crypto/ sees it: owners for its objects, and one library context of our own.
//
// Internal to this folder. The context reads no configuration file, so that nothing outside the
// program chooses an algorithm's implementation. Functions of OpenSSL answer 1 for success; 0 and
// negative numbers are failures, so results are always compared with 1.

#pragma once

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>

#include "core/crypto/keys.h"

namespace chancery::crypto {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using EvpMdCtx = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EvpCipher = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using EvpCipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using EvpKdf = std::unique_ptr<EVP_KDF, Deleter<EVP_KDF_free>>;
using EvpKdfCtx = std::unique_ptr<EVP_KDF_CTX, Deleter<EVP_KDF_CTX_free>>;
using EvpPkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using EvpPkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;

// Made at first use and kept for the life of the process.
[[nodiscard]] OSSL_LIB_CTX* library_context();

// Never null: OpenSSL takes any 32 bytes for a public key.
[[nodiscard]] EvpPkey import_public_key(const PublicKey& key);

struct PrivateKey::Impl {
  EvpPkey pkey;
  PublicKey public_key;
};

}  // namespace chancery::crypto
