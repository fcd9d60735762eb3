#include "core/ledger/note.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/crypto/signer.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/lines.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kLineStart = "\xe2\x80\x94 ";  // U+2014 and a space.
constexpr std::size_t kKeyHashBytes = 4;

// The characters beyond ASCII that Unicode calls spaces, in UTF-8.
constexpr std::array<std::string_view, 19> kSpaces = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

std::unexpected<Error> bad_note(std::string detail) {
  return fail(ErrorCode::kBadCheckpoint, std::move(detail));
}

std::string key_hash_bytes(std::uint32_t key_hash) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>(key_hash >> shift);
  }
  return bytes;
}

std::uint32_t key_hash_from(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : as_bytes(bytes.substr(0, kKeyHashBytes))) {
    value = (value << 8U) | byte;
  }
  return value;
}

std::string format_line(const NoteSignature& line) {
  return std::string(kLineStart) + line.name + " " +
         base64(as_bytes(key_hash_bytes(line.key_hash) + line.signature)) + "\n";
}

// Without its \n.
Result<NoteSignature> parse_line(std::string_view line) {
  if (!line.starts_with(kLineStart)) {
    return bad_note("a signature line does not begin with a dash and a space");
  }
  line.remove_prefix(kLineStart.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) {
    return bad_note("a signature line without a key name");
  }
  const Result<std::string> payload = from_base64(line.substr(space + 1));
  if (!payload.has_value() || payload->size() <= kKeyHashBytes) {
    return bad_note("a signature line without a signature");
  }
  return NoteSignature{.name = std::string(line.substr(0, space)),
                       .key_hash = key_hash_from(*payload),
                       .signature = payload->substr(kKeyHashBytes)};
}

Result<void> verify_line(const Note& note, const NoteSignature& line, const NoteKey& key) {
  if (key.type == kNoteCosignature) {
    CHANCERY_TRY_VOID(verify_cosignature(key, note.text, line));
    return {};
  }
  if (key.type != kNoteEd25519 ||
      !crypto::verify(key.key, as_bytes(note.text), as_bytes(line.signature)).has_value()) {
    return bad_note("the signature of " + key.name + " does not verify");
  }
  return {};
}

}  // namespace

bool is_key_name(std::string_view name) {
  const bool plain = std::ranges::all_of(
      as_bytes(name), [](std::uint8_t byte) { return byte > 0x20U && byte != '+'; });
  const bool spaced = std::ranges::any_of(
      kSpaces, [&](std::string_view space) { return name.find(space) != std::string_view::npos; });
  return !name.empty() && plain && !spaced && is_utf8(name);
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax) {
    return bad_note("a note of more than 64 KiB");
  }
  const bool control = std::ranges::any_of(
      as_bytes(bytes), [](std::uint8_t byte) { return byte < 0x20U && byte != '\n'; });
  if (control || !is_utf8(bytes)) {
    return bad_note("a note with control bytes or that is not UTF-8");
  }
  const std::size_t split = bytes.rfind("\n\n");
  if (split == std::string_view::npos || !bytes.ends_with('\n')) {
    return bad_note("a note without an empty line, or that does not end its last");
  }
  std::string_view lines = bytes.substr(split + 2);
  const auto count = static_cast<std::size_t>(std::ranges::count(lines, '\n'));
  if (count == 0 || count > kNoteSignaturesMax) {
    return bad_note("a note with " + std::to_string(count) + " signature lines");
  }
  Note note{.text = std::string(bytes.substr(0, split + 1)), .signatures = {}};
  note.signatures.reserve(count);
  while (const std::optional<std::string_view> line = take_line(lines)) {
    CHANCERY_TRY(NoteSignature signature, parse_line(*line));
    note.signatures.push_back(std::move(signature));
  }
  return note;
}

std::string format_note(const Note& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& line : note.signatures) {
    text += format_line(line);
  }
  return text;
}

Result<NoteKey> NoteKey::parse(std::string_view vkey) {
  // At the first two plus signs only: base64 has them too.
  const std::size_t first = vkey.find('+');
  const std::size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos || !is_key_name(vkey.substr(0, first))) {
    return bad_note("a verifier key is <name>+<key hash>+<base64>");
  }
  const Result<std::string> bytes = from_base64(vkey.substr(second + 1));
  if (!bytes.has_value() || bytes->size() != 1 + crypto::kKeyBytes) {
    return bad_note("a verifier key without the key");
  }
  const auto type = static_cast<std::uint8_t>(bytes->front());
  if (type != kNoteEd25519 && type != kNoteCosignature) {
    return bad_note("a verifier key of the unknown type " + std::to_string(type));
  }
  CHANCERY_TRY(crypto::PublicKey key, crypto::PublicKey::from_raw(crypto::Algorithm::kEd25519,
                                                                  as_bytes(*bytes).subspan(1)));
  NoteKey made{.name = std::string(vkey.substr(0, first)), .type = type, .key = std::move(key)};
  if (vkey != made.format()) {
    return bad_note("a verifier key whose hash is not its own");
  }
  return made;
}

std::string NoteKey::format() const {
  std::string bytes(1, static_cast<char>(type));
  bytes += as_view(key.raw());
  return name + "+" + hex(as_bytes(key_hash_bytes(key_hash()))) + "+" + base64(as_bytes(bytes));
}

std::uint32_t NoteKey::key_hash() const {
  const std::array<std::uint8_t, 2> separator = {'\n', type};
  const Hash hash = crypto::sha256({as_bytes(name), separator, key.raw()});
  return key_hash_from(as_view(hash));
}

bool NoteKey::named_by(const NoteSignature& line) const {
  return line.name == name && line.key_hash == key_hash();
}

std::string note_signature_line(const NoteKey& key, Bytes signature) {
  return format_line(note_signature(key, signature));
}

NoteSignature note_signature(const NoteKey& key, Bytes signature) {
  return {.name = key.name, .key_hash = key.key_hash(), .signature = to_string(signature)};
}

Result<void> verify_note(const Note& note, std::span<const NoteKey> keys) {
  bool any_known = false;
  for (const NoteSignature& line : note.signatures) {
    for (const NoteKey& key : keys) {
      if (key.named_by(line)) {
        CHANCERY_TRY_VOID(verify_line(note, line, key));
        any_known = true;
      }
    }
  }
  if (!any_known) {
    return bad_note("no known key signed the note");
  }
  return {};
}

}  // namespace chancery::ledger
