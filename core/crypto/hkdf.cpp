#include "core/crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

#include "core/base/result.h"
#include "core/crypto/evp.h"

namespace chancery::crypto {
namespace {

const EVP_KDF* hkdf_algorithm() {
  static const EvpKdf fetched{EVP_KDF_fetch(library_context(), "HKDF", nullptr)};
  CHANCERY_CHECK(fetched != nullptr);
  return fetched.get();
}

// Parameters are not const in OpenSSL, though none is written. An empty span has no address, and
// OpenSSL takes a null address for a missing value.
OSSL_PARAM octets(const char* name, Bytes bytes) {
  static std::uint8_t nothing = 0;
  void* const data = bytes.empty() ? &nothing : const_cast<std::uint8_t*>(bytes.data());
  return OSSL_PARAM_construct_octet_string(name, data, bytes.size());
}

void derive(int mode, Bytes key, OSSL_PARAM salt_or_info, std::span<std::uint8_t> out) {
  std::array<char, 7> digest = {'S', 'H', 'A', '2', '5', '6', '\0'};
  const std::array<OSSL_PARAM, 5> params = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size() - 1),
      octets(OSSL_KDF_PARAM_KEY, key), salt_or_info, OSSL_PARAM_construct_end()};
  const EvpKdfCtx context{EVP_KDF_CTX_new(const_cast<EVP_KDF*>(hkdf_algorithm()))};
  CHANCERY_CHECK(context != nullptr);
  const int derived = EVP_KDF_derive(context.get(), out.data(), out.size(), params.data());
  CHANCERY_CHECK(derived == 1);
}

}  // namespace

Hash hkdf_extract(Bytes salt, Bytes input_key) {
  // HMAC pads its key with zeroes, so that no salt and a hash length of zeroes are the same.
  constexpr Hash kNoSalt{};
  Hash key{};
  derive(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, input_key,
         octets(OSSL_KDF_PARAM_SALT, salt.empty() ? Bytes(kNoSalt) : salt), key);
  return key;
}

std::string hkdf_expand(Bytes pseudorandom_key, Bytes info, std::size_t length) {
  CHANCERY_CHECK(info.size() <= kHkdfInfoBytesMax);
  CHANCERY_CHECK(length > 0 && length <= kHkdfOutputBytesMax);
  std::string out(length, '\0');
  derive(EVP_KDF_HKDF_MODE_EXPAND_ONLY, pseudorandom_key, octets(OSSL_KDF_PARAM_INFO, info),
         {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

}  // namespace chancery::crypto
