#include "core/crypto/sha256.h"

#include <openssl/sha.h>

#include "core/base/result.h"

// By the functions that OpenSSL calls low-level, which EVP comes to in the end: what EVP does
// before and after costs as much as hashing 50 bytes, and hardly anything that is hashed here has
// more than some hundred (docs/decisions/0037-sha-256-without-evp.md).

namespace chancery::crypto {
namespace {

// These steps fail only when OpenSSL itself is broken: no caller could do better than stop.
void start(SHA256_CTX& context) {
  const int started = SHA256_Init(&context);
  CHANCERY_CHECK(started == 1);
}

void add(SHA256_CTX& context, Bytes part) {
  const int added = SHA256_Update(&context, part.data(), part.size());
  CHANCERY_CHECK(added == 1);
}

Hash end(SHA256_CTX& context) {
  Hash hash{};
  const int ended = SHA256_Final(hash.data(), &context);
  CHANCERY_CHECK(ended == 1);
  return hash;
}

}  // namespace

Hash sha256(std::initializer_list<Bytes> parts) {
  SHA256_CTX context;
  start(context);
  for (const Bytes part : parts) {
    add(context, part);
  }
  return end(context);
}

struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  start(state_->context);
}
Sha256::Sha256(Sha256&& other) noexcept = default;
Sha256& Sha256::operator=(Sha256&& other) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(Bytes part) {
  add(state_->context, part);
}

Hash Sha256::finish() {
  const Hash hash = end(state_->context);
  start(state_->context);
  return hash;
}

}  // namespace chancery::crypto
