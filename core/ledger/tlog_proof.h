// Proofs of logging: c2sp.org/tlog-proof@v1, one text with which an outsider sees offline that a
// leaf is in a log and that witnesses saw it there. Files of it end in .tlog-proof.
//
//   c2sp.org/tlog-proof@v1
//   extra <base64>              only if there is any
//   index <decimal>
//   <base64(hash)>              none or more, the leaf's sibling first
//   (empty line)
//   <the checkpoint with its cosignatures, verbatim>
//
// The leaf is not in it, and nobody signed `extra` and `index`. One spelling per proof: base64 and
// decimals are strict, nothing stands twice or elsewhere. What does not parse is kMalformed,
// kLimitExceeded, or of its checkpoint kBadCheckpoint.
//
// Limits: 64 KiB of extra, 64 hashes, a note's 64 KiB. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/witness_policy.h"

namespace chancery::ledger {

inline constexpr std::size_t kTlogProofExtraBytesMax = 64U << 10U;
inline constexpr std::size_t kTlogProofPathMax = 64;  // A tree of 2^64 leaves is no higher.
inline constexpr std::size_t kTlogProofBytesMax = 160U << 10U;

struct TlogProof {
  std::string extra;  // The bytes; empty where the line is not there.
  std::uint64_t index = 0;
  std::vector<Hash> path;
  std::string checkpoint;  // A signed note.

  [[nodiscard]] bool operator==(const TlogProof&) const = default;
};

[[nodiscard]] std::string format_tlog_proof(const TlogProof& proof);
// Well-formed, its checkpoint too; nothing of it is verified.
[[nodiscard]] Result<TlogProof> parse_tlog_proof(std::string_view text);

// That a log of the policy has this leaf at the proof's index, in a checkpoint that a quorum of its
// witnesses signed: kBadCheckpoint, kSignatureMissing (open_checkpoint() of witness_policy.h), or
// kBadBatchPath (proof.h).
[[nodiscard]] Result<WitnessedCheckpoint> verify_tlog_proof(const TlogProof& proof,
                                                            const Hash& leaf,
                                                            const WitnessPolicy& policy);

}  // namespace chancery::ledger
