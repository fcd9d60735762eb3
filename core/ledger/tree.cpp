#include "core/ledger/tree.h"

#include <bit>
#include <utility>

#include "core/crypto/sha256.h"

namespace chancery::ledger {
namespace {

constexpr std::uint8_t kLeafTag = 0x00;
constexpr std::uint8_t kNodeTag = 0x01;

}  // namespace

Hash leaf_hash(Bytes entry) {
  return crypto::sha256({Bytes(&kLeafTag, 1), entry});
}

Hash node_hash(const Hash& left, const Hash& right) {
  return crypto::sha256({Bytes(&kNodeTag, 1), left, right});
}

Hash tree_root(std::span<const Hash> leaf_hashes) {
  CompactTree tree;
  for (const Hash& leaf : leaf_hashes) {
    tree.append(leaf);
  }
  return tree.root();
}

Result<CompactTree> CompactTree::resume(std::uint64_t size, std::vector<Hash> edge) {
  if (edge.size() != static_cast<std::size_t>(std::popcount(size))) {
    return fail(ErrorCode::kMalformed, "a tree of size " + std::to_string(size) + " has " +
                                           std::to_string(std::popcount(size)) +
                                           " edge hashes, found " + std::to_string(edge.size()));
  }
  CompactTree tree;
  tree.size_ = size;
  tree.edge_ = std::move(edge);
  tree.check_invariants();
  return tree;
}

Result<CompactTree> CompactTree::resume(std::uint64_t size, std::string_view edge_bytes) {
  if (edge_bytes.size() % Hash{}.size() != 0) {
    return fail(ErrorCode::kMalformed, "the edge of a tree is a list of hashes");
  }
  std::vector<Hash> edge;
  for (std::size_t i = 0; i < edge_bytes.size(); i += Hash{}.size()) {
    edge.push_back(hash_from(edge_bytes.substr(i, Hash{}.size())));
  }
  return resume(size, std::move(edge));
}

std::string CompactTree::edge_bytes() const {
  std::string bytes;
  for (const Hash& hash : edge_) {
    bytes += as_view(hash);
  }
  return bytes;
}

void CompactTree::append(const Hash& leaf) {
  Hash subtree = leaf;
  // Counting up in binary: each trailing one bit is a full subtree of the size reached so far.
  for (std::uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
    subtree = node_hash(edge_.back(), subtree);
    edge_.pop_back();
  }
  edge_.push_back(subtree);
  ++size_;
  check_invariants();
}

Hash CompactTree::root() const {
  if (edge_.empty()) {
    return crypto::sha256({});
  }
  Hash root = edge_.back();
  for (auto left = edge_.rbegin() + 1; left != edge_.rend(); ++left) {
    root = node_hash(*left, root);
  }
  return root;
}

void CompactTree::check_invariants() const {
  CHANCERY_CHECK(edge_.size() == static_cast<std::size_t>(std::popcount(size_)));
}

}  // namespace chancery::ledger
