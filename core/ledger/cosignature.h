// Cosignatures: c2sp.org/tlog-cosignature, cosignature/v1, what a witness says about a checkpoint:
// at that time this was the largest consistent tree that it had seen for this origin.
//
//   signed    cosignature/v1\ntime <seconds, decimal>\n<checkpoint body>
//   payload   time (8, seconds, big-endian) || Ed25519 signature (64)
//
// The message does not name the witness, so a key belongs to one witness only. Whether a quorum
// signed is for the directory to say. All failures are kBadCheckpoint. Pure, no clock: the caller
// judges times.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/note.h"

namespace chancery::ledger {

inline constexpr std::uint64_t kCosignatureTimeMax = (std::uint64_t{1} << 63U) - 1;
inline constexpr std::size_t kCosignatureBytes = 72;

// What the witness signs; `checkpoint_body` is the note's whole text.
[[nodiscard]] std::string cosignature_message(std::uint64_t time_s,
                                              std::string_view checkpoint_body);
// What stands in the witness's line after the key hash.
[[nodiscard]] std::string cosignature_payload(std::uint64_t time_s, Bytes signature);
[[nodiscard]] std::string cosignature_line(const NoteKey& witness, std::uint64_t time_s,
                                           Bytes signature);

// The time, if `witness` is named by the line and signed the body at it. Times are 1 .. 2^63-1.
[[nodiscard]] Result<std::uint64_t> verify_cosignature(const NoteKey& witness,
                                                       std::string_view checkpoint_body,
                                                       const NoteSignature& line);

struct Cosignature {
  std::size_t witness = 0;  // Index into the keys given.
  std::uint64_t time_s = 0;

  [[nodiscard]] bool operator==(const Cosignature&) const = default;
};

// One per witness that signed, in the order of the keys, with its newest time; possibly none. A bad
// line of a known witness refuses the whole note.
[[nodiscard]] Result<std::vector<Cosignature>> verify_cosignatures(
    const Note& note, std::span<const NoteKey> witnesses);

}  // namespace chancery::ledger
