#include "core/crypto/sha256.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "core/base/result.h"
#include "core/crypto/evp.h"

namespace chancery::crypto {
namespace {

// Fetched once: looking the algorithm up by name costs more than hashing a node of the tree.
const EVP_MD* sha256_algorithm() {
  static const EvpMd fetched{EVP_MD_fetch(library_context(), "SHA256", nullptr)};
  CHANCERY_CHECK(fetched != nullptr);
  return fetched.get();
}

// These steps fail only when OpenSSL itself is broken: no caller could do better than stop.
void start(EVP_MD_CTX* context) {
  const int started = EVP_DigestInit_ex2(context, nullptr, nullptr);  // As it was made for.
  CHANCERY_CHECK(started == 1);
}

void add(EVP_MD_CTX* context, Bytes part) {
  const int added = EVP_DigestUpdate(context, part.data(), part.size());
  CHANCERY_CHECK(added == 1);
}

Hash end(EVP_MD_CTX* context) {
  Hash hash{};
  unsigned int length = 0;
  const int ended = EVP_DigestFinal_ex(context, hash.data(), &length);
  CHANCERY_CHECK(ended == 1 && length == hash.size());
  return hash;
}

EvpMdCtx make_context() {
  EvpMdCtx context{EVP_MD_CTX_new()};
  CHANCERY_CHECK(context != nullptr);
  const int made = EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr);
  CHANCERY_CHECK(made == 1);
  return context;
}

}  // namespace

Hash sha256(std::initializer_list<Bytes> parts) {
  thread_local const EvpMdCtx kept = make_context();
  start(kept.get());
  // A leaf or a node is short, and a call for each of its parts would cost as much as hashing one.
  std::array<std::uint8_t, 128> together{};
  std::size_t size = 0;
  for (const Bytes part : parts) {
    if (part.size() > together.size() - size) {
      add(kept.get(), Bytes(together).first(size));
      size = 0;
    }
    if (part.size() > together.size()) {
      add(kept.get(), part);
      continue;
    }
    if (!part.empty()) {
      std::memcpy(together.data() + size, part.data(), part.size());
      size += part.size();
    }
  }
  add(kept.get(), Bytes(together).first(size));
  return end(kept.get());
}

struct Sha256::State {
  EvpMdCtx context;
};

Sha256::Sha256() : state_(std::make_unique<State>(State{make_context()})) {}
Sha256::Sha256(Sha256&& other) noexcept = default;
Sha256& Sha256::operator=(Sha256&& other) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(Bytes part) {
  add(state_->context.get(), part);
}

Hash Sha256::finish() {
  const Hash hash = end(state_->context.get());
  start(state_->context.get());
  return hash;
}

}  // namespace chancery::crypto
