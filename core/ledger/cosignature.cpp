#include "core/ledger/cosignature.h"

#include <algorithm>

#include "core/crypto/signer.h"

namespace chancery::ledger {
namespace {

constexpr std::size_t kTimeBytes = 8;
static_assert(kTimeBytes + crypto::kSignatureBytes == kCosignatureBytes);

}  // namespace

std::string cosignature_message(std::uint64_t time_s, std::string_view checkpoint_body) {
  return "cosignature/v1\ntime " + std::to_string(time_s) + "\n" + std::string(checkpoint_body);
}

std::string cosignature_payload(std::uint64_t time_s, Bytes signature) {
  return to_string(u64_be(time_s)) + to_string(signature);
}

std::string cosignature_line(const NoteKey& witness, std::uint64_t time_s, Bytes signature) {
  return note_signature_line(witness, as_bytes(cosignature_payload(time_s, signature)));
}

Result<std::uint64_t> verify_cosignature(const NoteKey& witness, std::string_view checkpoint_body,
                                         const NoteSignature& line) {
  if (witness.type != kNoteCosignature || !witness.named_by(line)) {
    return fail(ErrorCode::kBadCheckpoint, "not a cosignature of " + witness.name);
  }
  if (line.signature.size() != kCosignatureBytes) {
    return fail(
        ErrorCode::kBadCheckpoint,
        "a cosignature of " + std::to_string(line.signature.size()) + " bytes by " + witness.name);
  }
  const Bytes payload = as_bytes(line.signature);
  const std::uint64_t time_s = u64_from_be(payload.first<kTimeBytes>());
  if (time_s == 0 || time_s > kCosignatureTimeMax) {
    return fail(ErrorCode::kBadCheckpoint, "a cosignature without a time by " + witness.name);
  }
  const std::string message = cosignature_message(time_s, checkpoint_body);
  if (!crypto::verify(witness.key, as_bytes(message), payload.subspan(kTimeBytes)).has_value()) {
    return fail(ErrorCode::kBadCheckpoint,
                "the cosignature of " + witness.name + " does not verify");
  }
  return time_s;
}

Result<std::vector<Cosignature>> verify_cosignatures(const Note& note,
                                                     std::span<const NoteKey> witnesses) {
  std::vector<Cosignature> found;
  for (std::size_t i = 0; i < witnesses.size(); ++i) {
    std::uint64_t newest_s = 0;  // No cosignature has this time.
    for (const NoteSignature& line : note.signatures) {
      if (witnesses[i].named_by(line)) {
        CHANCERY_TRY(const std::uint64_t time_s, verify_cosignature(witnesses[i], note.text, line));
        newest_s = std::max(newest_s, time_s);
      }
    }
    if (newest_s != 0) {
      found.push_back({.witness = i, .time_s = newest_s});
    }
  }
  return found;
}

}  // namespace chancery::ledger
