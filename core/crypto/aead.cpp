#include "core/crypto/aead.h"

#include "core/crypto/evp.h"
#include "core/crypto/secret.h"

namespace chancery::crypto {
namespace {

const EVP_CIPHER* aes_gcm_algorithm() {
  static const EvpCipher fetched{EVP_CIPHER_fetch(library_context(), "AES-256-GCM", nullptr)};
  CHANCERY_CHECK(fetched != nullptr);
  return fetched.get();
}

unsigned char* writable(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// Sizes fit an int: check_sizes() came first.
int int_size(Bytes bytes) {
  return static_cast<int>(bytes.size());
}

Result<void> check_sizes(Bytes key, Bytes nonce, Bytes aad, Bytes text) {
  if (key.size() != kAeadKeyBytes || nonce.size() != kAeadNonceBytes) {
    return fail(ErrorCode::kSealMalformed, "AES-256-GCM takes a key of 32 and a nonce of 12 bytes");
  }
  if (aad.size() > kAeadBytesMax || text.size() > kAeadBytesMax + kAeadTagBytes) {
    return fail(ErrorCode::kLimitExceeded, "more than 1 GiB to seal or open at once");
  }
  return {};
}

// Takes the aad, then `text` into `out`, which is of the same size. The tag is still to come.
bool run(EVP_CIPHER_CTX* context, Bytes aad, Bytes text, std::string& out) {
  int written = 0;
  if (!aad.empty() &&
      EVP_CipherUpdate(context, nullptr, &written, aad.data(), int_size(aad)) != 1) {
    return false;
  }
  written = 0;
  if (!text.empty() &&
      EVP_CipherUpdate(context, writable(out), &written, text.data(), int_size(text)) != 1) {
    return false;
  }
  return written == int_size(text);
}

}  // namespace

Result<std::string> aes256gcm_seal(Bytes key, Bytes nonce, Bytes aad, Bytes plaintext) {
  CHANCERY_TRY_VOID(check_sizes(key, nonce, aad, plaintext));
  const EvpCipherCtx context{EVP_CIPHER_CTX_new()};
  std::string sealed(plaintext.size(), '\0');
  std::string tag(kAeadTagBytes, '\0');
  unsigned char none = 0;  // GCM ends without a block of its own.
  int written = 0;
  const bool done = context != nullptr &&
                    EVP_EncryptInit_ex2(context.get(), aes_gcm_algorithm(), key.data(),
                                        nonce.data(), nullptr) == 1 &&
                    run(context.get(), aad, plaintext, sealed) &&
                    EVP_EncryptFinal_ex(context.get(), &none, &written) == 1 && written == 0 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG,
                                        static_cast<int>(tag.size()), tag.data()) == 1;
  CHANCERY_CHECK(done);  // No input can make it fail.
  return sealed + tag;
}

Result<std::string> aes256gcm_open(Bytes key, Bytes nonce, Bytes aad, Bytes ciphertext) {
  CHANCERY_TRY_VOID(check_sizes(key, nonce, aad, ciphertext));
  if (ciphertext.size() < kAeadTagBytes) {
    return fail(ErrorCode::kSealMalformed, "a ciphertext shorter than its tag");
  }
  const Bytes text = ciphertext.first(ciphertext.size() - kAeadTagBytes);
  // OpenSSL would take a tag of one byte, so ours is cut here and is always whole.
  std::string tag = to_string(ciphertext.last(kAeadTagBytes));
  const EvpCipherCtx context{EVP_CIPHER_CTX_new()};
  std::string plaintext(text.size(), '\0');
  unsigned char none = 0;
  int written = 0;
  const bool opened = context != nullptr &&
                      EVP_DecryptInit_ex2(context.get(), aes_gcm_algorithm(), key.data(),
                                          nonce.data(), nullptr) == 1 &&
                      run(context.get(), aad, text, plaintext) &&
                      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG,
                                          static_cast<int>(tag.size()), tag.data()) == 1 &&
                      EVP_DecryptFinal_ex(context.get(), &none, &written) == 1 && written == 0;
  if (!opened) {
    wipe(plaintext);  // It was decrypted before the tag was looked at.
    return fail(ErrorCode::kSealBroken, "the tag is not right");
  }
  return plaintext;
}

}  // namespace chancery::crypto
