#include "core/crypto/signer.h"

#include <cstddef>
#include <map>
#include <utility>

#include "core/crypto/evp.h"

namespace chancery::crypto {
namespace {

constexpr std::size_t kPreparedMax = 2'048;

using Prepare = decltype(&EVP_DigestSignInit_ex);

// Null where OpenSSL did not make it.
EvpMdCtx prepare(Prepare with, EVP_PKEY* pkey) {
  EvpMdCtx context{EVP_MD_CTX_new()};
  const bool made = context != nullptr && with(context.get(), nullptr, nullptr, library_context(),
                                               nullptr, pkey, nullptr) == 1;
  return made ? std::move(context) : nullptr;
}

// A context is good for one message: each gets a copy. Null as above, and for none.
EvpMdCtx copy_of(const EVP_MD_CTX* prepared) {
  EvpMdCtx context{prepared == nullptr ? nullptr : EVP_MD_CTX_new()};
  const bool made = context != nullptr && EVP_MD_CTX_copy_ex(context.get(), prepared) == 1;
  return made ? std::move(context) : nullptr;
}

// Good until this thread's next call.
const EVP_MD_CTX* prepared_to_verify(const PublicKey& key) {
  using ByKey = std::map<Hash, EvpMdCtx>;
  thread_local ByKey newer;  // Once there are enough of these, they are the older.
  thread_local ByKey older;
  for (const ByKey* const part : {&newer, &older}) {
    if (const auto known = part->find(key.id()); known != part->end()) {
      return known->second.get();
    }
  }
  EvpMdCtx context = prepare(EVP_DigestVerifyInit_ex, import_public_key(key).get());
  if (context == nullptr) {
    return nullptr;
  }
  if (newer.size() >= kPreparedMax / 2) {
    older = std::exchange(newer, {});
  }
  return newer.emplace(key.id(), std::move(context)).first->second.get();
}

}  // namespace

struct KeySigner::Prepared {
  EvpMdCtx context;
};

KeySigner::KeySigner(PrivateKey key) : key_(std::move(key)) {}
KeySigner::~KeySigner() = default;

Result<std::string> KeySigner::sign(Bytes message) {
  if (key_.public_key().algorithm() != Algorithm::kEd25519) {
    return fail(ErrorCode::kSigningFailed, "the key is not an Ed25519 key");
  }
  if (prepared_ == nullptr) {
    if (EvpMdCtx made = prepare(EVP_DigestSignInit_ex, key_.impl().pkey.get()); made != nullptr) {
      prepared_ = std::make_unique<Prepared>(Prepared{std::move(made)});
    }
  }
  const EvpMdCtx context = copy_of(prepared_ == nullptr ? nullptr : prepared_->context.get());
  std::string signature(kSignatureBytes, '\0');
  std::size_t length = signature.size();
  if (context == nullptr ||
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
  const EvpMdCtx context = copy_of(prepared_to_verify(key));
  if (context == nullptr || EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                             message.data(), message.size()) != 1) {
    return fail(ErrorCode::kBadSignature, "the key did not sign these bytes");
  }
  return {};
}

}  // namespace chancery::crypto
