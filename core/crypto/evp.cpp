#include "core/crypto/evp.h"

#include <openssl/provider.h>

#include "core/base/result.h"

namespace chancery::crypto {

OSSL_LIB_CTX* library_context() {
  // Never freed: threads that end late may still hold objects that were fetched from it.
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* const made = OSSL_LIB_CTX_new();
    CHANCERY_CHECK(made != nullptr);
    const bool loaded = OSSL_PROVIDER_load(made, "default") != nullptr;
    CHANCERY_CHECK(loaded);
    return made;
  }();
  return context;
}

EvpPkey import_public_key(const PublicKey& key) {
  const char* const name = key.algorithm() == Algorithm::kEd25519 ? "ED25519" : "X25519";
  EvpPkey pkey{EVP_PKEY_new_raw_public_key_ex(library_context(), name, nullptr, key.raw().data(),
                                              key.raw().size())};
  CHANCERY_CHECK(pkey != nullptr);
  return pkey;
}

std::string library_version() {
  return OpenSSL_version(OPENSSL_VERSION_STRING);
}

}  // namespace chancery::crypto
