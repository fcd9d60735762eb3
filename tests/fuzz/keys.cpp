// Keys: raw, as SubjectPublicKeyInfo, and a private key's PEM file. First byte: which of them.
//
// Holds: one spelling per key, both ways; every X25519 key that was accepted can be sealed to,
// which OpenSSL refuses for a key of small order.

#include "core/crypto/keys.h"

#include "core/crypto/hpke.h"
#include "tests/fuzz/input.h"
#include "tests/support/keys.h"

using chancery::as_bytes;
using chancery::Bytes;
namespace crypto = chancery::crypto;

namespace {

void check_public(const chancery::Result<crypto::PublicKey>& key) {
  if (!key.has_value()) {
    return;
  }
  const auto raw = crypto::PublicKey::from_raw(key->algorithm(), key->raw());
  const auto spki = crypto::PublicKey::from_spki(as_bytes(key->spki()));
  CHANCERY_CHECK(raw.has_value() && *raw == *key && raw->id() == key->id());
  CHANCERY_CHECK(spki.has_value() && *spki == *key && spki->algorithm() == key->algorithm());
  if (key->algorithm() == crypto::Algorithm::kX25519) {
    const std::string random = chancery::test::seeded_bytes("ephemeral", 32);
    CHANCERY_CHECK(crypto::hpke_seal(*key, {}, {}, as_bytes("text"), as_bytes(random)).has_value());
  }
}

void check_pem(std::string_view pem) {
  const auto key = crypto::PrivateKey::from_pem(pem);
  if (!key.has_value()) {
    return;
  }
  check_public(key->public_key());
  CHANCERY_CHECK(key->to_pem() == pem && key->raw().size() == crypto::kKeyBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      check_public(
          crypto::PublicKey::from_raw(crypto::Algorithm::kEd25519, as_bytes(input.rest())));
      break;
    case 1:
      check_public(crypto::PublicKey::from_raw(crypto::Algorithm::kX25519, as_bytes(input.rest())));
      break;
    case 2:
      check_public(crypto::PublicKey::from_spki(as_bytes(input.rest())));
      break;
    default:
      check_pem(input.rest());
  }
  return 0;
}
