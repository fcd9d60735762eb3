#include "core/crypto/signer.h"

#include "core/crypto/evp.h"

namespace chancery::crypto {

Result<std::string> KeySigner::sign(Bytes message) {
  if (key_.public_key().algorithm() != Algorithm::kEd25519) {
    return fail(ErrorCode::kSigningFailed, "the key is not an Ed25519 key");
  }
  const EvpMdCtx context{EVP_MD_CTX_new()};
  std::string signature(kSignatureBytes, '\0');
  std::size_t length = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, library_context(), nullptr,
                            key_.impl().pkey.get(), nullptr) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     message.data(), message.size()) != 1 ||
      length != kSignatureBytes) {
    return fail(ErrorCode::kSigningFailed, "OpenSSL did not sign");
  }
  return signature;
}

Result<void> verify(const PublicKey& key, Bytes message, Bytes signature) {
  if (key.algorithm() != Algorithm::kEd25519) {
    return fail(ErrorCode::kBadSignature, "the key is not an Ed25519 key");
  }
  if (signature.size() != kSignatureBytes) {
    return fail(ErrorCode::kBadSignature,
                "a signature has 64 bytes, found " + std::to_string(signature.size()));
  }
  const EvpPkey pkey = import_public_key(key);
  const EvpMdCtx context{EVP_MD_CTX_new()};
  if (context == nullptr ||
      EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, library_context(), nullptr,
                              pkey.get(), nullptr) != 1 ||
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) != 1) {
    return fail(ErrorCode::kBadSignature, "the key did not sign these bytes");
  }
  return {};
}

}  // namespace chancery::crypto
