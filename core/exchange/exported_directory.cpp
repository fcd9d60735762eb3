#include "core/exchange/exported_directory.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/leaf.h"

namespace chancery::exchange {
namespace {

constexpr std::size_t kIndexBytes = 8;
constexpr std::size_t kEntryLengthBytes = 4;
constexpr std::size_t kTimeAt = 1;  // In a leaf.
constexpr std::size_t kDirectoryAt = 9;
constexpr std::size_t kEntryAt = 41;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : as_bytes(bytes)) {
    value = (value << 8U) | byte;
  }
  return value;
}

// Of this key; the newest where there are several, as a witness may sign again.
const ledger::NoteSignature* line_of(const ledger::Note& note, const ledger::NoteKey& key) {
  const ledger::NoteSignature* best = nullptr;
  for (const ledger::NoteSignature& line : note.signatures) {
    if (key.named_by(line) && (best == nullptr || line.signature > best->signature)) {
      best = &line;
    }
  }
  return best;
}

}  // namespace

std::string format_directory(const std::vector<ExportedEntry>& entries) {
  std::string bytes;
  for (const ExportedEntry& entry : entries) {
    bytes += as_view(u64_be(entry.index));
    bytes += as_view(u64_be(entry.envelope.size())).substr(kEntryLengthBytes);
    bytes += entry.envelope;
  }
  return bytes;
}

Result<std::vector<ExportedEntry>> parse_directory(std::string_view bytes) {
  if (bytes.size() > kExportedDirectoryBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a directory of more than 16 MiB");
  }
  std::vector<ExportedEntry> entries;
  while (!bytes.empty()) {
    if (bytes.size() < kIndexBytes + kEntryLengthBytes) {
      return fail(ErrorCode::kMalformed, "a directory that ends before an entry begins");
    }
    const std::uint64_t index = big_endian(bytes.substr(0, kIndexBytes));
    const std::uint64_t length = big_endian(bytes.substr(kIndexBytes, kEntryLengthBytes));
    bytes.remove_prefix(kIndexBytes + kEntryLengthBytes);
    if (length > bytes.size()) {
      return fail(ErrorCode::kMalformed, "a directory that ends in an entry");
    }
    if (!entries.empty() && entries.back().index >= index) {
      return fail(ErrorCode::kMalformed, "the indices of a directory's entries rise");
    }
    if (entries.size() == kExportedDirectoryEntriesMax) {
      return fail(ErrorCode::kLimitExceeded, "a directory of more than 65536 entries");
    }
    entries.push_back({.index = index, .envelope = std::string(bytes.substr(0, length))});
    bytes.remove_prefix(length);
  }
  return entries;
}

bool is_directory_leaf(std::string_view leaf) {
  return !leaf.empty() && static_cast<std::uint8_t>(leaf[0]) ==
                              static_cast<std::uint8_t>(ledger::LeafType::kDirectory);
}

Result<void> LeafFold::check_time(std::string_view leaf) {
  if (leaf.size() != ledger::kLeafBytes) {
    return fail(ErrorCode::kMalformed, "an entry of " + std::to_string(leaf.size()) + " bytes at " +
                                           std::to_string(size_) + "; a leaf has 73");
  }
  const std::uint64_t accepted_at_ms = big_endian(leaf.substr(kTimeAt, kDirectoryAt - kTimeAt));
  if (accepted_at_ms > kUnixMsMax) {
    return fail(ErrorCode::kMalformed, "accepted_at is out of range at " + std::to_string(size_));
  }
  if (accepted_at_ms < accepted_at_ms_) {
    return fail(ErrorCode::kMalformed, "accepted_at runs backwards at " + std::to_string(size_));
  }
  accepted_at_ms_ = accepted_at_ms;
  return {};
}

