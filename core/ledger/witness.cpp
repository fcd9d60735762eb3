#include "core/ledger/witness.h"

#include <utility>

#include "core/base/encoding.h"
#include "core/ledger/lines.h"
#include "core/ledger/proof.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kOld = "old ";

std::unexpected<Error> malformed(std::string detail) {
  return fail(ErrorCode::kBadCheckpoint, std::move(detail));
}

WitnessVerdict refuse(WitnessStatus status, const std::string& text) {
  return {.status = status, .text = text + "\n", .checkpoint = std::nullopt};
}

}  // namespace

std::string format_add_checkpoint(const AddCheckpoint& request) {
  std::string text = std::string(kOld) + std::to_string(request.old_size) + "\n";
  for (const Hash& hash : request.proof) {
    text += base64(hash) + "\n";
  }
  return text + "\n" + request.checkpoint;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view text) {
  if (text.size() > kAddCheckpointBytesMax) {
    return malformed("a request of " + std::to_string(text.size()) + " bytes, at most " +
                     std::to_string(kAddCheckpointBytesMax));
  }
  const std::optional<std::string_view> old = take_line(text);
  if (!old.has_value() || !old->starts_with(kOld)) {
    return malformed("a request begins with a line of the old size");
  }
  const Result<std::uint64_t> old_size = from_decimal(old->substr(kOld.size()));
  if (!old_size.has_value()) {
    return malformed("the old size: " + old_size.error().detail);
  }
  AddCheckpoint request{.old_size = *old_size, .proof = {}, .checkpoint = {}};
  while (true) {
    const std::optional<std::string_view> line = take_line(text);
    if (!line.has_value()) {
      return malformed("a request without an empty line before its checkpoint");
    }
    if (line->empty()) {
      break;
    }
    const std::optional<Hash> hash = hash_in(*line);
    if (!hash.has_value()) {
      return malformed("a hash of the proof is not 32 bytes in base64");
    }
    if (request.proof.size() == kAddCheckpointHashesMax) {
      return malformed("a proof of more than " + std::to_string(kAddCheckpointHashesMax) +
                       " hashes");
    }
    request.proof.push_back(*hash);
  }
  request.checkpoint = text;
  return request;
}

WitnessedTree WitnessVerdict::next() const {
  return checkpoint.has_value() ? WitnessedTree{.size = checkpoint->checkpoint.size,
                                                .root = checkpoint->checkpoint.root}
                                : WitnessedTree{};
}

WitnessVerdict judge_add_checkpoint(std::string_view request, std::string_view origin,
                                    std::span<const NoteKey> log_keys, const WitnessedTree& last) {
  const Result<AddCheckpoint> asked = parse_add_checkpoint(request);
  if (!asked.has_value()) {
    return refuse(WitnessStatus::kMalformed, asked.error().detail);
  }
  Result<Note> note = parse_note(asked->checkpoint);
  if (!note.has_value()) {
    return refuse(WitnessStatus::kMalformed, note.error().detail);
  }
  Result<Checkpoint> claimed = read_checkpoint_body(note->text);
  if (!claimed.has_value()) {
    return refuse(WitnessStatus::kMalformed, claimed.error().detail);
  }
  if (claimed->origin != origin) {
    return refuse(WitnessStatus::kUnknownOrigin, "no log of this witness");
  }
  if (const Result<void> by_log = verify_signed_by_log(*note, origin, log_keys);
      !by_log.has_value()) {
    return refuse(WitnessStatus::kNotSigned, by_log.error().detail);
  }
  const auto signed_but = [&](WitnessStatus status, const std::string& text) {
    WitnessVerdict verdict = refuse(status, text);
    verdict.checkpoint = {.checkpoint = *std::move(claimed), .note = *std::move(note)};
    return verdict;
  };
  const Checkpoint& checkpoint = *claimed;
  if (asked->old_size > checkpoint.size) {
    return signed_but(WitnessStatus::kMalformed, "the old size is above the checkpoint's");
  }
  if (asked->old_size != last.size) {
    return signed_but(WitnessStatus::kOtherSize, std::to_string(last.size));
  }
  const Hash old_root = last.size == 0 ? tree_root({}) : last.root;
  if (const Result<void> grown =
          verify_consistency(last.size, old_root, checkpoint.size, checkpoint.root, asked->proof);
      !grown.has_value()) {
    return signed_but(WitnessStatus::kNotConsistent, grown.error().detail);
  }
  WitnessVerdict verdict = signed_but(WitnessStatus::kOk, {});
  verdict.text.clear();
  return verdict;
}

}  // namespace chancery::ledger
