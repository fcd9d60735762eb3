#include "core/exchange/batch_signature.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/limits.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kBatchLabel = "chancery/v1 batch\0"sv;
constexpr std::string_view kReleaseLabel = "chancery/v1 release\0"sv;

std::vector<Hash> leaf_hashes(std::span<const Hash> ds) {
  std::vector<Hash> leaves;
  leaves.reserve(ds.size());
  for (const Hash& d : ds) {
    leaves.push_back(ledger::leaf_hash(d));
  }
  return leaves;
}

Hash fingerprint_of(std::string_view message, Bytes value) {
  return crypto::sha256({as_bytes(message), value});
}

}  // namespace

std::string batch_message(const Hash& genesis, const Hash& key_id, std::uint64_t tree_size,
                          const Hash& root) {
  std::string message(kBatchLabel);
  message += as_view(genesis);
  message += as_view(key_id);
  message += as_view(u64_be(tree_size));
  message += as_view(root);
  return message;
}

std::string release_message(const Hash& genesis, const Hash& key_id, const Hash& notice) {
  std::string message(kReleaseLabel);
  message += as_view(genesis);
  message += as_view(key_id);
  message += as_view(notice);
  return message;
}

BatchToSign::BatchToSign(const Hash& genesis, const Hash& key_id, std::span<const Hash> ds)
    : key_id_(key_id), tree_(ledger::prove_all(leaf_hashes(ds))) {
  CHANCERY_CHECK(!ds.empty() && ds.size() <= kBatchSizeMax);
  message_ = batch_message(genesis, key_id, ds.size(), tree_.root);
}

v1::Signature BatchToSign::signature(std::size_t position, const std::string& value) const {
  CHANCERY_CHECK(position < tree_.paths.size());
  v1::Signature signature;
  signature.set_key_id(std::string(as_view(key_id_)));
  signature.set_value(value);
  v1::BatchPath& batch = *signature.mutable_batch();
  batch.set_leaf_index(position);
  batch.set_tree_size(tree_.paths.size());
  for (const Hash& hash : tree_.paths[position]) {
    batch.add_path(std::string(as_view(hash)));
  }
  return signature;
}

bool RootCache::contains(std::string_view message, Bytes value) const {
  return seen_.contains(fingerprint_of(message, value));
}

void RootCache::insert(std::string_view message, Bytes value) {
  const Hash fingerprint = fingerprint_of(message, value);
  if (!seen_.insert(fingerprint).second) {
    return;
  }
  order_.push_back(fingerprint);
  if (order_.size() > count_max_) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
}

bool RootCache::follows(const Hash& genesis, const Signature& signature, const Hash& leaf) {
  if (!signature.batch.has_value()) {
    return false;
  }
  const Signature::Batch& batch = *signature.batch;
  // The newest first: most often the next notice is of the same batch.
  return std::ranges::any_of(std::views::reverse(kept_), [&](Kept& kept) {
    return kept.value == signature.value && kept.key_id == signature.key_id &&
           kept.genesis == genesis && kept.path.size() == batch.tree_size &&
           kept.path.follow(leaf, batch.leaf_index, batch.path);
  });
}

void RootCache::keep(const Hash& genesis, const Signature& signature, ledger::FollowedPath path) {
  if (path.size() == 1) {
    return;  // Nobody else has a path to its root.
  }
  kept_.push_back({.genesis = genesis,
                   .key_id = signature.key_id,
                   .value = signature.value,
                   .path = std::move(path)});
  if (kept_.size() > kPathsMax) {
    kept_.pop_front();
  }
}

Result<void> verify_batch_signature(const Hash& genesis, const Hash& d, const Signature& signature,
                                    const crypto::PublicKey& key, RootCache& cache) {
  CHANCERY_CHECK(key.id() == signature.key_id && signature.batch.has_value());
  const Signature::Batch& batch = *signature.batch;
  const Hash leaf = ledger::leaf_hash(d);
  if (cache.follows(genesis, signature, leaf)) {
    return {};
  }
  CHANCERY_TRY(ledger::FollowedPath followed,
               ledger::FollowedPath::follow(leaf, batch.leaf_index, batch.tree_size, batch.path));
  const std::string message = batch_message(genesis, key.id(), batch.tree_size, followed.root());
  if (!cache.contains(message, signature.value)) {
    const Result<void> verified = crypto::verify(key, as_bytes(message), signature.value);
    if (!verified.has_value()) {
      return fail(verified.error().code, "key " + hex(key.id()) + " did not sign this batch");
    }
    cache.insert(message, signature.value);
  }
  cache.keep(genesis, signature, std::move(followed));
  return {};
}

}  // namespace chancery::exchange
