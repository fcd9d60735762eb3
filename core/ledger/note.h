// Signed notes: c2sp.org/signed-note, the text form in which checkpoints travel and are kept.
//
//   text, ends in \n
//   (empty line)
//   — <key name> <base64(4-byte key hash || signature)>      one or more
//
// What the text says is not looked at (checkpoint.h). Key types: 0x01 Ed25519 over the text, 0x04
// cosignature/v1 (cosignature.h). All failures are kBadCheckpoint. Stricter than the specification
// asks: base64 has one spelling, and every line of a known key is verified, duplicates too.
//
// Limits: 64 KiB, 100 signature lines. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"

namespace chancery::ledger {

inline constexpr std::size_t kNoteBytesMax = 65'536;
inline constexpr std::size_t kNoteSignaturesMax = 100;

inline constexpr std::uint8_t kNoteEd25519 = 0x01;
inline constexpr std::uint8_t kNoteCosignature = 0x04;

struct NoteSignature {
  std::string name;
  std::uint32_t key_hash = 0;
  std::string signature;  // The bytes after the key hash.

  [[nodiscard]] bool operator==(const NoteSignature&) const = default;
};

struct Note {
  std::string text;
  std::vector<NoteSignature> signatures;

  [[nodiscard]] bool operator==(const Note&) const = default;
};

[[nodiscard]] Result<Note> parse_note(std::string_view bytes);
[[nodiscard]] std::string format_note(const Note& note);

// A key that notes are verified with; its text is the "vkey" <name>+<key hash>+<base64>.
struct NoteKey {
  std::string name;
  std::uint8_t type = kNoteEd25519;
  crypto::PublicKey key;  // Ed25519.

  // kBadCheckpoint, or what is wrong with the key itself (keys.h).
  [[nodiscard]] static Result<NoteKey> parse(std::string_view vkey);
  [[nodiscard]] std::string format() const;
  // The first four bytes of SHA-256(name || \n || type || key).
  [[nodiscard]] std::uint32_t key_hash() const;
  // Whether the line names this key; says nothing about its signature.
  [[nodiscard]] bool named_by(const NoteSignature& line) const;

  [[nodiscard]] bool operator==(const NoteKey&) const = default;
};

// Not empty, no '+', no space of any script, no control byte, UTF-8.
[[nodiscard]] bool is_key_name(std::string_view name);

// The line, \n included, for a signature that `key` made; for cosignatures the time comes first.
[[nodiscard]] std::string note_signature_line(const NoteKey& key, Bytes signature);
[[nodiscard]] NoteSignature note_signature(const NoteKey& key, Bytes signature);

// Lines of unknown keys are passed over; a known key's bad line refuses the whole note; so does the
// lack of any known key.
[[nodiscard]] Result<void> verify_note(const Note& note, std::span<const NoteKey> keys);

}  // namespace chancery::ledger
