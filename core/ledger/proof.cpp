#include "core/ledger/proof.h"

#include <algorithm>
#include <bit>
#include <string>

#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

std::unexpected<Error> misfit(std::string detail) {
  return fail(ErrorCode::kBadBatchPath, std::move(detail));
}

// Where a tree of two leaves or more splits: the largest power of two below its size.
std::size_t split_of(std::span<const Hash> leaves) {
  return std::bit_floor(leaves.size() - 1);
}

// PATH(m, D[n]), RFC 6962 section 2.1.1.
void append_inclusion(std::span<const Hash> leaves, std::size_t index, std::vector<Hash>& path) {
  if (leaves.size() == 1) {
    return;
  }
  const std::size_t split = split_of(leaves);
  const auto left = leaves.first(split);
  const auto right = leaves.subspan(split);
  if (index < split) {
    append_inclusion(left, index, path);
    path.push_back(tree_root(right));
  } else {
    append_inclusion(right, index - split, path);
    path.push_back(tree_root(left));
  }
}

// SUBPROOF(m, D[n], whole), RFC 6962 section 2.1.2. `whole`: these leaves are the old tree itself
// or its beginning, so that the verifier knows the root of what is common.
void append_consistency(std::span<const Hash> leaves, std::size_t old_size, bool whole,
                        std::vector<Hash>& path) {
  if (old_size == leaves.size()) {
    if (!whole) {
      path.push_back(tree_root(leaves));
    }
    return;
  }
  const std::size_t split = split_of(leaves);
  const auto left = leaves.first(split);
  const auto right = leaves.subspan(split);
  if (old_size <= split) {
    append_consistency(left, old_size, whole, path);
    path.push_back(tree_root(right));
  } else {
    append_consistency(right, old_size - split, false, path);
    path.push_back(tree_root(left));
  }
}

// The root of the leaves; each leaf's path gains its siblings on the way up.
Hash climb(std::span<const Hash> leaves, std::span<std::vector<Hash>> paths) {
  if (leaves.size() == 1) {
    return leaves.front();
  }
  const std::size_t split = split_of(leaves);
  const Hash left = climb(leaves.first(split), paths.first(split));
  const Hash right = climb(leaves.subspan(split), paths.subspan(split));
  for (std::vector<Hash>& path : paths.first(split)) {
    path.push_back(right);
  }
  for (std::vector<Hash>& path : paths.subspan(split)) {
    path.push_back(left);
  }
  return node_hash(left, right);
}

// Where we are on the way up, RFC 9162: the node that we are in and the last one of its level.
struct Place {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  unsigned level = 0;

  // To the node whose sibling the next hash of the path is; whether that stands on its left.
  bool to_pair() {
    const bool left = (first & 1U) != 0 || first == last;
    if (left) {
      // A lone node at the right edge has no sibling until the height where it is a right child.
      while ((first & 1U) == 0 && first != 0) {
        rise();
      }
    }
    return left;
  }
  void rise() {
    first >>= 1U;
    last >>= 1U;
    ++level;
  }
};

}  // namespace

std::vector<Hash> inclusion_proof(std::span<const Hash> leaf_hashes, std::uint64_t index) {
  CHANCERY_CHECK(index < leaf_hashes.size());
  std::vector<Hash> path;
  append_inclusion(leaf_hashes, static_cast<std::size_t>(index), path);
  return path;
}

ProvenTree prove_all(std::span<const Hash> leaf_hashes) {
  ProvenTree tree;
  tree.paths.resize(leaf_hashes.size());
  tree.root = leaf_hashes.empty() ? tree_root({}) : climb(leaf_hashes, tree.paths);
  return tree;
}

Result<FollowedPath> FollowedPath::follow(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                                          std::span<const Hash> path) {
  if (index >= size) {
    return misfit("index " + std::to_string(index) + " in a tree of " + std::to_string(size));
  }
  FollowedPath followed(index, size);
  followed.root_ = leaf;
  Place place{.first = index, .last = size - 1};
  for (const Hash& sibling : path) {
    if (place.last == 0) {
      return misfit("the path is longer than the tree is high");
    }
    const bool left = place.to_pair();
    followed.steps_.push_back({.level = place.level, .node = followed.root_, .sibling = sibling});
    followed.root_ = left ? node_hash(sibling, followed.root_) : node_hash(followed.root_, sibling);
    place.rise();
  }
  if (place.last != 0) {
    return misfit("the path ends below the root");
  }
  return followed;
}

