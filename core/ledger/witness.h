// What a witness does with a checkpoint: add-checkpoint of c2sp.org/tlog-witness, its request, its
// judgement and its response.
//
//   request    old <size, decimal>\n  base64(hash)\n, 0 to 63 times  \n  the checkpoint, signed
//   response   200 and lines of cosignatures; 409 and <size>\n; or another status and a reason
//
// The hashes prove that the tree of the checkpoint begins with the tree of the old size
// (proof.h). A witness cosigns what has grown from the tree that it cosigned last, and nothing
// else.
//
// Who calls keeps the tree: it stores `next` where it still has what it gave as `last`, in one step
// and for good, before the response leaves. Else two requests at a time may roll it back.
//
// Stricter than the specification: decimals and base64 have one spelling. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/note.h"

namespace chancery::ledger {

inline constexpr std::size_t kAddCheckpointHashesMax = 63;
inline constexpr std::size_t kAddCheckpointBytesMax = 96U << 10U;

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<Hash> proof;
  std::string checkpoint;  // A signed note.

  [[nodiscard]] bool operator==(const AddCheckpoint&) const = default;
};

[[nodiscard]] std::string format_add_checkpoint(const AddCheckpoint& request);
// kBadCheckpoint. The checkpoint itself is not looked at.
[[nodiscard]] Result<AddCheckpoint> parse_add_checkpoint(std::string_view text);

// As HTTP has them.
enum class WitnessStatus : std::uint16_t {
  kOk = 200,
  kMalformed = 400,      // Also an old size above the checkpoint's.
  kNotSigned = 403,      // By no key of the log.
  kUnknownOrigin = 404,  // Or no log of this witness.
  kOtherSize = 409,      // The old size is not the one that was cosigned last.
  kNotConsistent = 422,  // No growth of what was cosigned last: of the same size, a fork.
};

// What a witness cosigned last; before the first, size 0.
struct WitnessedTree {
  std::uint64_t size = 0;
  Hash root{};  // Of no meaning for size 0.

  [[nodiscard]] bool operator==(const WitnessedTree&) const = default;
};

struct WitnessVerdict {
  WitnessStatus status = WitnessStatus::kMalformed;
  // Of the response, where it is not kOk.
  std::string text;
  // Where one of the log's keys signed it: also what is refused after that, as it may be evidence.
  std::optional<SignedCheckpoint> checkpoint;

  [[nodiscard]] bool is_ok() const { return status == WitnessStatus::kOk; }
  // What was cosigned last, from now on. Only where it is ok.
  [[nodiscard]] WitnessedTree next() const;
};

// In the order of the specification. `log_keys` are those of the log whose origin is `origin`.
[[nodiscard]] WitnessVerdict judge_add_checkpoint(std::string_view request, std::string_view origin,
                                                  std::span<const NoteKey> log_keys,
                                                  const WitnessedTree& last);

}  // namespace chancery::ledger
