#include "tests/support/keys.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"

namespace chancery::test {
namespace {

constexpr std::uint64_t kEpochMs = 1'700'000'000'000;

crypto::PrivateKey key_named(crypto::Algorithm algorithm, std::string_view name) {
  return must(
      crypto::PrivateKey::from_seed(algorithm, as_bytes(seeded_bytes(name, crypto::kKeyBytes))));
}

// Remembered, since deriving it is most of what a test with many names does.
const crypto::PublicKey& public_key_named(crypto::Algorithm algorithm, std::string_view name) {
  thread_local std::map<std::pair<crypto::Algorithm, std::string>, crypto::PublicKey> known;
  std::pair key(algorithm, std::string(name));
  const auto found = known.find(key);
  return found != known.end()
             ? found->second
             : known.emplace(std::move(key), key_named(algorithm, name).public_key()).first->second;
}

}  // namespace

std::string seeded_bytes(std::string_view name, std::size_t count) {
  std::string bytes;
  for (std::uint64_t block = 0; bytes.size() < count; ++block) {
    bytes += as_view(crypto::sha256({as_bytes("chancery tests"), as_bytes(name), u64_be(block)}));
  }
  bytes.resize(count);
  return bytes;
}

std::string seeded_uuid(std::string_view name, std::uint64_t number) {
  const std::string bytes = seeded_bytes(std::string(name) + std::to_string(number), 10);
  return make_uuid_v7(kEpochMs + number, as_bytes(bytes).first<10>());
}

crypto::PrivateKey signing_private(std::string_view name) {
  return key_named(crypto::Algorithm::kEd25519, name);
}

crypto::PrivateKey agreement_private(std::string_view name) {
  return key_named(crypto::Algorithm::kX25519, name);
}

crypto::PublicKey signing_public(std::string_view name) {
  return public_key_named(crypto::Algorithm::kEd25519, name);
}

crypto::PublicKey agreement_public(std::string_view name) {
  return public_key_named(crypto::Algorithm::kX25519, name);
}

std::unique_ptr<crypto::KeySigner> key_signer(std::string_view name) {
  return std::make_unique<crypto::KeySigner>(signing_private(name));
}

void stop(const Error& error) {
  std::fprintf(stderr, "a step that had to succeed: %s\n", error.to_string().c_str());
  std::abort();
}

}  // namespace chancery::test
