// Checkpoints: c2sp.org/tlog-checkpoint, what a log says about itself, as a signed note.
//
//   <origin>\n<size, decimal>\n<base64(root)>\n          no extension lines
//
// Extension lines are refused: cosigners disagree on whether they are signed. That two checkpoints
// agree is for proof.h to show. All failures are kBadCheckpoint. Pure.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/note.h"

namespace chancery::ledger {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};

  [[nodiscard]] bool operator==(const Checkpoint&) const = default;
};

// The text that the log signs.
[[nodiscard]] std::string checkpoint_body(const Checkpoint& checkpoint);
[[nodiscard]] Result<Checkpoint> parse_checkpoint_body(std::string_view body);
// What a note of it says, of which no line is verified.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view note_text);
// The same, whatever root a tree of size 0 has: a witness refuses that later (witness.h).
[[nodiscard]] Result<Checkpoint> read_checkpoint_body(std::string_view body);

struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;  // With all its lines, the cosignatures too.
};

// Verified: at least one of the log's keys signed, each of its lines is good, and its name is the
// origin. Keys that are not type 0x01 do not count. Cosignatures are for cosignature.h.
[[nodiscard]] Result<SignedCheckpoint> open_checkpoint(std::string_view note_text,
                                                       std::span<const NoteKey> log_keys);
[[nodiscard]] Result<SignedCheckpoint> open_checkpoint(std::string_view note_text,
                                                       const NoteKey& log_key);
// That alone, of the signatures.
[[nodiscard]] Result<void> verify_signed_by_log(const Note& note, std::string_view origin,
                                                std::span<const NoteKey> log_keys);

}  // namespace chancery::ledger
