// Batch signatures: one Ed25519 signature for every envelope that a node signs together.
//
//   message = "chancery/v1 batch\0" || genesis || key_id || tree_size (u64, big-endian)
//             || RFC 6962 root over the Ds signed together
//
// A lone envelope is a batch of one. A verifier follows the path from D to the root (RFC 9162
// section 2.1.3.2), every time, and may then remember that this key signed this root with this
// value. The value belongs to what is remembered: an envelope's log entry covers it, so a root
// accepted with another value would be an entry that others refuse. The entry covers the path, too:
// what is known of a batch saves hashing, and excuses no hash of a path that is another.
// Protocol chapter 4 (C-40 to C-49).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "core/crypto/signer.h"
#include "core/ledger/proof.h"

namespace chancery::exchange {

// As an envelope carries it.
struct Signature {
  struct Batch {
    std::uint64_t leaf_index = 0;
    std::uint64_t tree_size = 0;
    std::vector<Hash> path;
  };

  Hash key_id{};
  std::array<std::uint8_t, crypto::kSignatureBytes> value{};
  std::optional<Batch> batch;  // Without one it is a release, by a person.
};

[[nodiscard]] std::string batch_message(const Hash& genesis, const Hash& key_id,
                                        std::uint64_t tree_size, const Hash& root);
[[nodiscard]] std::string release_message(const Hash& genesis, const Hash& key_id,
                                          const Hash& notice);

// What to sign for some Ds, and how each envelope carries the answer. At most kBatchSizeMax Ds.
class BatchToSign {
 public:
  BatchToSign(const Hash& genesis, const Hash& key_id, std::span<const Hash> ds);

  [[nodiscard]] const std::string& message() const { return message_; }
  // The signature that the envelope at `position` carries, given the signer's answer.
  [[nodiscard]] v1::Signature signature(std::size_t position, const std::string& value) const;

 private:
  Hash key_id_;
  std::string message_;
  ledger::ProvenTree tree_;
};

// Roots that a key was seen to sign, and of the newest of them one path each. Bounded: the oldest
// is forgotten first.
class RootCache {
 public:
  static constexpr std::size_t kPathsMax = 16;  // 1 KB each.

  explicit RootCache(std::size_t count_max = 4096) : count_max_(count_max) {}

  [[nodiscard]] bool contains(std::string_view message, Bytes value) const;
  // A batch_message() with a value that was found good, or that was signed here: what this process
  // made itself, it need not verify.
  void insert(std::string_view message, Bytes value);
  [[nodiscard]] std::size_t size() const { return order_.size(); }

  // Whether the signature's path leads from `leaf` to a root of which one is kept, and the value is
  // of that one.
  [[nodiscard]] bool follows(const Hash& genesis, const Signature& signature, const Hash& leaf);
  // The path of a signature that was found good.
  void keep(const Hash& genesis, const Signature& signature, ledger::FollowedPath path);

 private:
  struct Kept {
    Hash genesis{};
    Hash key_id{};
    std::array<std::uint8_t, crypto::kSignatureBytes> value{};
    ledger::FollowedPath path;
  };

  std::size_t count_max_;
  std::set<Hash> seen_;
  std::deque<Hash> order_;
  std::deque<Kept> kept_;
};

// kBadBatchPath where the path does not lead from D to a root; kBadSignature where the key did not
// sign that root. The caller has found `key` by the signature's key_id. Of batch signatures only.
[[nodiscard]] Result<void> verify_batch_signature(const Hash& genesis, const Hash& d,
                                                  const Signature& signature,
                                                  const crypto::PublicKey& key, RootCache& cache);

}  // namespace chancery::exchange
