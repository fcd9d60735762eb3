#include "core/exchange/contradiction.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/exported_directory.h"
#include "core/ledger/proof.h"

namespace chancery::exchange {
namespace {

constexpr std::string_view kFirstLine = "chancery.contradiction@v1\n";
constexpr std::size_t kPathMax = 128;

std::unexpected<Error> bad(std::string detail) {
  return fail(ErrorCode::kMalformed, "a contradiction " + std::move(detail));
}

// What stands behind `word` and a space, where the next line begins so.
std::optional<std::string_view> take(std::string_view& rest, std::string_view word) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || !rest.starts_with(word) || end <= word.size() ||
      rest[word.size()] != ' ') {
    return std::nullopt;
  }
  const std::string_view value = rest.substr(word.size() + 1, end - word.size() - 1);
  rest.remove_prefix(end + 1);
  return value;
}

Result<Hash> hash_in(std::string_view base64) {
  CHANCERY_TRY(const std::string bytes, from_base64(base64));
  return bytes.size() == Hash{}.size() ? Result<Hash>(hash_from(bytes))
                                       : bad("with a hash of another size");
}

Result<std::string> take_directory(std::string_view& rest) {
  const std::optional<std::string_view> line = take(rest, "directory");
  return line.has_value() ? from_base64(*line) : bad("without its directories");
}

Result<std::string> take_note(std::string_view& rest) {
  const std::optional<std::string_view> line = take(rest, "checkpoint");
  if (!line.has_value()) {
    return bad("without two checkpoints");
  }
  CHANCERY_TRY(const std::uint64_t size, from_decimal(*line));
  if (size > rest.size() || size > ledger::kNoteBytesMax) {
    return bad("that ends in a checkpoint");
  }
  std::string note(rest.substr(0, size));
  rest.remove_prefix(size);
  return note;
}

std::string note_lines(const std::string& note) {
  return "checkpoint " + std::to_string(note.size()) + "\n" + note;
}

}  // namespace

Result<Contradiction> Contradiction::parse(std::string_view bytes) {
  if (bytes.size() > kContradictionBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a contradiction of more than 64 MiB");
  }
  if (!bytes.starts_with(kFirstLine)) {
    return bad("begins with another line");
  }
  std::string_view rest = bytes.substr(kFirstLine.size());
  Contradiction read;
  CHANCERY_TRY(read.smaller.directory, take_directory(rest));
  CHANCERY_TRY(read.larger.directory, take_directory(rest));
  if (const std::optional<std::string_view> root = take(rest, "root"); root.has_value()) {
    CHANCERY_TRY(read.root, hash_in(*root));
  }
  while (const std::optional<std::string_view> step = take(rest, "path")) {
    if (read.path.size() == kPathMax) {
      return fail(ErrorCode::kLimitExceeded, "a path of more than 128 hashes");
    }
    CHANCERY_TRY(const Hash hash, hash_in(*step));
    read.path.push_back(hash);
  }
  CHANCERY_TRY(read.smaller.note, take_note(rest));
  CHANCERY_TRY(read.larger.note, take_note(rest));
  return rest.empty() ? Result<Contradiction>(std::move(read)) : bad("with bytes after its end");
}

std::string Contradiction::format() const {
  std::string text(kFirstLine);
  text += "directory " + base64(as_bytes(smaller.directory)) + "\n";
  text += "directory " + base64(as_bytes(larger.directory)) + "\n";
  if (root.has_value()) {
    text += "root " + base64(*root) + "\n";
  }
  for (const Hash& hash : path) {
    text += "path " + base64(hash) + "\n";
  }
  return text + note_lines(smaller.note) + note_lines(larger.note);
}

Result<LogIdentity> identity_of(std::string_view directory) {
  CHANCERY_TRY(const std::vector<ExportedEntry> entries, parse_directory(directory));
  if (entries.empty()) {
    return fail(ErrorCode::kMalformed, "a directory without entries");
  }
  LogIdentity identity;
  CHANCERY_TRY(identity.genesis, genesis_of(entries.front().envelope));
  LeafFold fold(identity.genesis);
  CHANCERY_TRY_VOID(fold.resume(entries, 0));
  identity.keys = fold.directory().log_keys();
  return identity;
}

Result<ProvenContradiction> verify_contradiction(const Contradiction& contradiction,
                                                 const std::optional<Hash>& genesis,
                                                 const std::optional<ledger::NoteKey>& log_key) {
  CHANCERY_TRY(LogIdentity smaller, identity_of(contradiction.smaller.directory));
  CHANCERY_TRY(const LogIdentity larger, identity_of(contradiction.larger.directory));
  if (smaller.genesis != larger.genesis || smaller.genesis != genesis.value_or(smaller.genesis)) {
    return fail(ErrorCode::kWrongGenesis,
                "its directories are of " + hex(smaller.genesis) + " and " + hex(larger.genesis));
  }
  const std::vector<ledger::NoteKey> given{log_key.value_or(smaller.keys.front())};
  CHANCERY_TRY(const ledger::SignedCheckpoint one,
               ledger::open_checkpoint(contradiction.smaller.note,
                                       log_key.has_value() ? given : smaller.keys));
  CHANCERY_TRY(const ledger::SignedCheckpoint two,
               ledger::open_checkpoint(contradiction.larger.note,
                                       log_key.has_value() ? given : larger.keys));
  const ledger::Checkpoint& first = one.checkpoint;
  const ledger::Checkpoint& second = two.checkpoint;
  if (first.origin != second.origin || first.size > second.size) {
    return bad("of two logs, or with the larger tree first");
  }
  const bool same_size = first.size == second.size;
  if (contradiction.root.has_value() == same_size || (same_size && !contradiction.path.empty())) {
    return bad("with a path where none is needed, or without one");
  }
  const Hash there = contradiction.root.value_or(second.root);
  if (!same_size) {
    CHANCERY_TRY_VOID(ledger::verify_consistency(first.size, there, second.size, second.root,
                                                 contradiction.path));
  }
  if (there == first.root) {
    return fail(ErrorCode::kRootMismatch, "the larger tree begins with the smaller one");
  }
  return ProvenContradiction{.log = std::move(smaller), .smaller = first, .larger = second};
}

}  // namespace chancery::exchange
