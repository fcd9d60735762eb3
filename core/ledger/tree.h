// The Merkle tree of RFC 6962 section 2.1 (the same hashing as RFC 9162): its hashes and its root.
//
// Leaves are tagged 0x00 and nodes 0x01, so that no node can pass for a leaf. Used for the log, for
// signature batches and for the directory state. Proofs are in proof.h. CompactTree forgets every
// hash that it no longer needs and so stays at one hash per bit of its size.
//
// Pure. One owner, one thread.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace chancery::ledger {

[[nodiscard]] Hash leaf_hash(Bytes entry);
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);
// Of no leaves: the hash of nothing.
[[nodiscard]] Hash tree_root(std::span<const Hash> leaf_hashes);

class CompactTree {
 public:
  CompactTree() = default;

  // Continues from what edge() was at `size`; kMalformed where the two cannot belong together.
  [[nodiscard]] static Result<CompactTree> resume(std::uint64_t size, std::vector<Hash> edge);
  // The same from edge_bytes(), as a store keeps it.
  [[nodiscard]] static Result<CompactTree> resume(std::uint64_t size, std::string_view edge_bytes);

  void append(const Hash& leaf);
  [[nodiscard]] Hash root() const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<Hash>& edge() const { return edge_; }
  [[nodiscard]] std::string edge_bytes() const;  // The hashes one after the other.

 private:
  void check_invariants() const;

  std::uint64_t size_ = 0;
  std::vector<Hash> edge_;  // The root of one full subtree per set bit of size_, largest first.
};

}  // namespace chancery::ledger
