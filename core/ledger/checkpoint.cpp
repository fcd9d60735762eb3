#include "core/ledger/checkpoint.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/ledger/lines.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

std::unexpected<Error> bad_checkpoint(std::string detail) {
  return fail(ErrorCode::kBadCheckpoint, std::move(detail));
}

bool is_origin(std::string_view line) {
  return !line.empty() && is_utf8(line) &&
         std::ranges::none_of(as_bytes(line), [](std::uint8_t byte) { return byte < 0x20U; });
}

}  // namespace

std::string checkpoint_body(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         base64(checkpoint.root) + "\n";
}

Result<Checkpoint> parse_checkpoint_body(std::string_view body) {
  CHANCERY_TRY(Checkpoint checkpoint, read_checkpoint_body(body));
  if (checkpoint.size == 0 && checkpoint.root != tree_root({})) {
    return bad_checkpoint("a checkpoint of size 0 whose root is not that of nothing");
  }
  return checkpoint;
}

Result<Checkpoint> parse_checkpoint(std::string_view note_text) {
  CHANCERY_TRY(const Note note, parse_note(note_text));
  return parse_checkpoint_body(note.text);
}

Result<Checkpoint> read_checkpoint_body(std::string_view body) {
  std::array<std::string_view, 3> lines;
  for (std::string_view& line : lines) {
    const std::optional<std::string_view> next = take_line(body);
    if (!next.has_value()) {
      return bad_checkpoint("a checkpoint has three lines");
    }
    line = *next;
  }
  if (!body.empty()) {
    return bad_checkpoint("a checkpoint with extension lines");
  }
  if (!is_origin(lines[0])) {
    return bad_checkpoint("a checkpoint without an origin");
  }
  const Result<std::uint64_t> size = from_decimal(lines[1]);
  if (!size.has_value()) {
    return bad_checkpoint("the size of a checkpoint: " + size.error().detail);
  }
  const std::optional<Hash> root = hash_in(lines[2]);
  if (!root.has_value()) {
    return bad_checkpoint("the root of a checkpoint is not 32 bytes in base64");
  }
  return Checkpoint{.origin = std::string(lines[0]), .size = *size, .root = *root};
}

Result<SignedCheckpoint> open_checkpoint(std::string_view note_text,
                                         std::span<const NoteKey> log_keys) {
  CHANCERY_TRY(Note note, parse_note(note_text));
  CHANCERY_TRY(Checkpoint checkpoint, parse_checkpoint_body(note.text));
  CHANCERY_TRY_VOID(verify_signed_by_log(note, checkpoint.origin, log_keys));
  return SignedCheckpoint{.checkpoint = std::move(checkpoint), .note = std::move(note)};
}

Result<SignedCheckpoint> open_checkpoint(std::string_view note_text, const NoteKey& log_key) {
  return open_checkpoint(note_text, std::span(&log_key, 1));
}

Result<void> verify_signed_by_log(const Note& note, std::string_view origin,
                                  std::span<const NoteKey> log_keys) {
  // A key of another name or type speaks for no log of this origin.
  std::vector<NoteKey> usable;
  std::ranges::copy_if(log_keys, std::back_inserter(usable), [&](const NoteKey& key) {
    return key.type == kNoteEd25519 && key.name == origin;
  });
  return verify_note(note, usable);
}

}  // namespace chancery::ledger
