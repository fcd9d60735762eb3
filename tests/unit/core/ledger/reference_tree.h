// RFC 6962 section 2.1 as its definitions read: slow, recursive, obviously right.
//
// For tests only. Judges core/ledger/{tree,proof} and shares nothing with them, not even the hash
// call. The verifiers here descend from the root, where those of the product climb from the leaf.

#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"

namespace chancery::ledger::reference {

using Entries = std::vector<std::string>;
using Path = std::vector<Hash>;

inline Hash hash_of(const std::string& bytes) {
  Hash hash{};
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr), 1);
  return hash;
}

inline Hash leaf(const std::string& entry) {
  return hash_of(std::string(1, '\x00') + entry);
}

inline Hash node(const Hash& left, const Hash& right) {
  return hash_of(std::string(1, '\x01') + to_string(left) + to_string(right));
}

inline std::uint64_t split_of(std::uint64_t size) {
  std::uint64_t k = 1;
  while (k * 2 < size) {
    k *= 2;
  }
  return k;
}

inline Entries part(const Entries& entries, std::uint64_t from, std::uint64_t to) {
  return {entries.begin() + static_cast<std::ptrdiff_t>(from),
          entries.begin() + static_cast<std::ptrdiff_t>(to)};
}

// MTH
inline Hash root(const Entries& entries) {
  if (entries.empty()) {
    return hash_of("");
  }
  if (entries.size() == 1) {
    return leaf(entries[0]);
  }
  const std::uint64_t k = split_of(entries.size());
  return node(root(part(entries, 0, k)), root(part(entries, k, entries.size())));
}

// PATH
inline Path inclusion(const Entries& entries, std::uint64_t index) {
  const std::uint64_t n = entries.size();
  if (n == 1) {
    return {};
  }
  const std::uint64_t k = split_of(n);
  const bool left = index < k;
  Path path =
      left ? inclusion(part(entries, 0, k), index) : inclusion(part(entries, k, n), index - k);
  path.push_back(root(left ? part(entries, k, n) : part(entries, 0, k)));
  return path;
}

// SUBPROOF
inline Path consistency(const Entries& entries, std::uint64_t old_size, bool whole = true) {
  const std::uint64_t n = entries.size();
  if (old_size == n) {
    return whole ? Path{} : Path{root(entries)};
  }
  const std::uint64_t k = split_of(n);
  const bool left = old_size <= k;
  Path path = left ? consistency(part(entries, 0, k), old_size, whole)
                   : consistency(part(entries, k, n), old_size - k, false);
  path.push_back(root(left ? part(entries, k, n) : part(entries, 0, k)));
  return path;
}

inline std::optional<Hash> root_by_inclusion(const Hash& leaf_hash, std::uint64_t index,
                                             std::uint64_t size, Path path) {
  if (index >= size || (size == 1) != path.empty()) {
    return std::nullopt;
  }
  if (size == 1) {
    return leaf_hash;
  }
  const Hash sibling = path.back();
  path.pop_back();
  const std::uint64_t k = split_of(size);
  const auto own = index < k ? root_by_inclusion(leaf_hash, index, k, path)
                             : root_by_inclusion(leaf_hash, index - k, size - k, path);
  if (!own.has_value()) {
    return std::nullopt;
  }
  return index < k ? node(*own, sibling) : node(sibling, *own);
}

// The old and the new root that a path leads to, 0 < old_size <= new_size.
inline std::optional<std::pair<Hash, Hash>> roots_by_consistency(std::uint64_t old_size,
                                                                 const Hash& old_root,
                                                                 std::uint64_t new_size, Path path,
                                                                 bool whole = true) {
  if (old_size == new_size) {
    if (path.size() != (whole ? 0U : 1U)) {
      return std::nullopt;
    }
    const Hash common = whole ? old_root : path.front();
    return std::pair(common, common);
  }
  if (path.empty()) {
    return std::nullopt;
  }
  const Hash sibling = path.back();
  path.pop_back();
  const std::uint64_t k = split_of(new_size);
  const bool left = old_size <= k;
  const auto own = left ? roots_by_consistency(old_size, old_root, k, path, whole)
                        : roots_by_consistency(old_size - k, old_root, new_size - k, path, false);
  if (!own.has_value()) {
    return std::nullopt;
  }
  return left ? std::pair(own->first, node(own->second, sibling))
              : std::pair(node(sibling, own->first), node(sibling, own->second));
}

inline Entries make_entries(std::uint64_t count) {
  Entries entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back("entry " + std::to_string(i));
  }
  return entries;
}

}  // namespace chancery::ledger::reference
