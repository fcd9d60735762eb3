#include "core/ledger/tlog_proof.h"

#include <utility>

#include "core/base/encoding.h"
#include "core/ledger/lines.h"
#include "core/ledger/proof.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtraWord = "extra ";
constexpr std::string_view kIndexWord = "index ";

std::unexpected<Error> bad_proof(std::string detail) {
  return fail(ErrorCode::kMalformed, std::move(detail));
}

Result<std::string_view> next_line(std::string_view& rest) {
  const std::optional<std::string_view> line = take_line(rest);
  if (!line.has_value()) {
    return bad_proof("a proof that ends before its checkpoint");
  }
  return *line;
}

Result<std::string> parse_extra(std::string_view value) {
  CHANCERY_TRY(std::string extra, from_base64(value));
  if (extra.empty()) {
    return bad_proof("a proof whose extra line has nothing");
  }
  if (extra.size() > kTlogProofExtraBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a proof with more than 64 KiB of extra data");
  }
  return extra;
}

}  // namespace

std::string format_tlog_proof(const TlogProof& proof) {
  std::string text = std::string(kFirstLine) + "\n";
  if (!proof.extra.empty()) {
    text += std::string(kExtraWord) + base64(as_bytes(proof.extra)) + "\n";
  }
  text += std::string(kIndexWord) + std::to_string(proof.index) + "\n";
  for (const Hash& hash : proof.path) {
    text += base64(hash) + "\n";
  }
  return text + "\n" + proof.checkpoint;
}

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  if (text.size() > kTlogProofBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a proof of more than 160 KiB");
  }
  TlogProof proof;
  CHANCERY_TRY(std::string_view line, next_line(text));
  if (line != kFirstLine) {
    return bad_proof("a proof begins with " + std::string(kFirstLine));
  }
  CHANCERY_TRY(line, next_line(text));
  if (line.starts_with(kExtraWord)) {
    CHANCERY_TRY(proof.extra, parse_extra(line.substr(kExtraWord.size())));
    CHANCERY_TRY(line, next_line(text));
  }
  if (!line.starts_with(kIndexWord)) {
    return bad_proof("a proof without its index");
  }
  CHANCERY_TRY(proof.index, from_decimal(line.substr(kIndexWord.size())));
  CHANCERY_TRY(line, next_line(text));
  while (!line.empty()) {
    if (proof.path.size() == kTlogProofPathMax) {
      return fail(ErrorCode::kLimitExceeded, "a proof of more than 64 hashes");
    }
    const std::optional<Hash> hash = hash_in(line);
    if (!hash.has_value()) {
      return bad_proof("a line of a proof that is not 32 bytes in base64");
    }
    proof.path.push_back(*hash);
    CHANCERY_TRY(line, next_line(text));
  }
  CHANCERY_TRY_VOID(parse_checkpoint(text));
  proof.checkpoint = text;
  return proof;
}

Result<WitnessedCheckpoint> verify_tlog_proof(const TlogProof& proof, const Hash& leaf,
                                              const WitnessPolicy& policy) {
  CHANCERY_TRY(WitnessedCheckpoint opened, open_checkpoint(proof.checkpoint, policy));
  const Checkpoint& tree = opened.checkpoint.checkpoint;
  CHANCERY_TRY_VOID(verify_inclusion(leaf, proof.index, tree.size, proof.path, tree.root));
  return opened;
}

}  // namespace chancery::ledger
