// Proofs of inclusion and of consistency, as a batch signature or a witness's peer sends them.
// First byte: 0 and 1 take sizes and hashes as they are; 2 and 3 spoil a proof that was made here,
// by so many edits of three bytes, in a tree of at most 64 leaves.
//
// Holds: a path leads to a root only where it has as many hashes as the tree is high there; of the
// spoilt ones, to the right root only where the edits left it as it was, also where the path of
// another leaf was followed before.

#include "core/ledger/proof.h"

#include <bit>

#include "core/ledger/tree.h"
#include "tests/fuzz/input.h"

using chancery::Hash;
namespace ledger = chancery::ledger;

namespace {

constexpr std::size_t kLeavesMax = 64;
constexpr std::size_t kPathMax = 64;  // A tree of 2^64 leaves is no higher.

std::vector<Hash> leaves(std::size_t count) {
  std::vector<Hash> hashes;
  hashes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    hashes.push_back(ledger::leaf_hash(chancery::u64_be(i)));
  }
  return hashes;
}

std::vector<Hash> hashes_of(chancery::fuzz::Input& input) {
  std::vector<Hash> path;
  while (!input.empty() && path.size() < 2 * kPathMax) {
    path.push_back(input.hash());
  }
  return path;
}

// How many siblings a leaf has on its way up: to where it meets the way of the last leaf, and then
// one for each height at which it is a right child.
std::size_t height_of(std::uint64_t index, std::uint64_t size) {
  const auto alone = static_cast<std::size_t>(std::bit_width(index ^ (size - 1)));
  const std::uint64_t shared = alone == 64 ? 0 : index >> alone;
  return alone + static_cast<std::size_t>(std::popcount(shared));
}

void raw_inclusion(chancery::fuzz::Input& input) {
  const std::uint64_t index = input.number();
  const std::uint64_t size = input.number();
  const Hash leaf = input.hash();
  const std::vector<Hash> path = hashes_of(input);
  const auto root = ledger::root_from_inclusion(leaf, index, size, path);
  if (root.has_value()) {
    CHANCERY_CHECK(index < size && path.size() == height_of(index, size));
    CHANCERY_CHECK(ledger::verify_inclusion(leaf, index, size, path, *root).has_value());
  }
}

void raw_consistency(chancery::fuzz::Input& input) {
  const std::uint64_t old_size = input.number();
  const std::uint64_t new_size = input.number();
  const Hash old_root = input.hash();
  const Hash new_root = input.hash();
  const std::vector<Hash> path = hashes_of(input);
  if (ledger::verify_consistency(old_size, old_root, new_size, new_root, path).has_value()) {
    CHANCERY_CHECK(old_size <= new_size && path.size() <= kPathMax + 1);
  }
}

// Each edit alters a byte, drops a hash or repeats one.
std::vector<Hash> spoilt(std::vector<Hash> path, chancery::fuzz::Input& input) {
  while (!input.empty()) {
    const std::size_t what = input.choice(3);
    const std::size_t where = input.byte();
    const std::uint8_t change = input.byte();
    if (path.empty()) {
      path.emplace_back();
      continue;
    }
    const auto at = path.begin() + static_cast<std::ptrdiff_t>(where % path.size());
    if (what == 0) {
      (*at)[change % at->size()] ^= static_cast<std::uint8_t>(change | 1U);
    } else if (what == 1) {
      path.erase(at);
    } else if (path.size() < kPathMax) {
      path.insert(at, *at);
    }
  }
  return path;
}

void spoilt_inclusion(chancery::fuzz::Input& input) {
  const std::vector<Hash> all = leaves(1 + input.choice(kLeavesMax));
  const std::uint64_t index = input.choice(all.size());
  const std::vector<Hash> honest = ledger::inclusion_proof(all, index);
  const std::vector<Hash> path = spoilt(honest, input);
  const auto verified =
      ledger::verify_inclusion(all[index], index, all.size(), path, ledger::tree_root(all));
  CHANCERY_CHECK(verified.has_value() == (path == honest));
  // A signature may stand under any root, so the length is all that binds the path to the tree.
  CHANCERY_CHECK(ledger::root_from_inclusion(all[index], index, all.size(), path).has_value() ==
                 (path.size() == honest.size()));
  // Whatever path was followed before it.
  for (const std::uint64_t known : {std::uint64_t{0}, index / 2, all.size() - 1}) {
    auto followed = ledger::FollowedPath::follow(all[known], known, all.size(),
                                                 ledger::inclusion_proof(all, known));
    CHANCERY_CHECK(followed.has_value() &&
                   followed->follow(all[index], index, path) == (path == honest));
  }
}

void spoilt_consistency(chancery::fuzz::Input& input) {
  const std::vector<Hash> all = leaves(1 + input.choice(kLeavesMax));
  const std::size_t old_size = input.choice(all.size() + 1);
  const std::vector<Hash> honest = ledger::consistency_proof(all, old_size);
  const std::vector<Hash> path = spoilt(honest, input);
  const auto verified =
      ledger::verify_consistency(old_size, ledger::tree_root(std::span(all).first(old_size)),
                                 all.size(), ledger::tree_root(all), path);
  CHANCERY_CHECK(verified.has_value() == (path == honest));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      raw_inclusion(input);
      break;
    case 1:
      raw_consistency(input);
      break;
    case 2:
      spoilt_inclusion(input);
      break;
    default:
      spoilt_consistency(input);
  }
  return 0;
}