bool FollowedPath::follow(const Hash& leaf, std::uint64_t index, std::span<const Hash> path) {
  if (index >= size_) {
    return false;
  }
  // Above the highest bit in which they differ both have the same nodes.
  const auto level_met = static_cast<unsigned>(std::bit_width(index ^ index_));
  std::vector<Step> below;
  below.reserve(level_met);
  Hash node = leaf;
  Place place{.first = index, .last = size_ - 1};
  while (!path.empty() && place.last != 0) {
    const bool left = place.to_pair();
    const Hash& sibling = path.front();
    path = path.subspan(1);
    below.push_back({.level = place.level, .node = node, .sibling = sibling});
    if (place.level + 1 == level_met) {
      return meet(index, below, path);
    }
    node = left ? node_hash(sibling, node) : node_hash(node, sibling);
    place.rise();
  }
  return index == index_ && path.empty() && place.last == 0 && node == root_;
}

bool FollowedPath::meet(std::uint64_t index, std::span<const Step> below,
                        std::span<const Hash> above) {
  const auto met = std::ranges::find(steps_, below.back().level, &Step::level);
  if (met == steps_.end() || below.back().node != met->sibling ||
      below.back().sibling != met->node ||
      !std::ranges::equal(above, std::span(met + 1, steps_.end()), {}, {}, &Step::sibling)) {
    return false;
  }
  steps_.erase(steps_.begin(), met + 1);
  steps_.insert(steps_.begin(), below.begin(), below.end());
  index_ = index;
  return true;
}

Result<Hash> root_from_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                                 std::span<const Hash> path) {
  CHANCERY_TRY(const FollowedPath followed, FollowedPath::follow(leaf, index, size, path));
  return followed.root();
}

Result<Hash> root_ending_with(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                              std::span<const Hash> path) {
  CHANCERY_TRY_VOID(FollowedPath::follow(leaf, index, size, path));
  Hash root = leaf;
  Place place{.first = index, .last = size - 1};
  for (const Hash& sibling : path) {
    root = place.to_pair() ? node_hash(sibling, root) : root;
    place.rise();
  }
  return root;
}

Result<void> verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                              std::span<const Hash> path, const Hash& root) {
  CHANCERY_TRY(const Hash found, root_from_inclusion(leaf, index, size, path));
  if (found != root) {
    return misfit("the path leads to another root");
  }
  return {};
}

std::vector<Hash> consistency_proof(std::span<const Hash> leaf_hashes, std::uint64_t old_size) {
  CHANCERY_CHECK(old_size <= leaf_hashes.size());
  std::vector<Hash> path;
  if (old_size > 0) {
    append_consistency(leaf_hashes, static_cast<std::size_t>(old_size), true, path);
  }
  return path;
}

Result<void> verify_consistency(std::uint64_t old_size, const Hash& old_root,
                                std::uint64_t new_size, const Hash& new_root,
                                std::span<const Hash> path) {
  if (old_size > new_size) {
    return misfit("the old tree is larger than the new one");
  }
  // RFC 9162 begins at 0 < old < new. Below that: no tree but one has size 0, and none is
  // consistent with another of its own size.
  const Hash nothing = tree_root({});
  if ((old_size == 0 && old_root != nothing) || (new_size == 0 && new_root != nothing)) {
    return misfit("a tree of size 0 has another root");
  }
  if (old_size == 0 || old_size == new_size) {
    if (!path.empty() || (old_size == new_size && old_root != new_root)) {
      return misfit("the roots of one size differ, or the path is not empty");
    }
    return {};
  }
  Place place{.first = old_size - 1, .last = new_size - 1};
  while ((place.first & 1U) != 0) {
    place.rise();
  }
  // An old tree that is a full subtree of the new one is its own first hash.
  Hash old_found = old_root;
  std::span<const Hash> rest = path;
  if (!std::has_single_bit(old_size)) {
    if (rest.empty()) {
      return misfit("the path is empty");
    }
    old_found = rest.front();
    rest = rest.subspan(1);
  }
  Hash new_found = old_found;
  for (const Hash& sibling : rest) {
    if (place.last == 0) {
      return misfit("the path is longer than the tree is high");
    }
    if (place.to_pair()) {
      old_found = node_hash(sibling, old_found);
      new_found = node_hash(sibling, new_found);
    } else {
      new_found = node_hash(new_found, sibling);
    }
    place.rise();
  }
  if (place.last != 0 || old_found != old_root || new_found != new_root) {
    return misfit("the path does not lead to both roots");
  }
  return {};
}

}  // namespace chancery::ledger
