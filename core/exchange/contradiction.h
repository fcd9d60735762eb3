// A contradiction: two checkpoints of one log of which neither extends the other, as a file that
// proves it to whoever knows the log's key or the exchange's genesis, and has nothing else.
//
//   chancery.contradiction@v1
//   directory <base64>              of each side: its directory entries (exported_directory.h)
//   directory <base64>
//   root <base64>                   where sizes differ: what the larger tree has at the smaller
//   size path <base64>                   …       and that it has: an RFC 9162 consistency proof
//   checkpoint <bytes>              the note of the smaller tree follows, then that of the larger
//   checkpoint <bytes>
//
// One spelling. A log that signs the one and the other has shown two histories, whatever it says.
// docs/reference/exports.md. Failures are kMalformed, kLimitExceeded, kBadCheckpoint,
// kWrongGenesis, kUnknownKey, those of directory.h, and kRootMismatch where there is no
// contradiction. Pure.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/note.h"

namespace chancery::exchange {

inline constexpr std::size_t kContradictionBytesMax = 64U << 20U;

struct SignedSide {
  std::string directory;  // As in the file of an export.
  std::string note;
};

struct Contradiction {
  SignedSide smaller;
  SignedSide larger;
  std::optional<Hash> root{};  // Of the larger tree's beginning.
  std::vector<Hash> path{};

  [[nodiscard]] static Result<Contradiction> parse(std::string_view bytes);
  [[nodiscard]] std::string format() const;
};

// Who signs a log: the keys that a directory ever gave it, and of which exchange it is.
struct LogIdentity {
  Hash genesis{};
  std::vector<ledger::NoteKey> keys;
};
// Of a file of an export, folded.
[[nodiscard]] Result<LogIdentity> identity_of(std::string_view directory);

struct ProvenContradiction {
  LogIdentity log;  // By the word of the file where no genesis is given.
  ledger::Checkpoint smaller;
  ledger::Checkpoint larger;
};
// That it is one, of the log of this genesis or key as far as they are given.
[[nodiscard]] Result<ProvenContradiction> verify_contradiction(
    const Contradiction& contradiction, const std::optional<Hash>& genesis,
    const std::optional<ledger::NoteKey>& log_key);

}  // namespace chancery::exchange
