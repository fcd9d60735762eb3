#include "core/crypto/hpke.h"

#include <algorithm>
#include <string_view>

#include "core/crypto/aead.h"
#include "core/crypto/evp.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/secret.h"

namespace chancery::crypto {
namespace {

using std::string_view_literals::operator""sv;

// RFC 9180 sections 4.1 and 5.1: which part of which suite a derived value is for.
constexpr std::string_view kKemSuite = "KEM\x00\x20"sv;
constexpr std::string_view kHpkeSuite = "HPKE\x00\x20\x00\x01\x00\x02"sv;
constexpr std::string_view kVersion = "HPKE-v1";

// LabeledExtract, section 4.
std::string labeled_extract(std::string_view suite, Bytes salt, std::string_view label,
                            Bytes input_key) {
  std::string labeled;
  const WipeAtEnd wiped(labeled);
  labeled.reserve(kVersion.size() + suite.size() + label.size() + input_key.size());
  labeled.append(kVersion).append(suite).append(label).append(as_view(input_key));
  Hash key = hkdf_extract(salt, as_bytes(labeled));
  std::string owned = to_string(key);
  wipe(key);
  return owned;
}

// LabeledExpand, section 4. Lengths here are at most 32, so the first byte of two is zero.
std::string labeled_expand(std::string_view suite, std::string_view key, std::string_view label,
                           std::string_view info, std::size_t length) {
  std::string labeled = {'\0', static_cast<char>(length)};
  labeled.append(kVersion).append(suite).append(label).append(info);
  return hkdf_expand(as_bytes(key), as_bytes(labeled), length);
}

// X25519, RFC 7748 section 6.1. kSealBroken where the shared secret is all zeroes (RFC 9180 section
// 7.1.4): a second look, as PublicKey lets no point of small order in.
Result<std::string> agree(const PrivateKey& own, const PublicKey& peer) {
  const EvpPkey peer_pkey = import_public_key(peer);
  const EvpPkeyCtx context{
      EVP_PKEY_CTX_new_from_pkey(library_context(), own.impl().pkey.get(), nullptr)};
  std::string secret(kKeyBytes, '\0');
  std::size_t length = secret.size();
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer_pkey.get()) != 1 ||
      EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(secret.data()), &length) !=
          1 ||
      length != kKeyBytes || equal_constant_time(as_bytes(secret), Hash{})) {
    return fail(ErrorCode::kSealBroken, "no shared secret with this key");
  }
  return secret;
}

// ExtractAndExpand, section 4.1.
Result<std::string> shared_secret(const PrivateKey& own, const PublicKey& peer, Bytes enc,
                                  const PublicKey& recipient) {
  CHANCERY_TRY(std::string dh, agree(own, peer));
  const WipeAtEnd dh_wiped(dh);
  std::string key = labeled_extract(kKemSuite, {}, "eae_prk", as_bytes(dh));
  const WipeAtEnd key_wiped(key);
  const std::string kem_context = to_string(enc) + to_string(recipient.raw());
  return labeled_expand(kKemSuite, key, "shared_secret", kem_context, kKeyBytes);
}

}  // namespace

Result<PrivateKey> hpke_derive_key_pair(Bytes ikm) {
  if (ikm.size() < kHpkeSeedBytes) {
    return fail(ErrorCode::kMalformed, "a key pair is derived from at least 32 bytes");
  }
  std::string key = labeled_extract(kKemSuite, {}, "dkp_prk", ikm);
  const WipeAtEnd key_wiped(key);
  std::string scalar = labeled_expand(kKemSuite, key, "sk", {}, kKeyBytes);
  const WipeAtEnd scalar_wiped(scalar);
  return PrivateKey::from_seed(Algorithm::kX25519, as_bytes(scalar));
}

HpkeKeySchedule hpke_key_schedule(Bytes shared_secret, Bytes info) {
  const std::string context = std::string(1, '\0') +  // mode_base
                              labeled_extract(kHpkeSuite, {}, "psk_id_hash", {}) +
                              labeled_extract(kHpkeSuite, {}, "info_hash", info);
  std::string secret = labeled_extract(kHpkeSuite, shared_secret, "secret", {});
  const WipeAtEnd wiped(secret);
  return {labeled_expand(kHpkeSuite, secret, "key", context, kAeadKeyBytes),
          labeled_expand(kHpkeSuite, secret, "base_nonce", context, kAeadNonceBytes)};
}

Result<HpkeSealed> hpke_seal(const PublicKey& recipient, Bytes info, Bytes aad, Bytes plaintext,
                             Bytes ikm_e) {
  if (recipient.algorithm() != Algorithm::kX25519 || ikm_e.size() != kHpkeSeedBytes) {
    return fail(ErrorCode::kSealMalformed, "sealing takes an X25519 key and 32 random bytes");
  }
  CHANCERY_TRY(const PrivateKey ephemeral, hpke_derive_key_pair(ikm_e));
  std::string enc = to_string(ephemeral.public_key().raw());
  CHANCERY_TRY(std::string secret, shared_secret(ephemeral, recipient, as_bytes(enc), recipient));
  const WipeAtEnd secret_wiped(secret);
  HpkeKeySchedule schedule = hpke_key_schedule(as_bytes(secret), info);
  const WipeAtEnd key_wiped(schedule.key);
  // One message, so its sequence number is 0 and its nonce the base nonce.
  CHANCERY_TRY(std::string ct, aes256gcm_seal(as_bytes(schedule.key), as_bytes(schedule.base_nonce),
                                              aad, plaintext));
  return HpkeSealed{std::move(enc), std::move(ct)};
}

Result<std::string> hpke_open(const PrivateKey& recipient, Bytes enc, Bytes info, Bytes aad,
                              Bytes ct) {
  if (recipient.public_key().algorithm() != Algorithm::kX25519 || enc.size() != kHpkeEncBytes ||
      ct.size() < kAeadTagBytes) {
    return fail(ErrorCode::kSealMalformed, "a sealed part has the wrong length");
  }
  const Result<PublicKey> ephemeral = PublicKey::from_raw(Algorithm::kX25519, enc);
  if (!ephemeral.has_value()) {
    return fail(ErrorCode::kSealMalformed, "enc: " + ephemeral.error().to_string());
  }
  CHANCERY_TRY(std::string secret,
               shared_secret(recipient, *ephemeral, enc, recipient.public_key()));
  const WipeAtEnd secret_wiped(secret);
  HpkeKeySchedule schedule = hpke_key_schedule(as_bytes(secret), info);
  const WipeAtEnd key_wiped(schedule.key);
  return aes256gcm_open(as_bytes(schedule.key), as_bytes(schedule.base_nonce), aad, ct);
}

}  // namespace chancery::crypto