Result<void> LeafFold::resume(const std::vector<ExportedEntry>& entries, std::uint64_t size) {
  for (const ExportedEntry& entry : entries) {
    CHANCERY_TRY(const Envelope envelope, parse_envelope(entry.envelope, directory_.genesis()));
    CHANCERY_TRY_VOID(directory_.apply(envelope, cache_));
  }
  root_ = directory_.founded() ? to_string(directory_.root()) : "";
  size_ = size;
  return {};
}

Result<void> LeafFold::directory_leaf(std::string_view leaf, std::string_view envelope) {
  CHANCERY_TRY_VOID(check_time(leaf));
  CHANCERY_TRY(const Envelope entry, parse_envelope(envelope, directory_.genesis()));
  if (leaf.substr(kEntryAt) != as_view(entry.entry)) {
    return fail(ErrorCode::kLeafMismatch,
                "the directory entry at " + std::to_string(size_) + " does not hash to its leaf");
  }
  CHANCERY_TRY_VOID(directory_.apply(entry, cache_));
  root_ = to_string(directory_.root());
  if (leaf.substr(kDirectoryAt, kEntryAt - kDirectoryAt) != root_) {
    return fail(ErrorCode::kDirectoryMismatch,
                "the leaf at " + std::to_string(size_) + " names another directory");
  }
  ++size_;
  return {};
}

Result<void> LeafFold::notice_leaf(std::string_view leaf) {
  CHANCERY_TRY_VOID(check_time(leaf));
  if (static_cast<std::uint8_t>(leaf[0]) != static_cast<std::uint8_t>(ledger::LeafType::kNotice)) {
    return fail(ErrorCode::kMalformed, "a leaf of an unknown type at " + std::to_string(size_));
  }
  if (leaf.substr(kDirectoryAt, kEntryAt - kDirectoryAt) != root_) {
    return fail(ErrorCode::kDirectoryMismatch,
                "the leaf at " + std::to_string(size_) + " names another directory");
  }
  ++size_;
  return {};
}

Result<ledger::WitnessPolicy> policy_of(const Directory& directory) {
  const WitnessSet witnesses = witnesses_of(directory);
  const std::vector<ledger::NoteKey> newest = {directory.log_keys().back()};
  const bool possible = witnesses.quorum <= witnesses.keys.size();
  return ledger::WitnessPolicy::any_of(newest, witnesses.keys, possible ? witnesses.quorum : 0);
}

Result<ExportedCheckpoint> open_exported(std::string_view note,
                                         const ledger::WitnessPolicy& policy) {
  CHANCERY_TRY(const ledger::SignedCheckpoint opened,
               ledger::open_checkpoint(note, policy.log_keys()));
  CHANCERY_TRY(const std::string form, exported_form(note, policy));
  if (form != note) {
    return fail(ErrorCode::kBadCheckpoint,
                "it has other lines than one of the log and one of each witness, in their order");
  }
  CHANCERY_TRY(std::vector<ledger::Cosignature> cosignatures,
               ledger::verify_cosignatures(opened.note, policy.witness_keys()));
  const bool at_quorum = policy.has_quorum(cosignatures);
  return ExportedCheckpoint{.checkpoint = opened.checkpoint,
                            .cosignatures = std::move(cosignatures),
                            .quorum_needed = !policy.has_quorum({}),
                            .at_quorum = at_quorum};
}

Result<std::string> exported_form(std::string_view note, const ledger::WitnessPolicy& policy) {
  CHANCERY_TRY(const ledger::Note parsed, ledger::parse_note(note));
  ledger::Note form{.text = parsed.text, .signatures = {}};
  const auto take = [&](const ledger::NoteKey& key) {
    if (const ledger::NoteSignature* const line = line_of(parsed, key); line != nullptr) {
      form.signatures.push_back(*line);
    }
  };
  std::ranges::for_each(policy.log_keys(), take);
  std::ranges::for_each(policy.witness_keys(), take);
  return ledger::format_note(form);
}

}  // namespace chancery::exchange
