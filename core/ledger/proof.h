// Inclusion and consistency proofs: making them (RFC 6962 section 2.1) and verifying them
// (RFC 9162 sections 2.1.3.2 and 2.1.4.2).
//
// Makers need the leaf hashes of the whole tree and hash all of it; an index out of range is an
// error of the program. Verifiers take what a peer sent: a missing, surplus or altered hash is
// kBadBatchPath, never an abort. Pure; safe from any thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::ledger {

// Sibling hashes, the leaf's own sibling first.
[[nodiscard]] std::vector<Hash> inclusion_proof(std::span<const Hash> leaf_hashes,
                                                std::uint64_t index);

// The proofs of all leaves for the price of one tree: what a signature batch needs.
struct ProvenTree {
  Hash root{};
  std::vector<std::vector<Hash>> paths;  // One per leaf.
};
[[nodiscard]] ProvenTree prove_all(std::span<const Hash> leaf_hashes);

// The root that `path` leads to from `leaf`; kBadBatchPath where it fits no tree of `size`.
[[nodiscard]] Result<Hash> root_from_inclusion(const Hash& leaf, std::uint64_t index,
                                               std::uint64_t size, std::span<const Hash> path);
[[nodiscard]] Result<void> verify_inclusion(const Hash& leaf, std::uint64_t index,
                                            std::uint64_t size, std::span<const Hash> path,
                                            const Hash& root);

// The root of the tree that ends with the leaf, which its path in a larger one has in it as well:
// the hashes on its left are those of all that came before. For a path that was verified;
// kBadBatchPath as above.
[[nodiscard]] Result<Hash> root_ending_with(const Hash& leaf, std::uint64_t index,
                                            std::uint64_t size, std::span<const Hash> path);

// A path that was followed from its leaf to the root. The path of another leaf of the same tree is
// followed only up to where the two meet, since above there they have to be equal, hash by hash.
class FollowedPath {
 public:
  // As root_from_inclusion().
  [[nodiscard]] static Result<FollowedPath> follow(const Hash& leaf, std::uint64_t index,
                                                   std::uint64_t size, std::span<const Hash> path);

  [[nodiscard]] const Hash& root() const { return root_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Whether `path` leads from `leaf` to root(), as root_from_inclusion() would say. If so, this is
  // that path from now on: neighbours meet after two hashes at most, on average. If not, nothing
  // changes.
  [[nodiscard]] bool follow(const Hash& leaf, std::uint64_t index, std::span<const Hash> path);

 private:
  struct Step {
    unsigned level = 0;  // Of node and sibling.
    Hash node{};
    Hash sibling{};
  };
  FollowedPath(std::uint64_t index, std::uint64_t size) : index_(index), size_(size) {}
  // Where `below` ends both paths have one pair of nodes, each one of them as its own.
  bool meet(std::uint64_t index, std::span<const Step> below, std::span<const Hash> above);

  std::uint64_t index_;
  std::uint64_t size_;
  std::vector<Step> steps_;  // From the leaf up.
  Hash root_{};
};

// That the tree of all leaves begins with the tree of the first `old_size`. Empty for 0 and for
// all.
[[nodiscard]] std::vector<Hash> consistency_proof(std::span<const Hash> leaf_hashes,
                                                  std::uint64_t old_size);
// A tree of size 0 must have the root of nothing; then, and for equal sizes, the path is empty.
[[nodiscard]] Result<void> verify_consistency(std::uint64_t old_size, const Hash& old_root,
                                              std::uint64_t new_size, const Hash& new_root,
                                              std::span<const Hash> path);

}  // namespace chancery::ledger
